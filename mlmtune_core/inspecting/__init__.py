"""Looks into a trained model: its answers, the arithmetic behind them, and what they rest on.

    arithmetic    From a head's input to logits, probabilities, loss, gradient and one step: every number, in float64.
    attribution   Which tokens an answer rests on: occlusion and integrated gradients, checked by deletion; and attention.
    certainty     How confident a model is and how often it is right: calibration, confident mistakes, slices of the data.
    edit_tree     Edits of one input as a tree: words masked, removed or rewritten, and how each changed the answer.
    head_view     Opens the last layer of a trained head on one input: h, W, b and the true label, for the arithmetic.
    masked_words  Predicts the word behind [MASK], before and after training: candidates, probabilities, logits.
    model_charts  Plotly figures of what is inside a model: weights, sums, maps, attention, calibration.
    movement      How far training moved the weights of each layer, and each layer's output, from the checkpoint's.
    predicting    Predicts with a trained model: input -> logits, probabilities, decoded answer.
    projection    Projects vectors before and after training onto the same two axes, and measures how far labels are apart.
    review        Scores of the best model beside the trivial predictor, per class, with the mistakes by kind.
    what_if       What if the input were another: the answers to one input and to all its edits.
    trials/       Short trials before a run: heads trained in seconds, the learning-rate finder, a preview of the input.
"""





