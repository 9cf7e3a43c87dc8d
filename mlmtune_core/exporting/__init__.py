"""What people take home from a run: its model, a script or notebook that repeats it, its answers, a report.

    answers       Writes a model's answers to all evaluated examples as CSV for a spreadsheet.
    archives      Zips exports; lets pages look into them without importing torch.
    command       The command `export`: writes a run's model, script, notebook, report or answers into a folder.
    model_folder  Writes a trained model as a folder for transformers, or as encoder, head and a script that joins them.
    onnx_graph    Writes encoder and head as one ONNX graph, if onnxruntime computes the same as torch.
    packing       Writes an export when it is asked for and stores it in the run's folder.
    redoing       Writes a script and a notebook that repeat a run with plain transformers, from the templates in redo/.
    report        Writes a run as one HTML page: settings, data, curves, scores, mistakes, calibration.
"""





