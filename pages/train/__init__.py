"""Choose settings and start a run.

    model_drawing  The model as it will be trained: how many weights are trainable, and the stack of its layers.
    page           The page of training: task, checkpoint, what to freeze, settings, start.
    stage          The choice of what to train on the data: their task, or masked words in their texts first.
"""
