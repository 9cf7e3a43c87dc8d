"""The head that guesses masked words: transformers' own of the checkpoint's family, with the checkpoint's weights where it has them"""

from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForMaskedLM, PretrainedConfig
from transformers.modeling_outputs import BaseModelOutput

from mlmtune_core.errors import CheckpointError
from mlmtune_core.models.masking import IGNORE_INDEX, SHARE

ANSWER = 3  # numbers kept of every token that is asked for, instead of one for every word
LOGIT_BYTES = 16  # of a logit while it is learnt: itself, its softmax, its gradient, a copy on the way


class MaskedHead(nn.Module):
    """A score for every word of the vocabulary, for BERT: dense, gelu, LayerNorm, then the table of word embeddings itself, and a bias.

    Where the decoder is the encoder's own table (tied), the table is no weight of this head: with a frozen encoder it is frozen.
    `pretrained`: whether the checkpoint brought this head along.
    """

    first_only = False
    reads_truth = True

    def __init__(self) -> None:
        super().__init__()
        self.pretrained = False

    def take_from(self, encoder: nn.Module) -> None:
        """Becomes the head that belongs to an encoder: that of its checkpoint, or a fresh one of its family."""
        whole, missing = _open(encoder)
        table, own = whole.get_input_embeddings().weight, encoder.get_input_embeddings()
        _set_base(whole, _Passing())
        names = {name for name, _ in whole.named_parameters()}
        self.pretrained = not names & missing
        for module in whole.modules():
            for name, weight in list(module._parameters.items()):
                if weight is table:
                    del module._parameters[name]
                    module.__dict__[name] = own.weight  # no parameter of this module, but what it computes with
        self.tied = len(names) > len(list(whole.named_parameters()))
        self.whole = whole

    def forward(self, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, T, H), labels (B, T) -> (B, T, 3): the score of the true word, the log of the summed exponentials of all scores, the
        best word's id; zeros where nothing is asked. So no more than a batch ever holds a score for every word.
        """
        asked = labels != IGNORE_INDEX
        scores = self.score(hidden[asked]).float()
        truth = scores.gather(1, labels[asked][:, None])[:, 0]
        answers = torch.zeros(*labels.shape, ANSWER, device=hidden.device)
        answers[asked] = torch.stack([truth, scores.logsumexp(1), scores.argmax(1).float()], dim=1)
        return answers

    def score(self, vectors: torch.Tensor) -> torch.Tensor:
        """Token vectors (M, H) -> logits (M, V)."""
        return self.whole(inputs_embeds=vectors[None]).logits[0]

    @property
    def bytes_per_token(self) -> float:
        """Memory that the scores of a batch take, per token of it."""
        return SHARE * self.whole.config.vocab_size * LOGIT_BYTES


def join(encoder: nn.Module, head: MaskedHead, config: PretrainedConfig) -> nn.Module:
    """Encoder and head as transformers' own model for masked words of this configuration, ready to be saved."""
    whole = AutoModelForMaskedLM.from_config(config)
    getattr(whole, whole.base_model_prefix).load_state_dict(encoder.state_dict(), strict=False)
    whole.load_state_dict(head.whole.state_dict(), strict=False)
    return whole.eval()


def _open(encoder: nn.Module) -> tuple[nn.Module, set[str]]:
    """(the whole model of the family, names of the weights that the checkpoint does not have)."""
    if encoder.device.type == "meta":  # shapes only
        return AutoModelForMaskedLM.from_config(encoder.config), set()
    try:
        whole, told = AutoModelForMaskedLM.from_pretrained(
            encoder.name_or_path,
            config=encoder.config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            "“{name}” has no place for a head that guesses masked words. Take another checkpoint of the BERT family.",
            name=encoder.name_or_path,
        ) from error
    return whole, _missing(told)


def _missing(told: Mapping[str, Any]) -> set[str]:
    return {*told["missing_keys"], *(key[0] if isinstance(key, tuple) else key for key in told["mismatched_keys"])}


def _set_base(whole: nn.Module, base: nn.Module) -> None:
    setattr(whole, whole.base_model_prefix, base)


class _Passing(nn.Module):
    """Stands where the encoder stood: the vectors that come in are those that the head reads."""

    def forward(self, *_: object, inputs_embeds: torch.Tensor, **more: object) -> BaseModelOutput:
        return BaseModelOutput(last_hidden_state=inputs_embeds)
