"""The contract of every task, and the property that finds most: perfect logits give a perfect score."""

import json
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlmtune_core.config import RANKED_BY, RunConfig, validate
from mlmtune_core.data.columns import ROLES
from mlmtune_core.errors import DataError
from mlmtune_core.models.checkpoints import load_tokenizer
from mlmtune_core.tasks import TASKS, question_answering, token_classification
from mlmtune_core.tasks.base import IGNORE_INDEX
from mlmtune_core.tasks.encoding import describe_tokens
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.order import count_steps, order_by_length, shuffle, shuffle_by_length

NAMES = (
    "TITLE",
    "COLUMNS",
    "BEST_METRIC",
    "BASELINE",
    "LABELS_ARE",
    "to_examples",
    "find_labels",
    "encode",
    "build_head",
    "compute_loss",
    "decode",
    "compute_metrics",
    "explain",
    "review",
    "find_truth",
)
WORD = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Zs", "Zl", "Zp", "Cs")), min_size=1, max_size=12
).filter(lambda word: word.strip())


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_every_name(name):
    task = TASKS[name]
    assert all(hasattr(task, wanted) for wanted in NAMES)
    assert tuple(task.COLUMNS) == ROLES[name] and task.BEST_METRIC[0] == RANKED_BY[name]
    assert set(TASKS) == set(ROLES) == set(RunConfig.model_fields["task"].annotation.__args__)


def perfect(task, item, classes):
    """Logits that say what the labels say: (C,), (T, C), (T, 2) or (1,)."""
    if task.LABELS_ARE == "one number":
        return np.array([item.labels], dtype=np.float32)
    if task.LABELS_ARE == "one span":
        scores = np.zeros((item.length, 2), dtype=np.float32)
        scores[item.labels[0], 0] = scores[item.labels[1], 1] = 9.0
        return scores
    if task.LABELS_ARE == "one per text" and isinstance(item.labels, list):
        return np.array(item.labels, dtype=np.float32) * 18 - 9
    wanted = np.atleast_1d(np.array(item.labels))
    scores = np.zeros((len(wanted), classes), dtype=np.float32)
    for position, label in enumerate(wanted):
        scores[position, max(label, 0)] = 9.0
    return scores if isinstance(item.labels, list) else scores[0]


PERFECT = {
    "sequence_classification": ("accuracy", 1.0),
    "sentence_pair": ("accuracy", 1.0),
    "token_classification": ("token_accuracy", 1.0),
    "regression": ("rmse", 0.0),
    "question_answering": ("exact_match", 1.0),
}
TEXT = st.text(min_size=1, max_size=300).filter(str.strip)
LENGTH = st.integers(8, 40)
PLAIN_WORD = st.sampled_from(
    ["good", "film", "bad", "great", "the", "was", "Anna", "Lisbon", "zzz", "unseen", "Acme", "12", "not"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, st.sampled_from("abc")), min_size=1, max_size=6), LENGTH)
def test_perfect_logits_for_texts(tiny_checkpoint, rows, max_length):
    rows = [{"row": i, "text": text, "label": label} for i, (text, label) in enumerate(rows)]
    check_perfect("sequence_classification", rows, tiny_checkpoint, max_length)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXT, st.sets(st.sampled_from("abc"))), min_size=1, max_size=6), LENGTH)
def test_perfect_logits_where_several_labels_may_hold(tiny_checkpoint, rows, max_length):
    assume(any(labels for _, labels in rows))
    rows = [{"row": i, "text": text, "label": sorted(labels)} for i, (text, labels) in enumerate(rows)]
    check_perfect("sequence_classification", rows, tiny_checkpoint, max_length)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, st.sampled_from("abc")), min_size=1, max_size=6), LENGTH)
def test_perfect_logits_for_pairs(tiny_checkpoint, rows, max_length):
    rows = [{"row": i, "text": a, "second_text": b, "label": label} for i, (a, b, label) in enumerate(rows)]
    check_perfect("sentence_pair", rows, tiny_checkpoint, max_length)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, st.floats(-1e3, 1e3)), min_size=1, max_size=6), LENGTH, st.booleans())
def test_perfect_outputs_for_scores(tiny_checkpoint, rows, max_length, paired):
    rows = [{"row": i, "text": a, "score": score} | ({"second_text": b} if paired else {}) for i, (a, b, score) in enumerate(rows)]  # fmt: skip
    check_perfect("regression", rows, tiny_checkpoint, max_length)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(WORD, st.sampled_from(["O", "B-X", "I-X", "B-Y"])), min_size=1, max_size=60),
        min_size=1,
        max_size=4,
    ),
    LENGTH,
)
def test_perfect_logits_for_words_even_over_windows(tiny_checkpoint, rows, max_length):
    rows = [{"row": i, "words": [w for w, _ in row], "tags": [t for _, t in row]} for i, row in enumerate(rows)]
    check_perfect("token_classification", rows, tiny_checkpoint, max_length)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(24, 60))
def test_perfect_logits_for_questions_even_over_windows(tiny_checkpoint, data, max_length):
    """Answers as long as windows overlap, anywhere in contexts of up to 120 words; questions without one, long ones too."""
    tokenizer, rows = load_tokenizer(tiny_checkpoint), []
    for i in range(data.draw(st.integers(1, 3))):
        words = data.draw(st.lists(PLAIN_WORD, min_size=1, max_size=120))
        question = " ".join(data.draw(st.lists(PLAIN_WORD, min_size=1, max_size=40)))
        context = " ".join(words)
        start = data.draw(st.integers(0, len(words) - 1))
        pieces = [len(tokenizer(word, add_special_tokens=False)["input_ids"]) for word in words[start:]]
        room = max_length - 3
        shared = (room - min(len(tokenizer(question, add_special_tokens=False)["input_ids"]), room // 2)) // 2
        fitting = sum(1 for total in accumulate(pieces) if total <= shared)
        assume(fitting)
        answer = " ".join(words[start : start + data.draw(st.integers(1, fitting))])
        at = len(" ".join(words[:start])) + bool(start)
        asked = data.draw(st.booleans())
        rows.append({"row": i, "question": question, "context": context, "answer": [answer] if asked else [], "answer_start": [at] if asked else []})  # fmt: skip
    check_perfect("question_answering", rows, tiny_checkpoint, max_length)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), LENGTH)
def test_perfect_answers_for_masked_words_even_over_windows(tiny_checkpoint, texts, max_length):
    """A head that gives all its weight to the true word: no loss, every word guessed, each asked for where it stands."""
    task, tokenizer = TASKS["masked_words"], load_tokenizer(tiny_checkpoint)
    examples = task.to_examples([{"row": i, "text": text} for i, text in enumerate(texts)])
    encoded = task.encode(examples, tokenizer, [], max_length)
    assert all(item.length <= max_length for item in encoded)
    answers = [np.array([[9.0, 9.0, max(label, 0)] for label in item.labels], dtype=np.float32) for item in encoded]
    predictions = task.decode(answers, encoded, examples, [])
    assert sorted(predictions) == list(range(len(examples)))
    assert sum(map(len, predictions.values())) == sum(label != IGNORE_INDEX for item in encoded for label in item.labels)
    said = task.compute_metrics(predictions, examples)
    assert said["masked_loss"] == 0 and said["masked_accuracy"] == (1 if any(predictions.values()) else 0)
    mine = [item for item in encoded if item.example == 0]
    json.dumps([task.review(predictions, examples, []), task.explain(answers[: len(mine)], mine, examples[0], [], tokenizer)])


def test_an_answer_longer_than_the_overlap_may_be_whole_in_no_window(tiny_checkpoint):
    """The known limit of windows: such an answer is taught as "not here", never as a part of itself."""
    context = "good good unseen unseen"
    row = {
        "row": 1,
        "question": "good good unseen",
        "context": context,
        "answer": ["good unseen unseen"],
        "answer_start": [5],
    }
    examples = TASKS["question_answering"].to_examples([row])
    encoded = TASKS["question_answering"].encode(examples, load_tokenizer(tiny_checkpoint), ["start", "end"], 24)
    assert len(encoded) > 1 and {item.labels for item in encoded} == {(0, 0)}


def check_perfect(name, rows, checkpoint, max_length):
    task, tokenizer = TASKS[name], load_tokenizer(checkpoint)
    examples = task.to_examples(rows)
    labels = task.find_labels(examples)
    encoded = task.encode(examples, tokenizer, labels, max_length)
    assert all(item.length <= max_length for item in encoded)
    predictions = task.decode([perfect(task, item, len(labels)) for item in encoded], encoded, examples, labels)
    assert sorted(predictions) == list(range(len(examples)))
    if name == "token_classification":
        assert [len(predictions[i]) for i in range(len(examples))] == [len(example.words) for example in examples]
        asked = [
            sum(1 for item in encoded if item.example == i for word in item.words if word == w)
            for i, e in enumerate(examples)
            for w in range(len(e.words))
        ]
        assert asked == [1] * len(asked)
        assert [list(e.tags) for e in examples] == [predictions[i] for i in range(len(examples))]
    metric, best = PERFECT[name]
    assert task.compute_metrics(predictions, examples)[metric] == pytest.approx(best, abs=1e-3)
    review = task.review(predictions, examples, labels)
    for item, example in [(encoded[0], examples[0])]:
        mine = [other for other in encoded if other.example == item.example]
        answer = task.explain([perfect(task, other, len(labels)) for other in mine], [replace(other, example=0) for other in mine], example, labels, tokenizer)  # fmt: skip
        json.dumps([review, answer])


def test_a_word_is_asked_for_in_the_window_where_it_has_most_context(tiny_checkpoint):
    tokenizer = load_tokenizer(tiny_checkpoint)
    examples = token_classification.to_examples([{"row": 1, "words": ["film"] * 30, "tags": ["O"] * 30}])
    first, second, *_ = token_classification.encode(examples, tokenizer, ["O"], 18)
    # words 12 to 15 stand in both windows: the two nearer to the first one's edge are asked for in the second
    assert max(first.words) == 13
    assert min(word for word in second.words if word >= 0) == 14


def test_only_the_first_piece_answers_unless_all_are_asked(tiny_checkpoint):
    tokenizer = load_tokenizer(tiny_checkpoint)
    examples = token_classification.to_examples([{"row": 1, "words": ["zzz", "film"], "tags": ["B-X", "O"]}])
    first = token_classification.encode(examples, tokenizer, ["B-X", "O"], 32)[0]
    every = token_classification.encode(examples, tokenizer, ["B-X", "O"], 32, label_all_pieces=True)[0]
    assert first.labels == [IGNORE_INDEX, 0, IGNORE_INDEX, IGNORE_INDEX, 1, IGNORE_INDEX]
    assert every.labels == [IGNORE_INDEX, 0, 0, 0, 1, IGNORE_INDEX] and first.words == every.words


def test_unequal_words_and_tags_name_the_row():
    with pytest.raises(DataError, match="Row 7: 2 words but 1 tags. Give one tag per word."):
        token_classification.to_examples([{"row": 7, "words": ["a", "b"], "tags": ["O"]}])


def test_entity_scores_count_whole_entities():
    scores = token_classification.compute_metrics(
        {0: ["B-PER", "O", "O", "B-LOC"]},
        token_classification.to_examples([{"row": 1, "words": list("abcd"), "tags": ["B-PER", "I-PER", "O", "B-LOC"]}]),
    )
    assert scores["entity_f1"] == pytest.approx(0.5) and scores["token_accuracy"] == 0.75


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 50), min_size=1, max_size=80), st.integers(1, 9), st.integers(0, 5))
def test_batches_hold_every_example_once(lengths, batch_size, seed):
    for batches in (
        order_by_length(lengths, batch_size),
        shuffle_by_length(lengths, batch_size, np.random.default_rng(seed)),
    ):
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        assert all(len(batch) <= batch_size for batch in batches)
        assert len(batches) == -(-len(lengths) // batch_size)
    assert all(len(batch) == batch_size for batch in batches[:-1])  # shuffled: what is not full comes last


def test_where_only_a_head_is_left_to_compute_batches_are_random():
    """From the second epoch on padding costs a head nothing: texts of all lengths meet. Elsewhere, and before, like meets like."""
    lengths = np.random.default_rng(0).integers(5, 60, 400).tolist()

    def spread(strategy, epoch):
        config = validate({"strategy": strategy, "batch_size": 8})
        epochs = shuffle(lengths, config, np.random.default_rng(1), epoch)
        assert sorted(i for batch in epochs for i in batch) == list(range(400)) and len(epochs) == 50
        return np.mean([max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in epochs])

    assert spread("head_only", 2) > 35
    assert max(spread("head_only", 1), spread("last_layers:2", 2), spread("full", 3)) < 5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 50), min_size=1, max_size=80), st.integers(8, 200), st.integers(0, 5))
def test_batches_by_tokens_keep_below_their_limit_and_are_counted(lengths, batch_tokens, seed):
    """Padding included; a text longer than the limit stands alone."""
    config = validate({"batch_tokens": batch_tokens, "batch_size": 4, "seed": seed, "epochs": 3})
    rng = np.random.default_rng(seed)
    epochs = [shuffle(lengths, config, rng, epoch) for epoch in (1, 2, 3)]
    assert count_steps(lengths, config) == [len(batches) for batches in epochs]
    for batches in epochs:
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        sizes = [len(batch) * max(lengths[i] for i in batch) for batch in batches]
        assert all(size <= batch_tokens or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))


def test_padding_is_masked_and_ignored():
    from mlmtune_core.tasks.base import Encoded

    batch = to_batch(
        [Encoded(0, {"input_ids": [5, 6, 7]}, [0, 1, 0]), Encoded(1, {"input_ids": [5]}, [1])], 9, "one per token"
    )
    assert batch["input_ids"].tolist() == [[5, 6, 7], [5, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[0, 1, 0], [1, IGNORE_INDEX, IGNORE_INDEX]]


def test_every_token_of_a_sentence_is_explained_and_the_first_piece_of_a_word_says_what_the_word_says(tiny_checkpoint):
    tokenizer = load_tokenizer(tiny_checkpoint)
    words = ["film", "zzz"] * 12
    examples = token_classification.to_examples([{"row": 1, "words": words, "tags": ["O"] * len(words)}])
    encoded = token_classification.encode(examples, tokenizer, ["B-X", "O"], 18)
    rng = np.random.default_rng(0)
    logits = [rng.normal(size=(item.length, 2)) for item in encoded]
    answer = token_classification.explain(logits, encoded, examples[0], ["B-X", "O"], tokenizer)
    tokens = answer["tokens"]
    assert len(encoded) > 1 and len(tokens) == sum(item.length for item in encoded)
    assert np.allclose([list(token["logits"].values()) for token in tokens], np.concatenate(logits))
    assert all(sum(token["probabilities"].values()) == pytest.approx(1) for token in tokens)
    counting = {token["word"]: token for token in tokens if token["word"] >= 0}
    assert sorted(counting) == list(range(len(words))) and len(counting) == sum(token["word"] >= 0 for token in tokens)
    for place, word in enumerate(answer["words"]):
        assert counting[place]["logits"] == word["logits"] and counting[place]["token"] == word["pieces"][0]
    asides = {token["token"] for token in tokens if token["word"] < 0}
    assert {"[CLS]", "[SEP]", "##z"} <= asides


def test_tokens_join_to_words_and_marks_stay_by_themselves(tiny_checkpoint):
    tokenizer = load_tokenizer(tiny_checkpoint)
    seen = describe_tokens(tokenizer, dict(tokenizer("film zzz", "was zz")))
    assert seen["joined"] == ["[CLS]", "film", "zzz", "[SEP]", "was", "zz", "[SEP]"]
    assert seen["word_of"] == [0, 1, 2, 2, 2, 3, 4, 5, 5, 6]


def test_words_that_begin_with_a_mark_join_too():
    class Pieces:
        all_special_tokens = ("<s>", "</s>")
        tokens = ("<s>", "un", "believ", "able", "Ġfilm", "Ġs", "<s>", "o", "</s>")

        def convert_ids_to_tokens(self, ids):
            return [self.tokens[i] for i in ids]

        def convert_tokens_to_string(self, tokens):
            return "".join(tokens).replace("Ġ", " ")

    seen = describe_tokens(Pieces(), {"input_ids": list(range(9)), "token_type_ids": [0] * 9})
    assert seen["joined"] == ["<s>", "unbelievable", "film", "s", "<s>", "o", "</s>"]
    assert seen["word_of"] == [0, 1, 1, 1, 2, 3, 4, 5, 6]


def test_start_and_end_of_every_token_come_with_their_logits(tiny_checkpoint):
    tokenizer = load_tokenizer(tiny_checkpoint)
    rows = [{"row": 1, "question": "who zzz", "context": "Bob met zzz", "answer": ["Bob"], "answer_start": [0]}]
    examples = question_answering.to_examples(rows)
    encoded = question_answering.encode(examples, tokenizer, ["start", "end"], 64)
    logits = np.random.default_rng(0).normal(size=(encoded[0].length, 2))
    answer = question_answering.explain([logits], encoded, examples[0], ["start", "end"], tokenizer)
    for column, side in enumerate(("start", "end")):
        z = np.array([token["logits"][side] for token in answer["tokens"]])
        assert np.allclose(z, logits[:, column])
        assert np.allclose([token[side] for token in answer["tokens"]], np.exp(z) / np.exp(z).sum())
    in_context = [answer["joined"][token["word"]] for token in answer["tokens"] if token["in_context"]]
    assert list(dict.fromkeys(in_context)) == ["bob", "met", "zzz"]
