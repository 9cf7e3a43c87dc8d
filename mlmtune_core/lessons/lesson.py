"""What a lesson is: a question, a statement of the chapter, runs, and claims with rules for verdicts.

All texts are in English and marked for translation. Whatever decides a verdict (arms, seeds, minimum effects) is fixed in the lesson's
module before any of its runs starts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlmtune_core.config import RunConfig, validate

if TYPE_CHECKING:
    from mlmtune_core.lessons.outcomes import Outcomes
    from mlmtune_core.lessons.verdicts import Verdict

SEEDS_LIVE, SEEDS_RECORDED, SEEDS_REPLICATE = 3, 5, 10


@dataclass(frozen=True)
class Arm:
    """One training condition of a lesson: the settings and data that differ from the lesson's, and its place in the figure.

    data: a name from lessons.data; empty for the lesson's own. series, x: arms of one series are joined by a line over x; an arm without
    x is drawn alone, under its title.
    """

    id: str
    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    series: str = ""
    x: float | None = None


@dataclass(frozen=True)
class Claim:
    """A sentence that the runs support or not, the rule that decides, and the unit of the effect: points, ratio, share, or another name.

    statements: keys of the chapter's statements that it tests. rule: may contain {minimum} and {margin}; the claim is supported if the
    effect lies above minimum, not supported if it lies below margin. judge: applies the rule.
    """

    id: str
    statements: tuple[str, ...]
    sentence: str
    rule: str
    unit: str
    judge: "Callable[[Outcomes], Verdict]"
    minimum: float = 0.0
    margin: float = 0.0


@dataclass(frozen=True)
class Option:
    """One prediction that a student can choose; `kinds`: the verdicts of the first claim with which it is right."""

    id: str
    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class PublishedResult:
    """A result that others measured: a sentence with its numbers, the model, and the source."""

    text: str
    model: str
    source: str


@dataclass(frozen=True)
class Figure:
    """How the outcomes are drawn: always every seed, and the trivial predictor's score if the runs share one.

    kind: by_x (y over x, one line per series), arms (one row of marks per arm), measures (one row of marks per entry of `names`, all
    arms), heat (series over x, y as colour), curves (`measure` of the evaluations over steps, one line per run).
    measure: score (test set), a key of measures.MEASURES, or, for curves, validation_loss, train_eval_loss, train_loss or score.
    names: measure -> title, for kind `measures`.
    """

    kind: str
    x_title: str = ""
    y_title: str = ""
    measure: str = "score"
    log_x: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WhatIf:
    """An optional second experiment: the question, and the settings and choices of the sweep that answers it."""

    question: str
    settings: Mapping[str, Any]
    choices: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Lesson:
    """One lesson. `settings` apply to all arms; `data` is a name from lessons.data.

    minutes: of class time. knob: the one setting that the student changes. limits: what the experiment cannot show. measures: keys of
    measures.MEASURES, computed on each finished run in addition to its test score.
    """

    id: str
    title: str
    question: str
    minutes: int
    takeaway: str
    data: str
    knob: str
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...]
    options: tuple[Option, ...]
    tasks: tuple[str, ...]
    limits: str
    figure: Figure
    what_if: WhatIf
    settings: Mapping[str, Any] = field(default_factory=dict)
    published_results: tuple[PublishedResult, ...] = ()
    measures: tuple[str, ...] = ()
    seeds: int = SEEDS_RECORDED

    @property
    def statements(self) -> tuple[str, ...]:
        """Returns the keys of the statements that its claims test, each once."""
        return tuple(dict.fromkeys(name for claim in self.claims for name in claim.statements))

    def config(self, arm: Arm, seed: int) -> RunConfig:
        """Returns the settings of one run. Raises ConfigError if they are invalid."""
        return validate({**self.settings, **arm.settings, "seed": seed})

    def arm(self, name: str) -> Arm:
        """Returns the arm with the id `name`."""
        return next(arm for arm in self.arms if arm.id == name)


def make_arms(series: str, title: str, setting: str, values: Sequence[Any], **settings: Any) -> tuple[Arm, ...]:
    """Returns one arm per value of a setting, as one series."""
    return tuple(
        Arm(f"{series}@{value:g}", title, {**settings, setting: value}, series=series, x=float(value)) for value in values
    )


HEAD_ONLY_RATE = 2e-2  # for a head on all six frozen layers, about 100 steps of 8 texts
BODY_RATE = 3e-4  # for an encoder of two or three layers, about 100 steps
RATES_FOR_LOSS = {"pretrained": 1e-4, "shuffled": 1e-4, "random": 1e-4}  # initial weights -> learning rate with the lowest validation loss (lesson 2)
RATES_FOR_SCORE = {"pretrained": 3e-4, "shuffled": 1e-3, "random": 3e-4}  # initial weights -> learning rate with the best validation score (lesson 2)
