"""What a lesson is: a question, a sentence of the chapter, runs that answer it, and claims with the rule of their verdict

All texts are written in English and marked for translation. Whatever decides a verdict (arms, seeds, minimum effects) stands in the
lesson's module before any of its runs is made.
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
    """One way of training: its settings beside those of the lesson, its data where they differ, and where it stands in the figure.

    series, x: arms of one series are joined by a line over x; without x an arm stands alone under its title.
    """

    id: str
    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    series: str = ""
    x: float | None = None


@dataclass(frozen=True)
class Claim:
    """What is claimed, by which rule it is judged, and in which unit the effect is told: points, ratio, share, or a name of its own.

    statements: what of the chapter it speaks for. `rule` may hold {minimum} and {margin}, the smallest effect that counts and the one
    below which the claim is not supported, which `judge` uses.
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
    """One answer that a student can predict; `kinds`: the verdicts of the first claim that it foresees."""

    id: str
    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Anchor:
    """What somebody else measured: the sentence with its numbers, on which model, and where it stands."""

    text: str
    model: str
    source: str


@dataclass(frozen=True)
class Figure:
    """What is drawn of the outcomes, always with every seed and the majority line where there is one.

    kind: by_x (y over x, a line for each series), arms (a row of marks for each arm), measures (a row of marks for each of `names`,
    of all arms), heat (series over x, y as colour), curves (`measure` of the evaluations over steps, a line for each run).
    measure: score (on the test set), the name of something measured, or, for curves, validation_loss, train_eval_loss, train_loss or score.
    names: measured name -> title, for kind `measures`.
    """

    kind: str
    x_title: str = ""
    y_title: str = ""
    measure: str = "score"
    log_x: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WhatIf:
    """A second experiment, for who has time left: the question, and the settings and choices of a sweep that asks it."""

    question: str
    settings: Mapping[str, Any]
    choices: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Lesson:
    """One lesson. `settings` hold for all arms; `data` names what it is tried on (see lessons.data).

    minutes: of a class. measures: names of what is measured on the finished runs beside their test scores (see lessons.measuring).
    knob: the one setting that the student changes. limits: what the experiment cannot tell.
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
    anchors: tuple[Anchor, ...] = ()
    measures: tuple[str, ...] = ()
    seeds: int = SEEDS_RECORDED

    @property
    def statements(self) -> tuple[str, ...]:
        """What of the chapter its claims speak for, each once."""
        return tuple(dict.fromkeys(name for claim in self.claims for name in claim.statements))

    def config(self, arm: Arm, seed: int) -> RunConfig:
        """The settings of one run. Raises ConfigError."""
        return validate({**self.settings, **arm.settings, "seed": seed})

    def arm(self, name: str) -> Arm:
        """An arm by its id."""
        return next(arm for arm in self.arms if arm.id == name)


def make_arms(series: str, title: str, setting: str, values: Sequence[Any], **settings: Any) -> tuple[Arm, ...]:
    """One arm for each value of a setting, joined in a series."""
    return tuple(
        Arm(f"{series}@{value:g}", title, {**settings, setting: value}, series=series, x=float(value)) for value in values
    )


HEAD_ALONE = 2e-2  # on all six layers, about a hundred steps of eight texts
BODY = 3e-4  # two or three layers, about a hundred steps
TO_LOSS = {"pretrained": 1e-4, "shuffled": 1e-4, "random": 1e-4}  # start -> rate with the lowest validation loss (lesson 2)
TO_SCORE = {"pretrained": 3e-4, "shuffled": 1e-3, "random": 3e-4}  # start -> rate with the best validation score (lesson 2)
