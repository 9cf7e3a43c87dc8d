"""What tasks, roles, splits, metrics and states are called on the pages."""

from mlmtune_core.data.reading import Format
from mlmtune_core.translating import Translate


def task_names(tr: Translate) -> dict[str, str]:
    """task id -> its name."""
    return {"sequence_classification": tr("Classify a text"), "token_classification": tr("Label every word")}


def role_names(tr: Translate) -> dict[str, str]:
    """role -> what the column holds."""
    return {
        "text": tr("Column of the text"),
        "label": tr("Column of the label"),
        "words": tr("Column of the words"),
        "tags": tr("Column of the tags"),
    }


def column_name(tr: Translate, name: str) -> str:
    """A column as it is called in the file, or by its place where the file gives no names."""
    word, _, number = name.partition(" ")
    return tr("column {number}").format(number=number) if word == "column" and number.isdigit() else name


def split_names(tr: Translate) -> dict[str, str]:
    """split id -> its name."""
    return {"train": tr("to learn from"), "validation": tr("to measure with")}


def metric_names(tr: Translate) -> dict[str, str]:
    """metric id -> its name."""
    return {
        "accuracy": tr("Accuracy"),
        "macro_f1": tr("F1, mean over the labels"),
        "entity_f1": tr("F1 of whole entities"),
        "entity_precision": tr("Precision of whole entities"),
        "entity_recall": tr("Recall of whole entities"),
        "token_accuracy": tr("Accuracy per word"),
    }


def axis_names(tr: Translate) -> dict[str, str]:
    """metric id -> a name short enough for an axis; only of those that rank runs."""
    return {"accuracy": tr("Accuracy"), "entity_f1": "F1"}


def state_names(tr: Translate) -> dict[str, str]:
    """state of a run -> its name."""
    return {
        "queued": tr("waiting for a free worker"),
        "preparing": tr("preparing"),
        "training": tr("learning"),
        "evaluating": tr("measuring"),
        "saving": tr("keeping the best model"),
        "finished": tr("finished"),
        "stopped": tr("stopped"),
        "failed": tr("failed"),
        "interrupted": tr("interrupted"),
    }


def strategy_name(tr: Translate, strategy: str) -> str:
    """A strategy as it is written in RunConfig -> its name."""
    if strategy.startswith("last_layers"):
        return tr("last {count} layers and head").format(count=strategy.partition(":")[2])
    return {"full": tr("full fine-tuning"), "head_only": tr("head only")}[strategy]


def format_names(tr: Translate, form: Format) -> str:
    """One line on how a file was read."""
    if form.kind == "jsonl":
        return tr("Read as JSON Lines, {encoding}.").format(encoding=form.encoding)
    if form.kind == "conll":
        return tr("Read as CoNLL columns, {encoding}: one word a line, an empty line ends a sentence.").format(
            encoding=form.encoding
        )
    delimiter = {"\t": tr("tab"), ",": tr("comma"), ";": tr("semicolon"), "|": tr("bar")}.get(
        form.delimiter, tr("none")
    )
    quotes = tr("quotes enclose cells") if form.quoted else tr("quotes are plain signs")
    return tr("Read as a table, {encoding}; delimiter: {delimiter}; {quotes}.").format(
        encoding=form.encoding, delimiter=delimiter, quotes=quotes
    )
