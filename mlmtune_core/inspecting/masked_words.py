"""Predicts the word behind [MASK], before and after training: candidates, probabilities, logits."""

from collections.abc import Sequence
from typing import Any

import torch

from mlmtune_core.errors import RunError
from mlmtune_core.inspecting.predicting import TaskModel, load_run
from mlmtune_core.models.masked_head import MaskedHead
from mlmtune_core.runs.kept_weights import BEST, START
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run

MASK = "[MASK]"  # as users type it, whatever the tokenizer calls it
SIDES = {"before": START, "after": BEST}


def has_head(name: str) -> bool:
    """Returns whether run `name` can predict masked words: its checkpoint has such a head, or the run trained one."""
    return _own_head(load_run(open_run(name))) is not None


def fill(name: str, head_run: str, sentence: str, words: Sequence[str] = (), top: int = 10) -> dict[str, Any]:
    """Returns the candidates for every [MASK] of a sentence: the `top` best before and after training, and the requested `words`.

    `tokens` as the model reads them; `places`: per [MASK] its index `place` and `candidates`, each with `token`, whether it was
    `asked` for, and on each side (`before`, `after`) `probability` (softmax over the whole vocabulary), `logit` and `rank`. `unknown`: words
    that are not a single token, with their sub-words. `head`: "run" if the head is that of `head_run`, which trained it on the same
    checkpoint with the encoder frozen; else "own". Raises RunError without a head, without [MASK], and for a sentence that is too long.
    """
    this = open_run(name)
    sides = {side: load_run(this, moment) for side, moment in SIDES.items()}
    tokenizer = sides["before"].tokenizer
    inputs = _read(sides["before"], sentence)
    places = [place for place, token in enumerate(inputs["input_ids"]) if token == tokenizer.mask_token_id]
    if not places:
        raise RunError("There is no [MASK] in this sentence. Write one where a word is to be guessed.")
    asked, unknown = _find_tokens(tokenizer, words)
    logits = {side: _score(trained, _find_head(this, trained, head_run), inputs, places) for side, trained in sides.items()}
    return {
        "tokens": tokenizer.convert_ids_to_tokens(inputs["input_ids"]),
        "places": [
            {"place": place, "candidates": _compare({side: scores[i] for side, scores in logits.items()}, asked, top, tokenizer)}
            for i, place in enumerate(places)
        ],
        "unknown": unknown,
        "head": "run" if _own_head(sides["after"]) is None else "own",
    }  # fmt: skip


def _read(trained: TaskModel, sentence: str) -> dict[str, list[int]]:
    tokenizer, encoder = trained.tokenizer, trained.model.encoder
    inputs = tokenizer(sentence.replace(MASK, tokenizer.mask_token), return_attention_mask=False, verbose=False)
    longest = min(tokenizer.model_max_length, getattr(encoder.config, "max_position_embeddings", 512))
    if len(inputs["input_ids"]) > longest:
        raise RunError(
            "The sentence has {found} sub-words; this checkpoint reads at most {limit}. Shorten it.",
            found=len(inputs["input_ids"]),
            limit=longest,
        )
    return dict(inputs)


def _find_tokens(tokenizer: Any, words: Sequence[str]) -> tuple[list[int], dict[str, list[str]]]:
    """Returns (ids of the words that are one token, the others with their sub-words)."""
    pieces = {word: tokenizer(word, add_special_tokens=False)["input_ids"] for word in map(str.strip, words) if word}
    whole = [ids[0] for ids in pieces.values() if len(ids) == 1 and ids[0] != tokenizer.unk_token_id]
    names = tokenizer.convert_ids_to_tokens
    return whole, {word: names(ids) for word, ids in pieces.items() if len(ids) != 1 or ids[0] == tokenizer.unk_token_id}


def _own_head(trained: TaskModel) -> MaskedHead | None:
    """Returns the head that was trained with this model, or came with its checkpoint; found by its weights' names."""
    if isinstance(trained.model.head, MaskedHead):
        return trained.model.head
    head = MaskedHead()
    head.init_from(trained.model.encoder)
    return head.eval() if head.pretrained else None


def _find_head(this: Run, trained: TaskModel, head_run: str) -> MaskedHead:
    own = _own_head(trained)
    if own is not None:
        return own
    if not head_run:
        raise RunError("The checkpoint of this run has no head that guesses masked words. Train one first.")
    other, config = load_run(open_run(head_run)), this.config()
    same = other.config.encoder_settings == config.encoder_settings
    if not (isinstance(other.model.head, MaskedHead) and same and other.config.strategy == "head_only"):
        raise RunError("This head belongs to another checkpoint, or to one that has moved. Train one on the checkpoint of this run.")
    head = MaskedHead()
    head.init_from(trained.model.encoder)
    head.load_state_dict(other.model.head.state_dict())
    return head.eval()


@torch.inference_mode()
def _score(trained: TaskModel, head: MaskedHead, inputs: dict[str, list[int]], places: list[int]) -> torch.Tensor:
    """Returns logits (places, V)."""
    batch = {name: torch.tensor([ids], device=trained.model.device) for name, ids in inputs.items()}
    batch["attention_mask"] = torch.ones_like(batch["input_ids"])
    return head.score(trained.model.read_tokens(batch)[0, places]).float().cpu()


def _compare(logits: dict[str, torch.Tensor], asked: list[int], top: int, tokenizer: Any) -> list[dict[str, Any]]:
    """Returns the best of both sides and the requested words, the most probable after training first."""
    best = {token for scores in logits.values() for token in scores.topk(top).indices.tolist()} | {*asked}
    shares = {side: scores.softmax(dim=0) for side, scores in logits.items()}
    candidates = [
        {
            "token": tokenizer.decode([token]).strip() or tokenizer.convert_ids_to_tokens(token),
            "asked": token in asked,
            **{
                side: {
                    "probability": shares[side][token].item(),
                    "logit": scores[token].item(),
                    "rank": int((scores > scores[token]).sum()) + 1,
                }
                for side, scores in logits.items()
            },
        }
        for token in best
    ]
    return sorted(candidates, key=lambda candidate: -candidate["after"]["probability"])
