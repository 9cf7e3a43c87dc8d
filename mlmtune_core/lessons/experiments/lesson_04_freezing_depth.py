"""Lesson 4, how much to unfreeze: trainable layers against the number of labels."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import HEAD_ONLY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

STRATEGIES = {
    "head_only": mark("The head alone"),
    "last_layers:1": mark("The head and the last layer"),
    "last_layers:2": mark("The head and the last two layers"),
    "full": mark("Everything"),
}
FEW, MANY = 50, 800
EPOCHS = {FEW: 14, MANY: 1}  # of 7 and of 100 steps: about 100 steps in both
RATES = {"head_only": {"head_learning_rate": HEAD_ONLY_RATE}}  # the other strategies use the default rates
MIN_GAIN, MIN_GAP = 0.02, 0.05


def judge_adaptation(outcomes: Outcomes) -> Verdict:
    """Compares, with many labels, the best strategy that trains encoder layers (by validation) with the head alone."""
    best = outcomes.best_of([f"{strategy}@{MANY}" for strategy in STRATEGIES if strategy != "head_only"])
    return outcomes.compare(best, f"head_only@{MANY}", MIN_GAIN)


def judge_overfitting(outcomes: Outcomes) -> Verdict:
    """Compares, with few labels, the generalisation gap of full training with that of the head alone."""
    return outcomes.compare_gaps(f"full@{FEW}", f"head_only@{FEW}", MIN_GAP)


LESSON = Lesson(
    id="4",
    title=mark("How much to unfreeze?"),
    question=mark("With few labels and with many: how much of the model should learn?"),
    minutes=12,
    takeaway=mark("How well a model adapts and how much it overfits are two questions: measure the test score, and measure how far it lies below the training score."),
    data="news",
    knob="strategy",
    settings={"max_length": 32, "batch_size": 8, "patience": 0, "early_stopping_metric": "last", "measure_training": True},
    arms=tuple(
        Arm(f"{strategy}@{count}", title, {"strategy": strategy, "train_examples": count, "epochs": EPOCHS[count], **RATES.get(strategy, {})}, series=strategy, x=float(count))
        for strategy, title in STRATEGIES.items()
        for count in (FEW, MANY)
    ),
    claims=(
        Claim(
            "adaptation",
            ("T5",),
            mark("With 800 labels, a model whose body is trained too adapts better to the task than frozen features under a head."),
            mark(
                "Of the three strategies that move the body, the one with the best validation score is compared with the head alone, example by example. Supported if it scores more "
                "than {minimum} higher on the test set, with the whole interval; not supported if the head alone scores higher, with the whole interval."
            ),
            "points",
            judge_adaptation,
            minimum=MIN_GAIN,
        ),
        Claim(
            "overfitting",
            ("T5",),
            mark("With 50 labels, freezing the body makes the gap between training score and test score smaller."),
            mark(
                "The gap is the score on what was learnt from, measured without dropout, minus the score on the test set. Supported if the gap of the run in which everything learns "
                "is more than {minimum} larger than that of the head alone, with the whole interval; not supported if it is smaller, with the whole interval."
            ),
            "points",
            judge_overfitting,
            minimum=MIN_GAP,
        ),
    ),
    options=(
        Option("adapts", mark("With 800 labels, the strategies that also train the body clearly score higher."), ("supported",)),
        Option("enough", mark("The frozen features are so good that a head on top scores higher."), ("not_supported",)),
        Option("close", mark("The strategies lie so close together that five seeds cannot tell them apart."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers for 800 labels: the test score of the head alone, of the head with the last layer, and of everything."),
        mark("Now look at 50 labels. Which strategy is ahead, and is it ahead by more than its seeds differ among themselves?"),
        mark(
            "All runs take about a hundred steps, and the head alone learns at a rate of its own, many times that of the body. Why would the comparison be unfair if one "
            "of the two were not so?"
        ),
    ),
    limits=mark(
        "A small model, headlines in five topics, a hundred steps. The head alone learns at the rate that suited it best of five on validation headlines, the others at the "
        "app's defaults. Fifty headlines are ten or so a topic, and which ones they are also counts. More labels or a task further from the pre-training can turn the order "
        "round."
    ),
    figure=Figure("heat", mark("Labels to learn from"), mark("Test score")),
    what_if=WhatIf(
        mark("And with 200 labels, in as many steps? Is the order of the strategies that of 50 labels, or that of 800?"),
        {"train_examples": 200, "epochs": 4},
        {"strategy": tuple(STRATEGIES), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("SST-2, 1,000 labels: 0.905 with nothing frozen, 0.913 with 4 of 12 layers frozen, 0.509 with all 12 frozen, where the head learnt at 5e-5 too: see lesson 4b."),
            "RoBERTa-base",
            "raphael0202/blog, freezing-bert",
        ),
        PublishedResult(
            mark("TREC-6, validation error: 6.86 % when everything learns, 16.09 % when only the last layer does, which “severely underfits”."),
            "ULMFiT (AWD-LSTM)",
            "Howard & Ruder 2018, table 7",
        ),
    ),
)
