"""Lesson 0, you cannot break it: a first run, and how many of its weights are trainable."""

from dataclasses import replace

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

CLS_SIZE = 384  # of the bundled checkpoint


def count_head(outcome: Outcome) -> int:
    """Returns d · K + K, the number of weights of z = hW + b for the run's K labels."""
    labels = len(outcome.start_event["label_names"])
    return CLS_SIZE * labels + labels


def judge_count(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, the smaller of the counted and the expected weights over the larger; 1 only if they are equal."""
    pairs = [(outcome.start_event["trainable"], count_head(outcome)) for outcome in outcomes.runs_of("first") if outcome.start_event]
    verdict = judge_each_seed([min(pair) / max(pair) for pair in pairs] or [float("nan")], minimum=1.0, margin=1.0)
    return replace(verdict, sides=pairs[0], between=("trainable", "head_weights")) if pairs else verdict


LESSON = Lesson(
    id="0",
    title=mark("You cannot break it"),
    question=mark("What happens when you press Start, and how many weights learn?"),
    minutes=4,
    takeaway=mark("With the body frozen only the head learns, z = hW + b, and the checkpoint stays as it was: whatever you try, you can begin again."),
    data="sentiment",
    knob="seed",
    settings={"strategy": "head_only", "max_length": 64, "epochs": 10, "patience": 0},
    arms=(Arm("first", mark("The head alone")),),
    claims=(
        Claim(
            "count",
            ("11.4",),
            mark("Only the layer that was added learns: a weight for each number of [CLS] and each label, and a bias for each label."),
            mark(
                "Supported if, in every seed, the number of weights that learn, as the run itself counts them, is exactly d · K + K: d numbers in [CLS] (384 in this "
                "checkpoint), K labels. The effect is the smaller of the two numbers over the larger. Not supported if they differ in every seed."
            ),
            "ratio",
            judge_count,
            minimum=1.0, margin=1.0,
        ),
    ),
    options=(
        Option("both", mark("770 weights learn."), ("supported",)),
        Option("no_bias", mark("768 weights learn."), ("not_supported",)),
        Option("all", mark("22,713,986 weights learn: all that the model has."), ("not_supported", "inconclusive")),
    ),
    tasks=(
        mark("Note three numbers: how many weights the model has, how many of them learn, and the test score at the end."),
        mark(
            "Press Pause, then Continue. Follow one text from its tokens to [CLS], to the head and to the softmax: which of these stations change while the run goes on, "
            "and which never do?"
        ),
        mark("[CLS] has 384 numbers, and there are two labels. Why does exactly this number of weights learn, and how many would it be with three labels?"),
    ),
    limits=mark(
        "140 short texts to learn from and 84 to test with: the score can be several points off. This lesson is about what a run is made of, not about how good it gets."
    ),
    figure=Figure("arms", y_title=mark("Test score")),
    what_if=WhatIf(
        mark("And if the last layer learns as well, or everything? Compare how many weights learn, and how long you wait."),
        {"epochs": 3},
        {"strategy": ("head_only", "last_layers:1", "full")},
    ),
    published_results=(
        PublishedResult(mark("A head alone for three labels: 2,307 of 109,484,547 weights learn. With 768 numbers in [CLS]: 768 · 3 + 3."), "BERT-base", "ParlAI #3215"),
    ),
)
