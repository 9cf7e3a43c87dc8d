"""Display names of tasks, roles, splits, metrics, states, strategies and settings; values with their units."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlmtune_core.language import Translate, format_number, format_percent


def task_names(tr: Translate) -> dict[str, str]:
    """Returns task id -> name."""
    return {
        "sequence_classification": tr("Classify a text"),
        "sentence_pair": tr("Classify a pair of texts"),
        "token_classification": tr("Label every word"),
        "regression": tr("Predict a number"),
        "question_answering": tr("Answer a question"),
        "masked_words": tr("Guess masked words"),
    }


def role_names(tr: Translate) -> dict[str, str]:
    """Returns role -> name of the column."""
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
    """Returns the name of a column; translates “column 1”, the name given to columns of a file without header."""
    word, _, number = name.partition(" ")
    return tr("column {number}").format(number=number) if word == "column" and number.isdigit() else name


def split_names(tr: Translate) -> dict[str, str]:
    """Returns split id -> name."""
    return {"train": tr("to learn from"), "validation": tr("to measure with"), "test": tr("for the test at the end")}


def metric_names(tr: Translate) -> dict[str, str]:
    """Returns metric id -> name."""
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
    """Returns task id -> description of the baseline (trivial predictor)."""
    return {
        "sequence_classification": tr("always the most frequent label"),
        "sentence_pair": tr("always the most frequent label"),
        "token_classification": tr("always the most frequent tag"),
        "regression": tr("always the mean score"),
        "question_answering": tr("always the first sentence of the context"),
        "masked_words": tr("each word as often as in the training texts (unigrams)"),
    }


def format_labels(tr: Translate, label: str | Sequence[str]) -> str:
    """Formats a label or a list of labels, which may be empty."""
    return label if isinstance(label, str) else ", ".join(label) or tr("none of the labels")


def format_metric(language: str, name: str, value: float) -> str:
    """Formats a metric: a share as percent, a correlation or error as a number."""
    if name in ("pearson", "spearman", "rmse", "masked_loss"):
        return format_number(language, value, 3)
    return format_percent(language, value, 1)


def axis_names(tr: Translate) -> dict[str, str]:
    """Returns metric id -> short name for an axis, only for the metrics that rank runs (RANKED_BY)."""
    return {"accuracy": tr("Accuracy"), "entity_f1": "F1", "answer_f1": "F1", "pearson": "Pearson r", "masked_loss": tr("Masked (nats)")}


def state_names(tr: Translate) -> dict[str, str]:
    """Returns state of a run -> name."""
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
    """Returns diagnosis of a run (see runs/diagnosis) -> name."""
    return {
        "ok": tr("Going well"),
        "crawling": tr("Crawling"),
        "collapsed": tr("Collapsed"),
        "exploding": tr("Exploding"),
        "memorising": tr("Learning by heart"),
        "nan": tr("No longer a number"),
    }


def verdict_names(tr: Translate) -> dict[str, str]:
    """Returns kind of verdict -> name."""
    return {"supported": tr("Supported"), "not_supported": tr("Not supported"), "inconclusive": tr("Inconclusive")}


def format_effect(tr: Translate, language: str, unit: str, verdict: Mapping[str, Any]) -> str:
    """Formats the effect of a verdict with its interval, in the unit of its claim: percentage points, ratios with ×, or a plain number.

    Adds digits where a rounded end of the interval would equal the limit that it is compared with.
    """
    effect, low, high = (verdict[name] for name in ("effect", "low", "high"))
    if unit == "points":
        pairs = [(100 * end, 100 * limit) for end in (low, high) for limit in (verdict["minimum"], verdict["margin"]) if end != limit]
        digits = next((digits for digits in (1, 2, 3) if all(f"{end:.{digits}f}" != f"{limit:.{digits}f}" for end, limit in pairs)), 4)
        values = [format_number(language, 100 * value, digits, signed=True) for value in (effect, low, high)]
        return tr("{effect} points [{low}, {high}]").format(effect=values[0], low=values[1], high=values[2])
    values = [format_number(language, value, 2, signed=unit != "ratio") for value in (effect, low, high)]
    sign = "× " if unit == "ratio" else ""
    return f"{sign}{values[0]} [{values[1]}, {values[2]}]"


def format_side(language: str, unit: str, value: float) -> str:
    """Formats the value of one side of a comparison: scores out of 100, counts without decimals, other units with decimals."""
    if unit == "points":
        return format_number(language, 100 * value, 1)
    return format_number(language, value, 0 if value == round(value) else 2 if value < 10 else 1)


def strategy_name(tr: Translate, strategy: str) -> str:
    """Returns the name of a strategy, given as in RunConfig."""
    if strategy.startswith("last_layers"):
        return tr("last {count} layers and head").format(count=strategy.partition(":")[2])
    if strategy.startswith("lora"):
        return tr("LoRA, rank {rank}").format(rank=strategy.partition(":")[2])
    return {"full": tr("full fine-tuning"), "head_only": tr("head only"), "gradual": tr("gradual unfreezing")}[strategy]


def describe_unfreezing(tr: Translate, language: str, rows: Sequence[dict[str, Any]]) -> str:
    """Describes when layers were unfrozen, from the Unfrozen events of a run; "" if there are none."""
    moments = [
        tr("{layers} after step {step}").format(layers=row["layers"], step=format_number(language, row["step"]))
        for row in rows
        if row["kind"] == "Unfrozen"
    ]
    return tr("Layers that learn, from the top: {moments}.").format(moments=", ".join(moments)) if moments else ""


def choice_names(tr: Translate) -> dict[str, dict[str, str]]:
    """Returns setting -> value -> name, for settings whose values are words."""
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


def format_choice(tr: Translate, name: str, value: Any) -> Any:
    """Returns the display name of a setting's value: words translated, bool as yes or no, numbers unchanged."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return choice_names(tr).get(name, {}).get(value, value)
