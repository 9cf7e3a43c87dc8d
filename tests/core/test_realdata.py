"""What was promised on real public data, where its folder stands beside the repository; training takes minutes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlmtune_core.data import checking, columns
from mlmtune_core.data.reading import read_file

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


def test_all_3000_rows_of_the_three_files_are_read(uci):
    table = read_file(uci)
    report = checking.check(
        table.rows, "sequence_classification", columns.choose(table.rows, "sequence_classification", {})
    )
    assert report.rows_read == report.rows_kept == 3000 and report.labels == {"0": 1500, "1": 1500}


@pytest.mark.parametrize(
    ("path", "sentences"),
    [("wnut17_en/wnut17train.conll", 3394), ("wnut17_en/emerging.dev.conll", 1009), ("lener_br_pt/train.conll", 7827)],
)
def test_sentences_break_where_they_should(path, sentences):
    assert len(read_file(REALDATA / path).rows) == sentences


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
