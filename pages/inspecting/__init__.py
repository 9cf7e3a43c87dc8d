"""One trained model, seen from all sides. Its address is /inspect.

    example_table    Evaluated examples as a table; the chosen one opens.
    page             The page of one trained model: on one input, on all evaluated examples, as a whole.
    question         What a model is asked: a typed input or an evaluated example, and which of its answers is shown.
    all_examples/    The model on all evaluated examples.
    answer/          One answer, drawn for each kind of task.
    one_input/       The model on one input: arithmetic, attribution, edits.
    whole_model/     The model as a whole: masked words, movement, two runs side by side, downloads.
    training_slider  The slider over training: from the checkpoint over each evaluation to the best model.
"""
