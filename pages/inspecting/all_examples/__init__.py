"""The model on all evaluated examples.

    certainty  How confident the model is: calibration, confident mistakes, doubtful answers, slices of the data.
    kinds      Errors by kind, explained and listed: of entities, and of answers to questions.
    map        The map: every evaluated example as a point, before and after training, on fixed axes.
    mistakes   The examples themselves: wrong, right, of one cell of the confusion matrix, or with a text.
    review     The scores beside the trivial predictor's, each class, kinds of errors, and the examples.
    view       All evaluated examples: what is right and wrong, how confident, and the map.
"""
