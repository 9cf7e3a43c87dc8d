"""Lesson 4b, the trap of the head: a frozen encoder, and a head trained at the encoder's rate looks useless."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_06_rate import SLOW
from mlmtune_core.lessons.lesson import Claim, Figure, Lesson, Option, PublishedResult, WhatIf, make_arms
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

RATES = (5e-5, 1e-3, 1e-2)  # the first is a usual rate for an encoder
MIN_ABOVE = 0.2


def judge_trap(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, how far the best of the higher rates scores above the majority class; 0 if the lowest rate does not fail."""
    low, *higher = outcomes.arms()
    pairs = zip(outcomes.runs_of(low), outcomes.runs_of(outcomes.best_of(higher)), strict=True)
    above = [best.score - best.baseline_score if slow.run_class in SLOW else 0.0 for slow, best in pairs]
    return judge_each_seed(above, minimum=MIN_ABOVE, margin=MIN_ABOVE)


LESSON = Lesson(
    id="4b",
    title=mark("The trap of the head"),
    question=mark("All layers are frozen, and the head learns nothing. Is it the fault of the frozen layers?"),
    minutes=6,
    takeaway=mark("Before you call a strategy useless, give it a learning rate of its own."),
    data="news",
    knob="head_learning_rate",
    settings={"strategy": "head_only", "max_length": 32, "train_examples": 320, "epochs": 5, "patience": 0, "measure_training": True},
    arms=make_arms("rate", mark("The head alone"), "head_learning_rate", RATES),
    claims=(
        Claim(
            "trap",
            ("T5", "T5.2"),
            mark("Whether frozen features look useless is a matter of the rate: at 5e-5 the head learns next to nothing, at a higher rate it does well on the same features."),
            mark(
                "Supported if, in every seed, the run at 5e-5 crawls or does not leave the majority class, and the better of the two other rates (by validation score) "
                "scores more than {minimum} above the majority class on the test set. Not supported if no seed shows both."
            ),
            "points",
            judge_trap,
            minimum=MIN_ABOVE, margin=MIN_ABOVE,
        ),
    ),
    options=(
        Option("rate", mark("It is the rate: the same frozen features do well at a higher one."), ("supported",)),
        Option("frozen", mark("It is the freezing: at no rate does the head get far above the majority class."), ("not_supported",)),
        Option("patience", mark("5e-5 is slow, but in five epochs it gets there as well."), ("not_supported", "inconclusive")),
    ),
    tasks=(
        mark("Note three numbers: the test score at 5e-5, the best test score, and the share of the majority class."),
        mark("Look at the loss of the run at 5e-5. Does it lie flat, or does it fall, and at this pace how many epochs would it take?"),
        mark("The weights of the head begin at random, those of the body after millions of texts. Why does one part bear a rate that the other does not?"),
    ),
    limits=mark(
        "Five epochs of 320 headlines: with many more steps the low rate might arrive, too. How good frozen features are depends on how near the task is to the pre-training."
    ),
    figure=Figure("by_x", mark("Learning rate of the head"), mark("Test score"), log_x=True),
    what_if=WhatIf(
        mark("How far up can the head go? Where does its score begin to fall again?"),
        {},
        {"head_learning_rate": (3e-3, 1e-2, 1e-1, 1.0), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(mark("SST-2, 1,000 labels, everything frozen, the head at 5e-5: 0.509, the share of the majority class."), "RoBERTa-base", "raphael0202/blog, freezing-bert"),
        PublishedResult(mark("SST-2: 0.784 for a head on frozen layers, 0.922 when everything learns."), "crammed BERT", "JonasGeiping/cramming #15"),
    ),
)
