"""What tasks, roles, splits, metrics and states are called on the pages and in what is taken home."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlmtune_core.language import Translate, write_number, write_percent


def task_names(tr: Translate) -> dict[str, str]:
    """task id -> its name."""
    return {
        "sequence_classification": tr("Classify a text"),
        "sentence_pair": tr("Classify a pair of texts"),
        "token_classification": tr("Label every word"),
        "regression": tr("Predict a number"),
        "question_answering": tr("Answer a question"),
        "masked_words": tr("Guess masked words"),
    }


def role_names(tr: Translate) -> dict[str, str]:
    """role -> what the column holds."""
    return {
        "text": tr("Text"),
        "second_text": tr("Second text"),
        "label": tr("Label"),
        "words": tr("Words"),
        "tags": tr("Tags"),
        "score": tr("Score (a number)"),
        "question": tr("Question"),
        "context": tr("Context"),
        "answer": tr("Answer"),
        "split": tr("Split"),
    }


def column_name(tr: Translate, name: str) -> str:
    """A column as it is called in the file, or by its place where the file gives no names."""
    word, _, number = name.partition(" ")
    return tr("column {number}").format(number=number) if word == "column" and number.isdigit() else name


def split_names(tr: Translate) -> dict[str, str]:
    """split id -> its name."""
    return {"train": tr("to learn from"), "validation": tr("to measure with"), "test": tr("for the test at the end")}


def metric_names(tr: Translate) -> dict[str, str]:
    """metric id -> its name."""
    return {
        "accuracy": tr("Accuracy"),
        "macro_f1": tr("F1, mean over the labels"),
        "entity_f1": tr("F1 of whole entities"),
        "entity_precision": tr("Precision of whole entities"),
        "entity_recall": tr("Recall of whole entities"),
        "token_accuracy": tr("Accuracy per word"),
        "micro_f1": tr("F1 over all labels"),
        "pearson": tr("Pearson correlation"),
        "spearman": tr("Spearman rank correlation"),
        "rmse": tr("Root mean squared error"),
        "answer_f1": tr("F1 over the words of answers"),
        "exact_match": tr("Exact match"),
        "masked_loss": tr("Cross-entropy of masked words"),
        "masked_accuracy": tr("Masked words guessed"),
    }


def baseline_names(tr: Translate) -> dict[str, str]:
    """task id -> the trivial predictor that a model must beat."""
    return {
        "sequence_classification": tr("always the most frequent label"),
        "sentence_pair": tr("always the most frequent label"),
        "token_classification": tr("always the most frequent tag"),
        "regression": tr("always the mean score"),
        "question_answering": tr("always the first sentence of the context"),
        "masked_words": tr("each word as often as in the training texts (unigrams)"),
    }


def label_names(tr: Translate, label: str | Sequence[str]) -> str:
    """A label, or several, or none of them, as one text."""
    return label if isinstance(label, str) else ", ".join(label) or tr("none of the labels")


def metric_value(language: str, name: str, value: float) -> str:
    """A share as percent, a correlation or an error as a number."""
    write = write_number if name in ("pearson", "spearman", "rmse", "masked_loss") else write_percent
    return write(language, value, 3 if write is write_number else 1)


def axis_names(tr: Translate) -> dict[str, str]:
    """metric id -> a name short enough for an axis; only of those that rank runs."""
    return {"accuracy": tr("Accuracy"), "entity_f1": "F1", "answer_f1": "F1", "pearson": "Pearson r", "masked_loss": tr("Masked (nats)")}


def state_names(tr: Translate) -> dict[str, str]:
    """state of a run -> its name."""
    return {
        "queued": tr("waiting for a free worker"),
        "preparing": tr("preparing"),
        "training": tr("learning"),
        "evaluating": tr("measuring"),
        "saving": tr("keeping the best model"),
        "paused": tr("paused"),
        "testing": tr("measuring on the test set"),
        "finished": tr("finished"),
        "stopped": tr("stopped"),
        "failed": tr("failed"),
        "interrupted": tr("interrupted"),
    }


def diagnosis_names(tr: Translate) -> dict[str, str]:
    """kind of a run (see diagnosis) -> what it does."""
    return {
        "ok": tr("Going well"),
        "crawling": tr("Crawling"),
        "collapsed": tr("Collapsed"),
        "exploding": tr("Exploding"),
        "memorising": tr("Learning by heart"),
        "nan": tr("No longer a number"),
    }


def verdict_names(tr: Translate) -> dict[str, str]:
    """kind of a verdict -> what it says of a claim."""
    return {"supported": tr("Supported"), "not_supported": tr("Not supported"), "inconclusive": tr("Inconclusive")}


def effect_text(tr: Translate, language: str, unit: str, verdict: Mapping[str, Any]) -> str:
    """The effect of a verdict with its interval, in the unit of its claim: differences of scores as percentage points, ratios with ×.

    Where a rounded end would look like the limit that it keeps away from, all are told to more digits.
    """
    effect, low, high = (verdict[name] for name in ("effect", "low", "high"))
    if unit == "points":
        pairs = [(100 * end, 100 * limit) for end in (low, high) for limit in (verdict["minimum"], verdict["margin"]) if end != limit]
        digits = next((digits for digits in (1, 2, 3) if all(f"{end:.{digits}f}" != f"{limit:.{digits}f}" for end, limit in pairs)), 4)
        told = [write_number(language, 100 * value, digits, signed=True) for value in (effect, low, high)]
        return tr("{effect} points [{low}, {high}]").format(effect=told[0], low=told[1], high=told[2])
    told = [write_number(language, value, 2, signed=unit != "ratio") for value in (effect, low, high)]
    sign = "× " if unit == "ratio" else ""
    return f"{sign}{told[0]} [{told[1]}, {told[2]}]"


def side_text(language: str, unit: str, value: float) -> str:
    """One of the two sides of a verdict, in the unit of its claim: scores of 100, counts whole, all others as they are."""
    if unit == "points":
        return write_number(language, 100 * value, 1)
    return write_number(language, value, 0 if value == round(value) else 2 if value < 10 else 1)


def strategy_name(tr: Translate, strategy: str) -> str:
    """A strategy as it is written in RunConfig -> its name."""
    if strategy.startswith("last_layers"):
        return tr("last {count} layers and head").format(count=strategy.partition(":")[2])
    if strategy.startswith("lora"):
        return tr("LoRA, rank {rank}").format(rank=strategy.partition(":")[2])
    return {"full": tr("full fine-tuning"), "head_only": tr("head only"), "gradual": tr("gradual unfreezing")}[strategy]


def say_unfreezing(tr: Translate, language: str, rows: Sequence[dict[str, Any]]) -> str:
    """When layers began to learn, from the events of a run that say so; an empty text where none of them does."""
    told = [
        tr("{layers} after step {step}").format(layers=row["layers"], step=write_number(language, row["step"]))
        for row in rows
        if row["kind"] == "Unfrozen"
    ]
    return tr("Layers that learn, from the top: {moments}.").format(moments=", ".join(told)) if told else ""


def choice_names(tr: Translate) -> dict[str, dict[str, str]]:
    """setting -> value -> its name, of those whose values are words."""
    return {
        "initial_weights": {
            "pretrained": tr("as pre-trained"),
            "shuffled": tr("shuffled within each matrix"),
            "random": tr("drawn at random"),
        },
        "head": {
            "linear": tr("linear: one layer, z = hW + b"),
            "pooler": tr("pooler: BERT's own, a layer with tanh before it"),
            "mlp": tr("mlp: a hidden layer with GELU before it"),
        },
        "pooling": {
            "cls": tr("the vector of [CLS]"),
            "mean": tr("the mean of the vectors of all tokens"),
            "max": tr("the largest value of all tokens at each place"),
            "last4": tr("the vectors of [CLS] in the last four layers"),
        },
        "truncation": {
            "head": tr("the beginning"),
            "tail": tr("the end"),
            "both": tr("a quarter from the beginning, the rest from the end"),
        },
    }


def say_choice(tr: Translate, name: str, value: Any) -> Any:
    """The value of setting `name` as people read it: words translated, yes and no; numbers as they are."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return choice_names(tr).get(name, {}).get(value, value)
