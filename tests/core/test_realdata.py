"""What was promised on real public data, where its folder stands beside the repository; training takes minutes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlmtune_core.data import checking, columns
from mlmtune_core.data.readers.table import read_file
from mlmtune_core.inspecting.review import review

ROOT = Path(__file__).parent.parent.parent
REALDATA = ROOT.parent / "shared" / "realdata"
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not REALDATA.is_dir(), reason=f"the public data sets are not at {REALDATA}"),
]
UCI = ("amazon_labelled.txt", "imdb_labelled.txt", "yelp_labelled.txt")


@pytest.fixture(scope="session")
def uci(tmp_path_factory):
    path = tmp_path_factory.mktemp("uci") / "uci_sentiment.txt"
    path.write_bytes(b"".join((REALDATA / "uci_sentiment_en" / name).read_bytes() for name in UCI))
    return path


def train(*options):
    done = subprocess.run(
        [sys.executable, "-m", "mlmtune_core", "train", *map(str, options), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def look(*paths):
    """(Table, task, Report) of a file, all guessed."""
    table = read_file(paths[0] if paths[0].is_absolute() else REALDATA / paths[0])
    task = columns.guess_task(table.rows)[0]
    return table, task, checking.check(table.rows, task, columns.choose_columns(table.rows, task, {}))


def found(report):
    return {problem.kind: problem for problem in report.problems}


def test_all_3000_rows_of_the_three_files_are_read(uci):
    _, task, report = look(uci)
    assert task == "sequence_classification"
    assert report.rows_read == report.rows_kept == 3000 and report.labels == {"0": 1500, "1": 1500}


def test_sms_spam():
    _, task, report = look(Path("sms_spam_en/SMSSpamCollection"))
    assert task == "sequence_classification" and report.columns == {"text": "SMS", "label": "Label"}
    assert report.rows_read == report.rows_kept == 5574 and report.labels == {"ham": 4827, "spam": 747}
    assert found(report)["imbalance"].values == {"share": 87, "label": "ham"}


@pytest.mark.parametrize(("part", "rows", "without"), [("dev", 1289, 16), ("test", 1277, 23)])
def test_snli_rows_without_gold_label_are_counted_and_named(part, rows, without):
    _, task, report = look(Path(f"snli_en/snli_1.0_{part}.jsonl"))
    assert task == "sentence_pair"
    assert report.columns == {"text": "sentence1", "second_text": "sentence2", "label": "gold_label"}
    assert report.rows_read == rows and report.rows_kept == rows - without
    assert found(report)["missing_label"].count == without == len(report.dropped)
    assert set(report.labels) == {"entailment", "neutral", "contradiction"}


@pytest.mark.parametrize(
    ("part", "rows"),
    [("tweets", 4200), ("movieReviewSnippets", 10605), ("amazonReviewSnippets", 3708), ("nytEditorialSnippets", 5190)],
)
def test_vader(part, rows):
    table, task, report = look(Path(f"vader_en/{part}_GroundTruth.txt"))
    assert task == "regression" and report.columns == {"text": "column 3", "score": "column 2"}
    assert report.rows_read == report.rows_kept == rows and not table.format.header
    assert -4 <= report.examples["score"].min() < report.examples["score"].max() <= 4


@pytest.mark.parametrize(
    ("path", "sentences", "words"),
    [
        ("wnut17_en/wnut17train.conll", 3394, 62730),
        ("wnut17_en/emerging.dev.conll", 1009, 15733),
        ("wnut17_en/emerging.test.annotated", 1287, 23394),
        ("lener_br_pt/train.conll", 7827, 229277),
        ("lener_br_pt/dev.conll", 1176, 41166),
        ("lener_br_pt/test.conll", 1389, 47630),
        ("ud_bosque_pt/pt_bosque-ud-dev.conllu", 1172, 28447),
        ("ud_bosque_pt/pt_bosque-ud-test.conllu", 1167, 27604),
    ],
)
def test_sentences_break_where_they_should(path, sentences, words):
    _, task, report = look(Path(path))
    assert task == "token_classification" and report.rows_read == report.rows_kept == sentences
    assert sum(map(len, report.examples["words"])) == words


@pytest.mark.parametrize(("part", "count"), [("dev", 2063), ("test", 2015)])
def test_bosque_multiword_tokens_are_said_and_tags_are_parts_of_speech(part, count):
    table, _, report = look(Path(f"ud_bosque_pt/pt_bosque-ud-{part}.conllu"))
    assert table.format.remark[1] == {"count": count}
    assert report.columns == {"words": "form", "tags": "upos"} and report.labels["NOUN"] > 5000


def test_xquad():
    _, task, report = look(Path("xquad_en/xquad.en.json"))
    assert task == "question_answering" and report.rows_read == report.rows_kept == 1190 and not report.problems


@pytest.mark.parametrize(("part", "rows", "repaired", "left_out"), [("train", 837, 30, 0), ("dev", 63, 2, 2)])
def test_faquad_wrong_positions_are_found_and_repaired_where_the_text_occurs_once(part, rows, repaired, left_out):
    """34 wrong positions in all: 32 repaired; one text stands nowhere in its context, one in several places."""
    _, task, report = look(Path(f"faquad_pt/{part}.json"))
    assert task == "question_answering" and report.rows_read == report.rows_kept == rows
    assert found(report)["repaired"].values == {"answers": repaired}
    assert ("dropped_answer" in found(report)) == bool(left_out)
    for row in report.examples.to_dict("records"):
        for answer, start in zip(row["answer"], row["answer_start"], strict=True):
            assert row["context"][start : start + len(answer)] == answer


@pytest.mark.realdata
def test_full_fine_tuning_reaches_091(uci):
    result = train(uci, "--task", "sequence_classification", "--strategy", "full", "--epochs", 3, "--max-length", 64)
    assert result["train_examples"] + result["validation_examples"] == 3000
    assert result["best"]["metrics"]["accuracy"] >= 0.91


@pytest.mark.realdata
def test_the_head_alone_reaches_082(uci):
    result = train(uci, "--task", "sequence_classification", "--strategy", "head_only", "--epochs", 3)
    assert result["best"]["metrics"]["accuracy"] >= 0.82 and result["frozen_unchanged"]


@pytest.mark.realdata
def test_entities_of_tweets_reach_050():
    folder = REALDATA / "wnut17_en"
    result = train(
        folder / "wnut17train.conll",
        "--validation",
        folder / "emerging.dev.conll",
        "--task",
        "token_classification",
        "--strategy",
        "full",
        "--epochs",
        3,
    )
    assert result["best"]["metrics"]["entity_f1"] >= 0.50


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("train_file", "validation", "options", "metric", "floor"),
    [
        ("snli_en/snli_1.0_dev.jsonl", "snli_en/snli_1.0_test.jsonl", ["--epochs", 4, "--max-length", 64], "accuracy", 0.65),
        ("lener_br_pt/train.conll", "lener_br_pt/dev.conll", ["--epochs", 6, "--examples", 2000], "entity_f1", 0.60),
        ("vader_en/tweets_GroundTruth.txt", None, ["--epochs", 3, "--max-length", 64], "pearson", 0.70),
        ("faquad_pt/train.json", "faquad_pt/dev.json", ["--epochs", 3, "--max-length", 256], "answer_f1", None),
    ],
)  # fmt: skip
def test_floors_of_full_fine_tuning(tmp_path, train_file, validation, options, metric, floor):
    """The floor of answers is the trivial predictor: the first sentence of the context."""
    out = tmp_path / "run"
    given = ["--validation", REALDATA / validation] if validation else []
    result = train(REALDATA / train_file, *given, "--strategy", "full", *options, "--out", out)
    if floor is None:
        floor = review(str(out))["baseline"][metric]
    assert result["best"]["metrics"][metric] > floor
