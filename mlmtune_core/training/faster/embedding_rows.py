"""Trains only the word embeddings that occur in the texts, instead of the whole table."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

from mlmtune_core.models.adapters import is_adapter, merged_weights
from mlmtune_core.models.model import Model
from mlmtune_core.tasks.base import Encoded

WORTHWHILE = 0.5  # below this share of rows in use


class EmbeddingRows(nn.Module):
    """An nn.Embedding cut down to some of its rows; token ids stay what they were.

    A row that no text uses has no gradient: AdamW's moments for it stay zero, and a step only multiplies it by
    1 - rate * decay. `shrunk` is the product of these factors; with it, `whole` gives what training all rows would give.
    """

    def __init__(self, table: nn.Embedding, rows: torch.Tensor) -> None:
        super().__init__()
        self.table, self.rows, self.shrunk = [table], rows, 1.0  # in a list: no child, or its weights would be counted
        self.weight = nn.Parameter(table.weight.detach()[rows].clone())
        places = torch.full((table.num_embeddings,), -1, dtype=torch.long)
        places[rows] = torch.arange(len(rows))
        self.register_buffer("places", places.to(table.weight.device), persistent=False)
        padding = table.padding_idx
        self._padding = None if padding is None or places[padding] < 0 else int(places[padding])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """(B, T) -> (B, T, H). Raises IndexError for a token that is not among the rows."""
        return functional.embedding(self.places[ids], self.weight, self._padding)

    def follow(self, optimizer: torch.optim.Optimizer) -> None:
        """Lets the rows that are not trained shrink with every step of the optimizer, as they would in it."""
        (group,) = [group for group in optimizer.param_groups if any(weight is self.weight for weight in group["params"])]

        def shrink(*_: object) -> None:
            self.shrunk *= 1 - group["lr"] * group["weight_decay"]

        optimizer.register_step_post_hook(shrink)

    @torch.no_grad()
    def whole(self) -> torch.Tensor:
        """(V, H): the table as training all rows would have left it."""
        table = self.table[0].weight.detach() * self.shrunk
        table[self.rows] = self.weight.detach()
        return table


@contextmanager
def rows_in_use(model: Model, encoded: Iterable[Encoded], pad_id: int) -> Iterator[None]:
    """Replaces the table of embeddings by the rows that these inputs and padding use, if it is trainable and they are few; restores it after."""
    encoder = model.encoder
    table = encoder.get_input_embeddings()
    if getattr(model.head, "tied", False):  # the decoder of masked words uses every row, too
        yield
        return
    used = torch.tensor(sorted({pad_id, *(token for item in encoded for token in item.inputs["input_ids"])}))
    if type(table) is not nn.Embedding or not table.weight.requires_grad or len(used) > WORTHWHILE * len(table.weight):
        yield
        return
    rows = EmbeddingRows(table, used)
    encoder.set_input_embeddings(rows)
    try:
        yield
    finally:
        with torch.no_grad():
            table.weight.copy_(rows.whole())
        encoder.set_input_embeddings(table)


def trainable_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Name -> value of every weight that is trainable now or later in the run; the table of embeddings is whole, adapters are merged."""
    to_unfreeze = {weight for module in getattr(model, "to_unfreeze", ()) for weight in module.parameters()}
    trainable = ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad or weight in to_unfreeze)
    weights = {name: weight.detach() for name, weight in trainable if not is_adapter(name)} | merged_weights(model)
    for name, module in model.named_modules():
        if isinstance(module, EmbeddingRows):
            weights[f"{name}.weight"] = module.whole()
    return weights
