"""Lesson 6, the right rate: too low crawls, too high destroys, and a valley lies between."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import Claim, Figure, Lesson, Option, PublishedResult, WhatIf, make_arms
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

RATES = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
SLOW, DESTROYED = ("crawling", "collapsed"), ("collapsed", "exploding", "nan")
MIN_GAIN = 0.05


def judge_valley(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, how far the best rate scores above BOTH the lowest and the highest; 0 if one of them does not fail as expected."""
    arms = outcomes.arms()
    best = outcomes.best_of(arms[1:-1])
    gains = []
    for low, middle, high in zip(outcomes.runs_of(arms[0]), outcomes.runs_of(best), outcomes.runs_of(arms[-1]), strict=True):
        fails = low.run_class in SLOW and high.run_class in DESTROYED
        gains.append(middle.score - max(low.score, high.score) if fails else 0.0)
    return judge_each_seed(gains, minimum=MIN_GAIN, margin=MIN_GAIN)


LESSON = Lesson(
    id="6",
    title=mark("The right rate"),
    question=mark("How far should each step move the pre-trained weights?"),
    minutes=10,
    takeaway=mark("The rate alone can make the same run stand still, succeed, or fall apart: try it in powers of ten before you touch any other setting."),
    data="news",
    knob="learning_rate",
    settings={
        "strategy": "full",
        "first_layers": 2,
        "max_length": 24,
        "train_examples": 160,
        "epochs": 4,
        "patience": 0,
    },
    arms=make_arms("rate", mark("Learning rate of the body"), "learning_rate", RATES),
    claims=(
        Claim(
            "valley",
            ("T5.2",),
            mark("The best rate lies in between: the lowest of the nine learns next to nothing, and the highest destroys what was pre-trained."),
            mark(
                "Supported if, in every seed, the run at the lowest rate crawls (or has not left the majority class), the run at the highest rate collapses or explodes, and the best "
                "rate between them scores more than {minimum} above both. Not supported if no seed shows all of this."
            ),
            "points",
            judge_valley,
            minimum=MIN_GAIN,
            margin=MIN_GAIN,
        ),
    ),
    options=(
        Option("valley", mark("Both ends fail; the best lies in between."), ("supported",)),
        Option("higher", mark("The higher, the better: it just learns faster."), ("not_supported", "inconclusive")),
        Option("same", mark("It makes little difference after a few epochs."), ("not_supported", "inconclusive")),
    ),
    tasks=(
        mark("Note three numbers: the lowest rate that clearly beats the majority line, the best rate, and the first rate that falls back to the line."),
        mark("Look at the curve of the highest rate. Does its loss go to infinity, or does it lie flat? What does the model answer to every text?"),
        mark("The head has its own rate, the same in all nine runs. Why can the head alone not rescue the run at 1e-2?"),
    ),
    limits=mark(
        "Two layers of a small model, 160 headlines, four epochs: with more layers or more steps the valley moves. That there is one is the point, not where it lies."
    ),
    figure=Figure("by_x", mark("Learning rate of the body"), mark("Test score"), log_x=True),
    what_if=WhatIf(
        mark("And if all layers but the head are frozen? Sweep the rate of the head from 1e-5 to 1e-1: where does its valley lie?"),
        {"strategy": "head_only"},
        {"head_learning_rate": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(mark("Rates that work well across all tasks: 5e-5, 3e-5, 2e-5, with batches of 16 or 32 and 2 to 4 epochs."), "BERT", "Devlin et al. 2019, appendix A.3"),
        PublishedResult(mark("At 4e-4 the training set fails to converge; 2e-5 is needed against catastrophic forgetting (IMDb)."), "BERT-base", "Sun et al. 2019, section 5.3.3"),
        PublishedResult(mark("A field report: at 0.01 the model gave the same output to every input; 5e-5 mended it."), "BERT", "huggingface/transformers #735"),
    ),
)
