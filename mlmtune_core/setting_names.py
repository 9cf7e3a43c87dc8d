"""What the choices of a setting are called on pages and in what is taken home"""

from typing import Any

from mlmtune_core.translating import Translate


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
