"""Writes a model's answers to all evaluated examples as CSV for a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlmtune_core.data.columns import INPUT_ROLES, to_records
from mlmtune_core.data.readers.cells import escape_formula
from mlmtune_core.inspecting.predicting import TaskModel, find_logits, load_run
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import write_atomically
from mlmtune_core.tasks import TASKS
from mlmtune_core.workers import progress

TOGETHER = 64  # examples between two progress reports


def write_answers(run: Run, file: Path) -> None:
    """Writes validation, then test: split, row, texts, true, predicted, probability; for labelled texts each label's probability.

    A sentence is a row per word. UTF-8 with BOM, and safe to open in a spreadsheet (see `escape_formula`). Raises RunError before a model is kept.
    """
    trained = load_run(run)
    frame = run.data()
    frame = frame[frame["split"].isin(("validation", "test"))].sort_values("split", ascending=False, kind="stable")
    records = to_records(frame)
    rows: list[dict[str, Any]] = []
    for start in progress.each(range(0, len(records), TOGETHER), -(-len(records) // TOGETHER)):
        for record, example, answer in _answer(trained, records[start : start + TOGETHER]):
            rows += _to_rows(record, TASKS[trained.config.task].find_truth(example), answer)
    text = io.StringIO()
    table = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    table.writerow({name: escape_formula(name) for name in table.fieldnames})
    table.writerows({name: escape_formula(cell) for name, cell in row.items()} for row in rows)
    write_atomically(file, text.getvalue().encode("utf-8-sig"))


def _answer(trained: TaskModel, records: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Any, dict[str, Any]]]:
    """Returns (record, example, answer as the task explains it)."""
    task = TASKS[trained.config.task]
    examples, encoded = trained.encode(records)
    logits = find_logits(trained, encoded)
    of_example: list[list[int]] = [[] for _ in records]
    for i, item in enumerate(encoded):
        of_example[item.example].append(i)
    for record, example, those in zip(records, examples, of_example, strict=True):
        parts = [logits[i] for i in those], [encoded[i] for i in those]
        alone = [replace(item, example=0) for item in parts[1]]
        yield record, example, task.explain(parts[0], alone, example, trained.label_names, trained.tokenizer)


def _to_rows(record: dict[str, Any], truth: Any, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of one example: one, or one per word."""
    begin = {"split": record["split"], "row": int(record["row"])}
    if answer["view"] == "words":
        return [
            begin | {"word_number": i, "word": word["word"], "true": tag, "predicted": word["label"], "probability": word["probabilities"][word["label"]]}
            for i, (word, tag) in enumerate(zip(answer["words"], truth, strict=True), start=1)
        ]  # fmt: skip
    begin |= {role: record[role] for role in INPUT_ROLES if role in record}
    if answer["view"] == "number":
        return [begin | {"true": truth, "predicted": answer["value"]}]
    if answer["view"] == "span":
        said = answer["answer"]
        share = next((span["probability"] for span in answer["spans"] if span["text"] == said), "")
        return [begin | {"true": " | ".join(truth), "predicted": said, "probability": share}]
    shares = {f"probability: {label}": share for label, share in answer["probabilities"].items()}
    if answer["several"]:
        return [begin | {"true": " | ".join(truth), "predicted": " | ".join(answer["label"])} | shares]
    return [begin | {"true": truth, "predicted": answer["label"], "probability": answer["probabilities"][answer["label"]]} | shares]  # fmt: skip
