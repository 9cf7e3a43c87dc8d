"""The model as a whole: masked words, movement, two runs side by side, downloads.

    agreement    Where two runs agree over all examples, and which only one of them gets right.
    masked       Masked words: predictions for [MASK] before and after training, or the offer to train such a head.
    movement     What training moved: the weights of every layer, and each layer's output on a text.
    take_home    Downloads of a run: model, ONNX, script, notebook, answers, report; and how to open each.
    two_answers  Two answers to one input side by side, with the differences marked.
    two_runs     Two runs side by side: settings, scores, answers to one input, and where only one is right.
"""
