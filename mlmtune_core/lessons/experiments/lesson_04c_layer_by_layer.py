"""Lesson 4c, little by little: gradual unfreezing and layer-wise decay against plain fine-tuning."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

MIN_GAIN = 0.01


def judge_care(outcomes: Outcomes) -> Verdict:
    """Compares the best careful method (by validation) with plain full fine-tuning."""
    plain, *careful = outcomes.arms()
    return outcomes.compare(outcomes.best_of(careful), plain, MIN_GAIN, margin=MIN_GAIN)


LESSON = Lesson(
    id="4c",
    title=mark("Little by little"),
    question=mark("Is it worth while to unfreeze layer by layer, or to give lower layers lower rates?"),
    minutes=8,
    takeaway=mark("An effect smaller than the luck of the seed cannot be seen in a class: before you believe in a recipe, ask how many seeds stand behind it."),
    data="news",
    knob="layer_decay",
    settings={"first_layers": 3, "learning_rate": BODY_RATE, "max_length": 32, "train_examples": 160, "batch_size": 8, "epochs": 4, "patience": 0},
    arms=(
        Arm("plain", mark("Everything, at one rate"), {"strategy": "full"}),
        Arm("decay@0.95", mark("Each layer 0.95 times the rate of the one above"), {"strategy": "full", "layer_decay": 0.95}),
        Arm("decay@0.85", mark("Each layer 0.85 times the rate of the one above"), {"strategy": "full", "layer_decay": 0.85}),
        Arm("gradual", mark("Layer after layer begins to learn"), {"strategy": "gradual"}),
    ),
    claims=(
        Claim(
            "care",
            ("T5",),
            mark("Treating the lower layers with care, by lower rates or by letting them begin later, gives a better model than plain tuning of everything."),
            mark(
                "Of the three careful ways, the one with the best validation score is compared with plain tuning, example by example. Supported if it scores more than {minimum} "
                "higher on the test set, with the whole interval. Not supported if the whole interval lies below {margin}: whatever is left would not be worth the trouble."
            ),
            "points",
            judge_care,
            minimum=MIN_GAIN, margin=MIN_GAIN,
        ),
    ),
    options=(
        Option("care", mark("With care it gets better by a point or more."), ("supported",)),
        Option("seeds", mark("Five seeds are too few to tell."), ("inconclusive",)),
        Option("useless", mark("Care brings less than a point, and five seeds suffice to say so."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the mean of plain tuning, the mean of the best careful way, and how far apart the best and the worst seed of plain tuning lie."),
        mark("Look at how the layers learn: at which step does each one begin under gradual unfreezing, and at what rate does the lowest layer learn at 0.85?"),
        mark("An inconclusive verdict may say how many more seeds it would take. Why does such a number grow so fast when an effect gets smaller?"),
    ),
    limits=mark(
        "Three layers only: from top to bottom the rate falls much less than in a model of twelve. 160 headlines and 80 steps; the recipes were made for longer training, where "
        "there is more to forget. While only the top of a cut model learns, its [CLS] tells the head little: that holds gradual unfreezing back here."
    ),
    figure=Figure("arms", y_title=mark("Test score")),
    what_if=WhatIf(
        mark("And if the rate falls more steeply, to 0.7 or to half from layer to layer?"),
        {"strategy": "full"},
        {"layer_decay": (1.0, 0.7, 0.5), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("IMDb, rate 2e-5, test error: 5.42 % at one rate for all layers, 5.40 % at 0.95, 5.52 % at 0.90, 5.65 % at 0.85."), "BERT-base", "Sun et al. 2019, table 4"
        ),
        PublishedResult(
            mark("IMDb, validation error: 6.87 % when everything learns, 6.37 % with gradual unfreezing, 5.00 % with rates by layer and a slanted schedule as well."),
            "ULMFiT (AWD-LSTM)",
            "Howard & Ruder 2018, table 7",
        ),
    ),
)
