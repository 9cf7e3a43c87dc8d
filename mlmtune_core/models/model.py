"""The model: an encoder with a head on top, from token ids to logits, whole or only its upper layers."""

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

LAST_LAYERS = 4  # read by the pooling last4
TOLERANCE = 1e-4  # between two ways of computing the same token vectors
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def count_vectors(pooling: str, layers: int) -> int:
    """Number of hidden-size vectors that are concatenated for the head: 4 for last4 (fewer if the encoder has fewer layers), else 1."""
    return min(LAST_LAYERS, layers) if pooling == "last4" else 1


def pool(pooling: str, outputs: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
    """Reduces a text to the one vector that the head reads: outputs of layers, (B, T, H) each, and attention mask, (B, T) -> (B, 1, D).

    The last layer comes last in `outputs`. D is H, or for last4 H times the number of outputs. Mean and maximum include [CLS] and
    [SEP], as in sentence-transformers, but no padding.
    """
    last = outputs[-1]
    if pooling == "last4":
        return torch.cat([each[:, :1] for each in outputs], dim=-1)
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(last.dtype)
        return (last * weights).sum(dim=1, keepdim=True) / weights.sum(dim=1, keepdim=True)
    if pooling == "max":
        return last.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1, keepdim=True)
    return last[:, :1]


class Model(nn.Module):
    """Encoder and head. Text tasks: token ids -> (B, 1, D) -> logits (B, C). Token tasks: token ids -> (B, T, H) -> logits (B, T, C).

    `pooling`: how a text becomes one vector (see `pool`).
    `boundary`: where the encoder is split if a batch contains `hidden`, the stored input of layer number `boundary` (see prefix_cache).
    0 is the first layer; the number of layers means that `hidden` is what the head reads.
    `first_token_only`: the last layer is computed for the first token alone.
    `to_unfreeze`: modules that are frozen now and will be trained later in the run (see training/unfreezing).
    """

    def __init__(self, encoder: nn.Module, head: nn.Module, pooling: str = "cls") -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.pooling = pooling
        self.boundary = 0
        self.first_token_only = False
        self.to_unfreeze: list[nn.Module] = []

    @property
    def device(self) -> torch.device:
        """The device that batches must be on: that of the head."""
        return next(self.head.parameters()).device

    @property
    def vectors_read(self) -> int:
        """Number of hidden-size vectors that the head reads per text (concatenated) or per token (1)."""
        return count_vectors(self.pooling, self.encoder.config.num_hidden_layers) if self.head.reads_one_vector else 1

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Computes logits. The batch holds input_ids, attention_mask and, if the family uses them, token_type_ids: (B, T) each."""
        hidden = self.read(batch)
        return self.head(hidden, batch["labels"]) if self.head.needs_labels else self.head(hidden)

    def read(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Computes what the head reads: (B, 1, D) in text tasks, (B, T, H) in token tasks."""
        if "hidden" in batch and self.boundary == self.encoder.config.num_hidden_layers:
            return batch["hidden"]
        outputs = _run_layers(self, batch, self.vectors_read)
        return pool(self.pooling, outputs, batch["attention_mask"]) if self.head.reads_one_vector else outputs[-1]

    def read_tokens(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Computes the vector of every token, (B, T, H), whatever the head reads; (B, 1, H) if `first_token_only`."""
        return _run_layers(self, batch, 1)[-1]


def build(encoder: nn.Module, head: nn.Module, pooling: str = "cls") -> Model:
    """Joins encoder and head. A head that reuses weights of the encoder or its checkpoint, such as the pooler, takes them now."""
    if pooling == "last4":
        _require_separate_layers(encoder)
    if hasattr(head, "init_from"):
        head.init_from(encoder)
    return Model(encoder, head, pooling)


def _require_separate_layers(encoder: nn.Module) -> None:
    try:
        find_layers(encoder)
    except ConfigError as error:
        raise ConfigError(
            "{title}: this checkpoint has one layer that is passed again and again, not several to read. Choose cls, mean or max.",
            title=mark("What the head reads"),
        ) from error


def use_first_token_only(model: Model, batch: dict[str, torch.Tensor]) -> None:
    """Computes the last layer for the first token alone from now on, if the head reads no other token.

    Tries it on `batch` first, and leaves the model as it is if the result differs or the family's layers are built otherwise.
    """
    if not model.head.reads_one_vector or model.pooling in ("mean", "max"):
        return
    model.eval()
    with torch.no_grad():
        whole = model.read(batch)
        model.first_token_only = True
        try:
            model.first_token_only = torch.allclose(model.read(batch), whole, atol=TOLERANCE)
        except (ConfigError, AttributeError, TypeError, RuntimeError, IndexError):
            model.first_token_only = False


def can_split(model: Model, batch: dict[str, torch.Tensor]) -> bool:
    """Whether lower and upper layers, run separately, give the same result as the whole encoder.

    Families differ inside, so this is tested on `batch` rather than looked up.
    """
    model.eval()
    try:
        hidden = run_lower_layers(model, batch)
        with torch.no_grad(), precision(model.encoder.device):
            split, whole = model.read(batch | {"hidden": hidden}), model.read(batch)
        not_padding = batch["attention_mask"].bool()[:, : whole.shape[1]]
        return torch.allclose(split[not_padding], whole[not_padding], atol=TOLERANCE)
    except (TypeError, KeyError, IndexError, RuntimeError, AssertionError):
        return False


@contextmanager
def eager_attention(encoder: Any) -> Iterator[None]:
    """Within this context, attention is computed step by step: its weights can be read, and every family can be exported to ONNX."""
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation("eager")
    try:
        yield
    finally:
        encoder.set_attn_implementation(before)


@contextmanager
def capture_inputs(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Within this context, the first input of every call to `module` is appended to the list."""
    captured: list[torch.Tensor] = []
    handle = module.register_forward_pre_hook(lambda _, inputs: captured.append(inputs[0]))
    try:
        yield captured
    finally:
        handle.remove()


def run_lower_layers(model: Model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Computes the input of layer number `model.boundary`, (B, T, H), without gradients; past the last layer, what the head reads."""
    encoder = model.encoder
    with torch.no_grad(), precision(model.encoder.device):
        if model.boundary == encoder.config.num_hidden_layers:
            return model.read(batch)
        handle = find_layers(encoder)[model.boundary].register_forward_pre_hook(_stop_at_boundary, with_kwargs=True)
        try:
            encoder(**_inputs(batch))
        except _ReachedBoundary as reached:
            return reached.hidden
        finally:
            handle.remove()
    raise AssertionError("the encoder never reached its layer")


def _run_layers(model: Model, batch: dict[str, torch.Tensor], count: int) -> list[torch.Tensor]:
    """Computes the outputs of the last `count` layers, (B, T, H) each; the last one is the encoder's final output.

    If the batch contains `hidden`, the input of layer number `model.boundary`, the layers below do not run: `hidden` is the output of
    the layer just below the boundary.
    """
    hidden = batch.get("hidden")

    def replace_input(
        layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return ((hidden, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": hidden})

    with _upper_layers(model, 0 if hidden is None else model.boundary) as layers, ExitStack() as hooks:
        if hidden is not None:
            hooks.callback(layers[0].register_forward_pre_hook(replace_input, with_kwargs=True).remove)
        if count > 1:
            before_last = hooks.enter_context(_capture_outputs((layers or list(find_layers(model.encoder)))[-count:-1]))
        else:
            before_last = []
        last = model.encoder(**_inputs(batch)).last_hidden_state
    below_boundary = [hidden] if hidden is not None else []
    return [*below_boundary, *before_last, last][-count:]


@contextmanager
def _capture_outputs(layers: Sequence[nn.Module]) -> Iterator[list[torch.Tensor]]:
    """Within this context, the outputs of these layers are appended to the list, one tensor per call."""
    captured: list[torch.Tensor] = []

    def capture(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        captured.append(output[0] if isinstance(output, tuple) else output)

    handles = [layer.register_forward_hook(capture) for layer in layers]
    try:
        yield captured
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _upper_layers(model: Model, start: int) -> Iterator[list[nn.Module]]:
    """Within this context, the encoder has only the layers from `start` on; the last one may be a FirstTokenLayer.

    Yields these layers, or an empty list if the encoder runs as it is.
    """
    if not start and not model.first_token_only:
        yield []
        return
    stack = find_layers(model.encoder)
    all_layers = dict(stack.named_children())
    layers = list(all_layers.values())[start:]
    if model.first_token_only:
        layers[-1] = FirstTokenLayer(layers[-1])
    stack._modules = {str(i): layer for i, layer in enumerate(layers)}
    try:
        yield layers
    finally:
        stack._modules = all_layers


class _ReachedBoundary(Exception):
    """Ends a forward pass at the boundary; `hidden` is the input of the layer there."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def _stop_at_boundary(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    raise _ReachedBoundary(args[0] if args else kwargs["hidden_states"])


def _inputs(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: batch[name] for name in INPUTS if name in batch}
