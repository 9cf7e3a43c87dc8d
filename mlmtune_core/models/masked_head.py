"""The head that predicts masked words: the model family's own, with the checkpoint's weights if it has them."""

from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForMaskedLM, PretrainedConfig
from transformers.modeling_outputs import BaseModelOutput

from mlmtune_core.errors import CheckpointError
from mlmtune_core.models.masking import IGNORE_INDEX, MASKED_SHARE

NUMBERS_PER_TOKEN = 3  # returned for every masked token, instead of one logit for every word of the vocabulary
LOGIT_BYTES = 16  # memory per logit during a training step: float32 logit, softmax, gradient and one temporary copy


class MaskedHead(nn.Module):
    """Computes a logit for every word of the vocabulary. For BERT: dense, GELU, LayerNorm, then the word-embedding matrix plus a bias.

    If the decoder shares the encoder's embedding matrix (`tied`), that matrix is not a parameter of this head: it is frozen if the encoder is.
    `pretrained`: whether the checkpoint contained this head. `whole`: transformers' model of the family with its encoder taken out;
    its name is part of the names under which the weights are saved.
    """

    reads_one_vector = False
    needs_labels = True

    def __init__(self) -> None:
        super().__init__()
        self.pretrained = False

    def init_from(self, encoder: nn.Module) -> None:
        """Loads the head from the encoder's checkpoint; weights that the checkpoint lacks are initialised at random."""
        whole, missing = _load_whole_model(encoder)
        loaded_table, encoder_embeddings = whole.get_input_embeddings().weight, encoder.get_input_embeddings()
        _replace_encoder(whole, _PassThrough())
        names = {name for name, _ in whole.named_parameters()}
        self.pretrained = not names & missing
        for module in whole.modules():
            for name, weight in list(module._parameters.items()):
                if weight is loaded_table:
                    del module._parameters[name]
                    module.__dict__[name] = encoder_embeddings.weight  # used by this module, but not one of its parameters
        self.tied = len(names) > len(list(whole.named_parameters()))
        self.whole = whole

    def forward(self, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Hidden (B, T, H), labels (B, T) -> (B, T, 3): the true word's logit, the logsumexp of all logits, and the id of the best word.

        Tokens without a label get zeros. These three numbers suffice for loss and metrics, so logits over the vocabulary exist for
        one batch at a time only.
        """
        masked = labels != IGNORE_INDEX
        logits = self.score(hidden[masked]).float()
        true_logits = logits.gather(1, labels[masked][:, None])[:, 0]
        outputs = torch.zeros(*labels.shape, NUMBERS_PER_TOKEN, device=hidden.device)
        outputs[masked] = torch.stack([true_logits, logits.logsumexp(1), logits.argmax(1).float()], dim=1)
        return outputs

    def score(self, vectors: torch.Tensor) -> torch.Tensor:
        """Token vectors (M, H) -> logits (M, V)."""
        return self.whole(inputs_embeds=vectors[None]).logits[0]

    @property
    def bytes_per_token(self) -> float:
        """Memory that the logits of a batch take in training, per token of the batch."""
        return MASKED_SHARE * self.whole.config.vocab_size * LOGIT_BYTES


def to_transformers_model(encoder: nn.Module, head: MaskedHead, config: PretrainedConfig) -> nn.Module:
    """Returns encoder and head as a transformers model for masked language modelling, ready for save_pretrained."""
    whole = AutoModelForMaskedLM.from_config(config)
    getattr(whole, whole.base_model_prefix).load_state_dict(encoder.state_dict(), strict=False)
    whole.load_state_dict(head.whole.state_dict(), strict=False)
    return whole.eval()


def _load_whole_model(encoder: nn.Module) -> tuple[nn.Module, set[str]]:
    """Returns (the family's model with its masked-word head, names of the weights that the checkpoint lacks)."""
    if encoder.device.type == "meta":  # shapes without values, to estimate memory
        return AutoModelForMaskedLM.from_config(encoder.config), set()
    try:
        whole, loading_info = AutoModelForMaskedLM.from_pretrained(
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
    return whole, _missing_weights(loading_info)


def _missing_weights(loading_info: Mapping[str, Any]) -> set[str]:
    mismatched = (key[0] if isinstance(key, tuple) else key for key in loading_info["mismatched_keys"])
    return {*loading_info["missing_keys"], *mismatched}


def _replace_encoder(whole: nn.Module, encoder: nn.Module) -> None:
    setattr(whole, whole.base_model_prefix, encoder)


class _PassThrough(nn.Module):
    """Takes the encoder's place and returns its input: the head is given vectors that the encoder has already computed."""

    def forward(self, *_: object, inputs_embeds: torch.Tensor, **more: object) -> BaseModelOutput:
        return BaseModelOutput(last_hidden_state=inputs_embeds)
