"""An encoder with a head on top: token ids in, logits out."""

import torch
from torch import nn

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Model(nn.Module):
    """encoder -> token vectors (B, T, H) -> head -> logits: (B, C) for a text, (B, T, C) for tokens."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits of a batch with input_ids, attention_mask and, where the family has them, token_type_ids (B, T)."""
        inputs = {name: batch[name] for name in INPUTS if name in batch}
        return self.head(self.encoder(**inputs).last_hidden_state)


def build(encoder: nn.Module, head: nn.Module) -> Model:
    """Joins both. A head with a place for the encoder's pooler takes it over, weights included."""
    if hasattr(head, "take_pooler"):
        head.take_pooler(encoder)
    return Model(encoder, head)
