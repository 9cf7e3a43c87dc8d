"""The model: a checkpoint's encoder with a head on top, and which of its weights are trained.

    adapters           LoRA through peft: adds small trainable matrices to a frozen encoder and merges them after training.
    checkpoints        Loads encoder and tokenizer of a checkpoint: the bundled one, a folder, or a name on the Hub.
    devices            Chooses the device (CPU or GPU), moves batches to it and sets the precision of its products.
    dropout            Faster dropout for the CPU: one random 64-bit number decides about four values.
    first_token        Computes the last layer for [CLS] alone, because a head on [CLS] reads nothing else of it.
    freezing           Decides which weights are trained (full, head_only, last_layers, gradual, lora) and freezes the rest.
    heads              Heads on top of the encoder: linear, pooler or mlp for a text, linear for every token.
    masked_head        The head that predicts masked words: the model family's own, with the checkpoint's weights if it has them.
    masking            Masks tokens at random for masked language modelling, as in BERT's pre-training.
    model              The model: an encoder with a head on top, from token ids to logits, whole or only its upper layers.
    probabilities      Turns logits into probabilities: softmax for one label per text, sigmoid for several.
    saved_checkpoints  Finds checkpoints that users saved from their runs, by the name that settings use for them.
"""
