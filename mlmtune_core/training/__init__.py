"""The small core: how a masked language model is fine-tuned. Start reading here.

Read in this order, front to back: about an hour. Nothing here knows of queues, stores, lessons or pages; task, model and settings are
handed in. Resuming, gradual unfreezing, embedding rows and prefix caching are attached to the loop from outside: skip them at first.

    loop        The training loop, a generator of events: start reading here.
    setup       What a run trains with, where it stands, and what can be attached to the loop.
    steps       One optimizer step after another: forward, loss, backward, clipping, AdamW.
    optimizer   AdamW with its parameter groups, and the learning-rate schedule.
    order       Which inputs share a batch, and in which order: a seeded shuffle, by length to save padding.
    batches     Padded batches: lists of token ids become tensors of one length.
    evaluation  An evaluation: loss and metrics on the validation examples, and whether they are the best so far.
    unfreezing  Frozen weights: the proof that they do not change, and gradual unfreezing.
    assembly    From settings and examples to a model and data sets that are ready to be trained.
    faster/     What makes training faster and changes nothing else; handed in to the loop.
"""
