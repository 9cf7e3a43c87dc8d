"""The word embeddings that a run's texts use, trained in place of the whole table; the others only shrink by weight decay."""

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

    A row that no text uses has no gradient, so that AdamW's moments for it stay zero and a step only multiplies it with
    1 - rate * decay. `shrunk` is the product of these factors: with it, `whole` gives what training all rows would give.
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

    @torch.no_grad()
    def whole(self) -> torch.Tensor:
        """(V, H): the table as it would be, had all rows been trained."""
        table = self.table[0].weight.detach() * self.shrunk
        table[self.rows] = self.weight.detach()
        return table


@contextmanager
def rows_in_use(model: Model, encoded: Iterable[Encoded], pad_id: int) -> Iterator[None]:
    """Within: the encoder holds only the embeddings of these inputs and of padding, where they learn and are few. After: the whole table."""
    encoder = model.encoder
    table = encoder.get_input_embeddings()
    if getattr(model.head, "tied", False):  # every row is the decoder's, too
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


def follow_decay(model: Model, optimizer: torch.optim.Optimizer) -> None:
    """Lets the rows that are not trained shrink with every step of the optimizer as they would in it."""
    rows = model.encoder.get_input_embeddings()
    if not isinstance(rows, EmbeddingRows):
        return
    (group,) = [group for group in optimizer.param_groups if any(weight is rows.weight for weight in group["params"])]

    def shrink(*_: object) -> None:
        rows.shrunk *= 1 - group["lr"] * group["weight_decay"]

    optimizer.register_step_post_hook(shrink)


def learnt_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Name -> value of every weight that learns, now or later in the run: the table of embeddings whole, adapters merged."""
    resting = {weight for module in getattr(model, "resting", ()) for weight in module.parameters()}
    learning = ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad or weight in resting)
    weights = {name: weight.detach() for name, weight in learning if not is_adapter(name)} | merged_weights(model)
    for name, module in model.named_modules():
        if isinstance(module, EmbeddingRows):
            weights[f"{name}.weight"] = module.whole()
    return weights
