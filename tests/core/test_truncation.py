"""What is kept of a text that is too long: the beginning, the end, or both; for pairs the longer one gives way."""

import numpy as np
import pytest

from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.models.checkpoints import load_tokenizer
from mlmtune_core.tasks.encoding import encode_texts, positions_to_keep
from mlmtune_core.workers import worker
from tests.conftest import WORDS


def texts(count, rng, longest=30):
    return [" ".join(rng.choice(WORDS, rng.integers(1, longest))) for _ in range(count)]


def test_the_beginning_is_what_the_tokenizer_itself_keeps(tiny_checkpoint):
    tokenizer, rng = load_tokenizer(tiny_checkpoint), np.random.default_rng(0)
    first, second = texts(60, rng), texts(60, rng)
    for size in (8, 9, 20):
        for pairs in ([first], [first, second]):
            wanted = tokenizer(*pairs, truncation="longest_first", max_length=size, return_attention_mask=False)
            whole = tokenizer(*pairs)["input_ids"]
            for i, (found, cut) in enumerate(encode_texts(tokenizer, first, second if len(pairs) > 1 else None, size)):
                assert found == {name: wanted[name][i] for name in wanted}
                assert cut == len(whole[i]) - len(found["input_ids"])


@pytest.mark.parametrize("truncation", ["tail", "both"])
def test_the_end_stays_or_a_quarter_of_the_room_begins(tiny_checkpoint, truncation):
    tokenizer, rng = load_tokenizer(tiny_checkpoint), np.random.default_rng(1)
    for text in texts(40, rng):
        ((found, cut),) = encode_texts(tokenizer, [text], None, 14, truncation)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        kept = ids if len(ids) <= 12 else ids[-12:] if truncation == "tail" else ids[:3] + ids[-9:]
        assert found["input_ids"] == [tokenizer.cls_token_id, *kept, tokenizer.sep_token_id] and cut == len(ids) - len(kept)


def test_of_a_pair_each_text_keeps_its_own_end_and_the_marks_stay():
    parts = [None, *[0] * 10, None, *[1] * 3, None]
    assert positions_to_keep(parts, 11, "tail") == [0, *range(6, 11), 11, 12, 13, 14, 15]
    assert positions_to_keep(parts, 11, "both") == [0, 1, *range(7, 11), 11, 12, 13, 14, 15]
    assert positions_to_keep(parts, 16, "both") == list(range(16))
    assert positions_to_keep([None, *[0] * 9, None, *[1] * 9, None], 11, "tail") == [0, *range(6, 10), 10, *range(16, 20), 20]


def test_a_trained_run_is_asked_as_it_learnt(make_run, frames):
    frames["sequence_classification"].loc[3, "text"] = "not " * 20 + "awful"
    run = make_run(truncation="tail", max_length=8, epochs=1)
    worker.run(run.id)
    trained = load_run(run)
    _, (encoded,) = trained.encode([run.data().iloc[3].to_dict()])
    assert trained.tokenizer.convert_ids_to_tokens(encoded.inputs["input_ids"])[-2] == "awful" and encoded.cut == 15
