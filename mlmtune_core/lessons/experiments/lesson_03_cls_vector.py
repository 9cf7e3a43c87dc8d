"""Lesson 3, what [CLS] knows: how much of the topic a linear probe reads, before and after fine-tuning."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

TUNED = "full"
MIN_GAIN = 0.03
AS_GOOD = -0.01  # at most one point behind counts as equally good


def judge_gain(outcomes: Outcomes) -> Verdict:
    """Compares the probe on [CLS] after fine-tuning with the one before."""
    return outcomes.compare_measures(TUNED, "probe_cls_after", "probe_cls_before", MIN_GAIN)


def judge_after(outcomes: Outcomes) -> Verdict:
    """Compares the probe on [CLS] with the one on the mean of all tokens, after fine-tuning."""
    return outcomes.compare_measures(TUNED, "probe_cls_after", "probe_mean_after", AS_GOOD, margin=AS_GOOD)


def judge_before(outcomes: Outcomes) -> Verdict:
    """Compares the same two probes before fine-tuning."""
    return outcomes.compare_measures(TUNED, "probe_cls_before", "probe_mean_before", AS_GOOD, margin=AS_GOOD)


LESSON = Lesson(
    id="3",
    title=mark("What [CLS] knows"),
    question=mark("Does [CLS] hold the meaning of the whole text already after pre-training, or only after fine-tuning?"),
    minutes=8,
    takeaway=mark("[CLS] is a place in which a summary can be written. Ask when it was written there: in pre-training, or by your own labels."),
    data="news",
    knob="pooling",
    settings={"max_length": 32, "train_examples": 200, "epochs": 4, "patience": 0},
    arms=(Arm(TUNED, mark("All weights learn, the head reads [CLS]"), {"strategy": "full"}),),
    measures=("probe_cls_before", "probe_mean_before", "probe_cls_after", "probe_mean_after"),
    claims=(
        Claim(
            "gain",
            ("T4",),
            mark("After fine-tuning the vector of [CLS] tells more of the topic than before."),
            mark(
                "A probe (logistic regression) is fitted on the vectors of 200 training texts and asked about every test text. Supported if its score on [CLS] after "
                "fine-tuning lies more than {minimum} above the one before, with the whole interval; not supported if the interval lies below zero."
            ),
            "points",
            judge_gain,
            minimum=MIN_GAIN,
        ),
        Claim(
            "after",
            ("T4",),
            mark("After fine-tuning [CLS] alone is as good as the mean of all tokens."),
            mark("Supported if the score of [CLS] minus that of the mean lies above {minimum} with its whole interval; not supported if the interval lies below {margin}."),
            "points",
            judge_after,
            minimum=AS_GOOD, margin=AS_GOOD,
        ),
        Claim(
            "before",
            ("T4",),
            mark("Already after pre-training, before any label of the task, [CLS] alone is as good as the mean of all tokens."),
            mark(
                "The same rule on the checkpoint as it was pre-trained: supported if [CLS] minus mean lies above {minimum}, not supported if it lies below {margin}. "
                "This is what “learnt during pre-training” says."
            ),
            "points",
            judge_before,
            minimum=AS_GOOD, margin=AS_GOOD,
        ),
    ),
    options=(
        Option("grows", mark("Fine-tuning writes something new into [CLS]: the probe gets clearly better."), ("supported",)),
        Option("there", mark("It was all there after pre-training: the probe hardly changes."), ("inconclusive", "not_supported")),
        Option("lost", mark("[CLS] forgets: the probe gets worse."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the score of the probe on [CLS] before, on [CLS] after, and on the mean of all tokens before."),
        mark("Open a run of this lesson, look at its map before and after, and find a text that changed its neighbours. Which topic is it given now?"),
        mark(
            "The head reads [CLS] and nothing else. What must fine-tuning therefore do with [CLS]? And did the pre-training of this checkpoint, which read the mean of all tokens,"
            " have to do the same?"
        ),
    ),
    limits=mark(
        "The bundled checkpoint was trained with the mean of all tokens: that favours the mean before fine-tuning, and with another checkpoint the third verdict may differ. "
        "The topics of headlines are an easy task, often told by single words. A probe shows what can be read off a vector, not what the model makes of it."
    ),
    figure=Figure(
        "measures",
        y_title=mark("Test score of the probe"),
        names={
            "probe_cls_before": mark("[CLS], before"),
            "probe_mean_before": mark("Mean of all tokens, before"),
            "probe_cls_after": mark("[CLS], after"),
            "probe_mean_after": mark("Mean of all tokens, after"),
        },
    ),
    what_if=WhatIf(
        mark("And if the body stays frozen and only the head learns? Compare what it reads: [CLS], the mean or the maximum of all tokens."),
        {"strategy": "head_only", "epochs": 10},
        {"pooling": ("cls", "mean", "max"), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("Similarity of sentences without fine-tuning, rank correlation times 100, mean of seven data sets: [CLS] 29.19, mean of all tokens 54.81, GloVe vectors 61.32."),
            "BERT",
            "SBERT, table 1",
        ),
        PublishedResult(
            mark("After fine-tuning, a head on the last layer's [CLS] made 5.42 % errors, as few as the mean (5.44) or the maximum (5.42) of the last four layers (IMDb)."),
            "BERT-base",
            "Sun et al. 2019, table 3",
        ),
    ),
)
