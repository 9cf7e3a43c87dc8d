"""A home of its own for every test, and a tiny random BERT that trains in a blink."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pandas as pd
import pytest

from mlmtune_core.config import TASK_NAMES, validate
from mlmtune_core.runs.shelf import create_run

MASKED = "masked_words"  # has tests of its own: it gives no label, tag, number or span
KINDS = (*(name for name in TASK_NAMES if name != MASKED), "several_labels")  # what make_run can make besides
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"
WORDS = (
    "good bad film great awful the a was not Anna Lisbon works in at Acme and lives near Rome Bob met".lower().split()
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """What a test has printed as other processes can take it: half surrogate pairs, which some tests are about, spelled out."""
    report = yield
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """$MLMTUNE_HOME in a folder that only this test sees."""
    monkeypatch.setenv("MLMTUNE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """The folder of a BERT with 4 layers of 32, random weights, and a WordPiece vocabulary of letters and some words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *LETTERS,
        *[f"##{letter}" for letter in LETTERS],
        *dict.fromkeys(w for w in WORDS if len(w) > 1),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session", params=["tied", "untied"])
def checkpoint_with_head(tiny_checkpoint, tmp_path_factory, request):
    """The tiny checkpoint with a random head that guesses masked words, whose decoder is the table of embeddings or is not."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp(f"tiny-{request.param}")
    AutoTokenizer.from_pretrained(tiny_checkpoint).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig.from_pretrained(tiny_checkpoint, tie_word_embeddings=request.param == "tied", initializer_range=0.3)
    model = BertForMaskedLM(config)
    torch.nn.init.normal_(model.cls.predictions.bias)
    model.save_pretrained(folder)
    return str(folder)


TEXTS = [
    ("good film", "pos"),
    ("a great film", "pos"),
    ("the film was great", "pos"),
    ("not bad", "pos"),
    ("bad film", "neg"),
    ("an awful film", "neg"),
    ("the film was bad", "neg"),
    ("not good", "neg"),
]
SENTENCES = [
    ("Anna lives in Lisbon", "B-PER O O B-LOC"),
    ("Bob works at Acme", "B-PER O O B-ORG"),
    ("Anna Bob met", "B-PER I-PER O"),
    ("Rome was great", "B-LOC O O"),
    ("Acme Lisbon works", "B-ORG I-ORG O"),
    ("the film was bad", "O O O O"),
]


@pytest.fixture
def text_frame():
    """Eight labelled texts, six to learn from."""
    split = ["train", "train", "train", "validation"] * 2
    return pd.DataFrame(
        {"row": range(2, 10), "text": [t for t, _ in TEXTS], "label": [label for _, label in TEXTS], "split": split}
    )


@pytest.fixture
def sentence_frame():
    """Six tagged sentences, each on both sides."""
    one = pd.DataFrame(
        {
            "row": range(1, 7),
            "words": [t.split() for t, _ in SENTENCES],
            "tags": [tags.split() for _, tags in SENTENCES],
        }
    )
    return pd.concat(
        [one.assign(split="train"), one.assign(split="validation", row=one["row"] + 100)], ignore_index=True
    )


PAIRS = [(text, "the film was fine", label) for text, label in TEXTS]
QUESTIONS = [
    ("who works", "Bob works at Acme and Anna lives in Rome", "Bob"),
    ("where is Anna", "Bob works at Acme and Anna lives in Rome", "Rome"),
    ("who met", "Anna and Bob met near Lisbon", "Anna and Bob"),
    ("what was bad", "the film was good", None),
]


@pytest.fixture
def frames(text_frame, sentence_frame):
    """Examples of every task, with both sides, as checking and splitting leave them."""
    split = text_frame["split"]
    pairs = pd.DataFrame(
        {"row": range(2, 10), "text": [a for a, _, _ in PAIRS], "second_text": [b for _, b, _ in PAIRS]}
    )
    answers = [[] if answer is None else [answer] for _, _, answer in QUESTIONS]
    asked = pd.DataFrame(
        {
            "row": range(1, 5),
            "question": [question for question, _, _ in QUESTIONS],
            "context": [context for _, context, _ in QUESTIONS],
            "answer": answers,
            "answer_start": [[c.index(a) for a in found] for (_, c, _), found in zip(QUESTIONS, answers, strict=True)],
        }
    )
    return {
        "sequence_classification": text_frame,
        "several_labels": text_frame.assign(label=[[label, "film"] if "film" in text else [] for text, label in TEXTS]),
        "sentence_pair": pairs.assign(label=[label for _, _, label in PAIRS], split=split),
        "token_classification": sentence_frame,
        "regression": pairs.assign(score=[i / 2 for i in range(8)], split=split),
        MASKED: text_frame.drop(columns="label"),
        "question_answering": pd.concat(
            [asked.assign(split="train"), asked.assign(split="validation", row=asked["row"] + 10)], ignore_index=True
        ),
    }


@pytest.fixture
def make_run(tiny_checkpoint, frames):
    """make_run(task=..., **settings) -> a new Run on the tiny checkpoint; with_test adds a test split."""

    def make(with_test=False, **settings):
        settings = {"task": "sequence_classification", "checkpoint": tiny_checkpoint, "epochs": 2, "batch_size": 2} | settings  # fmt: skip
        frame = frames[settings["task"]]
        if settings["task"] == "several_labels":
            settings["task"] = "sequence_classification"
        if with_test:
            again = frame[frame["split"] == "validation"]
            frame = pd.concat([frame, again.assign(split="test", row=again["row"] + 100)], ignore_index=True)
        return create_run(validate(settings), frame, {"name": "test", "fingerprint": "0", "columns": {}})

    return make
