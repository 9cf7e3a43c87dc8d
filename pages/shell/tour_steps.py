"""The steps of the tour: what to do on which page, why, and when it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from mlmtune_core.language import mark
from mlmtune_core.runs.run import ENDED

DONE = "done"


@dataclass(frozen=True)
class Standing:
    """What the tour looks at: the page, the choices of the visit, and how far its run has come."""

    page: str
    has_data: bool
    strategy: str = ""
    has_run: bool = False
    state: str = ""
    has_model: bool = False
    measured: bool = False  # after an epoch
    resumed: bool = False
    asked: bool = False

    @property
    def ended(self) -> bool:
        return self.state in (*ENDED, "interrupted")


@dataclass(frozen=True)
class Step:
    """What to do on which page, why, the terms in these two sentences, and when it is done. page.css marks what it is done with."""

    id: str
    page: str
    says: str
    why: str
    terms: tuple[str, ...]
    done: Callable[[Standing], bool]


STEPS = (
    Step(
        "open",
        "home",
        mark("Press “Open the sample”."),
        mark("A model learns from examples: here short texts, each with the label that it should give."),
        ("label",),
        lambda now: now.has_data and now.page != "home",
    ),
    Step(
        "tokens",
        "data",
        mark("Look at [the first texts below](#tokens), then press “Go on: train on these data”."),
        mark("The model reads tokens, not words: ## continues a word, [CLS] stands in front, [SEP] at the end."),
        ("token", "cls", "sep"),
        lambda now: now.has_data and now.page == "train",
    ),
    Step(
        "strategy",
        "train",
        mark("Under “What may learn?” choose “Everything (full)”."),
        mark("So far only the head would learn, a tiny share of the weights; the drawing shows which ones do."),
        ("head", "weight"),
        lambda now: now.has_data and now.page == "train" and now.strategy == "full",
    ),
    Step(
        "start",
        "train",
        mark("Press “Start”."),
        mark("Nothing can break: the run trains a copy, and the pre-trained checkpoint stays as it is."),
        ("run", "checkpoint"),
        lambda now: now.has_run,
    ),
    Step(
        "evaluation",
        "watch",
        mark("Watch the curves until the first epoch is over."),
        mark("The loss should fall. After each epoch the model is measured on the validation set, from which it never learns."),
        ("epoch", "loss", "validation_set"),
        lambda now: now.measured or now.ended,
    ),
    Step(
        "pause",
        "watch",
        mark("Press “Pause”."),
        mark("Then you can read the curves at leisure: above the loss, below the score, with a line for the baseline."),
        ("loss", "baseline"),
        lambda now: now.state == "paused" or now.resumed,
    ),
    Step(
        "continue",
        "watch",
        mark("Press “Continue”."),
        mark("The run goes on at the step where it stood, to the bit, as if there had been no pause."),
        ("run", "step"),
        lambda now: now.ended or (now.resumed and now.state != "paused"),
    ),
    Step(
        "model",
        "watch",
        mark("When the run has ended, press “Open the model”. “Stop” ends it now."),
        mark("What is kept is the model of the best evaluation, not the last one."),
        ("evaluation",),
        lambda now: now.has_model and now.page == "inspect",
    ),
    Step(
        "ask",
        "inspect",
        mark("Write an opinion of your own, in the language of the sample, and press Enter."),
        mark("It goes all the way: tokens, encoder, the vector of [CLS], head, logits, softmax."),
        ("token", "encoder", "vector", "cls", "head", "logit", "softmax"),
        lambda now: now.asked,
    ),
)
IDS = (*(step.id for step in STEPS), DONE)


def find_step(reached: str, now: Standing) -> str:
    """Returns the id of the next step: the one after the last that is done, in whatever order; what was lost must be done again."""
    if reached == DONE:
        return DONE
    at = IDS.index(reached)
    if not now.has_run:
        at = min(at, IDS.index("start"))
        at = at if now.has_data else 0
    return IDS[max([at, *(place + 1 for place, step in enumerate(STEPS) if step.done(now))])]
