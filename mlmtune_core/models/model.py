"""An encoder with a head on top: token ids in, logits out; and the encoder cut in two between its layers."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from mlmtune_core.errors import ConfigError
from mlmtune_core.language import mark
from mlmtune_core.models.devices import precision
from mlmtune_core.models.first_token import FirstTokenLayer
from mlmtune_core.models.freezing import find_layers

LAST_LAYERS = 4


def count_read(pooling: str, layers: int) -> int:
    """How many vectors of the encoder's size the head reads, one after the other; of an encoder with fewer layers than four, all."""
    return min(LAST_LAYERS, layers) if pooling == "last4" else 1


def pool(pooling: str, outputs: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
    """What each layer gave, (B, T, H), the last one last, and the mask of what is no padding, (B, T) -> (B, 1, D): what the head reads.

    D is H, or for last4 H times the number of `outputs`. Of the mean and the maximum [CLS] and [SEP] are a part, as sentence-transformers has it.
    """
    last = outputs[-1]
    if pooling == "last4":
        return torch.cat([each[:, :1] for each in outputs], dim=-1)
    if pooling == "mean":
        seen = mask.unsqueeze(-1).to(last.dtype)
        return (last * seen).sum(dim=1, keepdim=True) / seen.sum(dim=1, keepdim=True)
    if pooling == "max":
        return last.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1, keepdim=True)
    return last[:, :1]


TOLERANCE = 1e-4  # between two ways of computing the same token vectors
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Model(nn.Module):
    """encoder -> what the head reads: (B, 1, D) of a text, (B, T, H) for tokens -> head -> logits: (B, C), or (B, T, C) for tokens.

    `pooling` says what of a text is read (see pooling). `boundary` says where the encoder is cut when a batch brings `hidden`: what layer
    number `boundary` would read, as prefix_cache keeps it (0: the first layer; the number of layers: what the head reads). `shortened`: the
    last layer is computed for the first token alone. `resting`: what is to learn, but does not yet (see unfreezing).
    """

    def __init__(self, encoder: nn.Module, head: nn.Module, pooling: str = "cls") -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.pooling = pooling
        self.boundary = 0
        self.shortened = False
        self.resting: list[nn.Module] = []

    @property
    def device(self) -> torch.device:
        """Where batches go to: the head's place."""
        return next(self.head.parameters()).device

    @property
    def vectors_read(self) -> int:
        """How many of the encoder's vectors the head reads, one after the other."""
        return count_read(self.pooling, self.encoder.config.num_hidden_layers) if self.head.first_only else 1

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits of a batch with input_ids, attention_mask and, where the family has them, token_type_ids (B, T)."""
        hidden = self.read(batch)
        return self.head(hidden, batch["labels"]) if self.head.reads_truth else self.head(hidden)

    def read(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """What the head reads: (B, 1, D) of a text, (B, T, H) for tokens."""
        if "hidden" in batch and self.boundary == self.encoder.config.num_hidden_layers:
            return batch["hidden"]
        outputs = _run_layers(self, batch, self.vectors_read)
        return pool(self.pooling, outputs, batch["attention_mask"]) if self.head.first_only else outputs[-1]

    def read_tokens(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The vector of every token, (B, T, H), whatever the head reads; of the first one alone where `shortened`."""
        return _run_layers(self, batch, 1)[-1]


def build(encoder: nn.Module, head: nn.Module, pooling: str = "cls") -> Model:
    """Joins both. A head that takes something of the encoder over, such as its pooler, does so now."""
    if pooling == "last4":
        _demand_layers(encoder)
    if hasattr(head, "take_from"):
        head.take_from(encoder)
    return Model(encoder, head, pooling)


def _demand_layers(encoder: nn.Module) -> None:
    try:
        find_layers(encoder)
    except ConfigError as error:
        raise ConfigError(
            "{title}: this checkpoint has one layer that is passed again and again, not several to read. Choose cls, mean or max.",
            title=mark("What the head reads"),
        ) from error


def shorten(model: Model, batch: dict[str, torch.Tensor]) -> None:
    """Has the last layer computed for the first token alone, where the head reads no other and this batch shows no difference."""
    if not model.head.first_only or model.pooling in ("mean", "max"):
        return
    model.eval()
    with torch.no_grad():
        whole = model.read(batch)
        model.shortened = True
        try:
            model.shortened = torch.allclose(model.read(batch), whole, atol=TOLERANCE)
        except (ConfigError, AttributeError, TypeError, RuntimeError, IndexError):
            model.shortened = False


def can_cut(model: Model, batch: dict[str, torch.Tensor]) -> bool:
    """Whether the two halves of the encoder give what the whole gives. Families differ inside; this one is asked, not known."""
    model.eval()
    try:
        hidden = run_below(model, batch)
        with torch.no_grad(), precision(model.encoder.device):
            halves, whole = model.read(batch | {"hidden": hidden}), model.read(batch)
        seen = batch["attention_mask"].bool()[:, : whole.shape[1]]
        return torch.allclose(halves[seen], whole[seen], atol=TOLERANCE)
    except (TypeError, KeyError, IndexError, RuntimeError, AssertionError):
        return False


@contextmanager
def plain_attention(encoder: Any) -> Iterator[None]:
    """Within, attention is computed by plain products: weights can be seen, and every family can be exported."""
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation("eager")
    try:
        yield
    finally:
        encoder.set_attn_implementation(before)


@contextmanager
def inputs_of(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Within, the list takes what the module reads, one tensor a call."""
    caught: list[torch.Tensor] = []
    handle = module.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    try:
        yield caught
    finally:
        handle.remove()


def run_below(model: Model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """What layer number `model.boundary` reads, (B, T, H), without gradients; past the last layer, what the head reads."""
    encoder = model.encoder
    with torch.no_grad(), precision(model.encoder.device):
        if model.boundary == encoder.config.num_hidden_layers:
            return model.read(batch)
        handle = find_layers(encoder)[model.boundary].register_forward_pre_hook(_catch, with_kwargs=True)
        try:
            encoder(**_inputs(batch))
        except _Caught as caught:
            return caught.hidden
        finally:
            handle.remove()
    raise AssertionError("the encoder never reached its layer")


def _run_layers(model: Model, batch: dict[str, torch.Tensor], count: int) -> list[torch.Tensor]:
    """What the last `count` layers give, (B, T, H) each, the last one as the encoder gives it; from `hidden` on, what layer number
    `model.boundary` reads, where the batch brings it: the layers below do not run, and what it brings is what the one below it gave.
    """
    hidden = batch.get("hidden")

    def replace(
        layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return ((hidden, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": hidden})

    with _layers(model, 0 if hidden is None else model.boundary) as layers, ExitStack() as hooks:
        if hidden is not None:
            hooks.callback(layers[0].register_forward_pre_hook(replace, with_kwargs=True).remove)
        before = hooks.enter_context(_outputs_of((layers or list(find_layers(model.encoder)))[-count:-1])) if count > 1 else []
        last = model.encoder(**_inputs(batch)).last_hidden_state
    brought = [hidden] if hidden is not None else []
    return [*brought, *before, last][-count:]


@contextmanager
def _outputs_of(layers: Sequence[nn.Module]) -> Iterator[list[torch.Tensor]]:
    """Within, the list takes what these layers give, one tensor each."""
    found: list[torch.Tensor] = []
    handles = [
        layer.register_forward_hook(lambda *told: found.append(told[-1][0] if isinstance(told[-1], tuple) else told[-1]))
        for layer in layers
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _layers(model: Model, start: int) -> Iterator[list[nn.Module]]:
    """Within, the encoder's stack holds only the layers from `start` on, the last one as `model.shortened` says."""
    if not start and not model.shortened:
        yield []
        return
    stack = find_layers(model.encoder)
    every = dict(stack.named_children())
    layers = list(every.values())[start:]
    if model.shortened:
        layers[-1] = FirstTokenLayer(layers[-1])
    stack._modules = {str(i): layer for i, layer in enumerate(layers)}
    try:
        yield layers
    finally:
        stack._modules = every


class _Caught(Exception):
    """Ends a forward pass at the boundary, with what was found there."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def _catch(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    raise _Caught(args[0] if args else kwargs["hidden_states"])


def _inputs(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: batch[name] for name in INPUTS if name in batch}
