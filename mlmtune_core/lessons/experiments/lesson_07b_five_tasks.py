"""Lesson 7b, five tasks and one encoder: each against its trivial predictor."""

from dataclasses import replace
from functools import partial

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, find_weakest

MIN_GAIN = 0.05
MIN_GAIN_SPANS = 0.15  # 6 of the 45 test questions have no answer in their text: never answering scores 0.13, 10 points above the trivial first sentence
RULE = mark("Supported if the test score lies more than {minimum} above that of the trivial answer, with the whole interval; not supported if the interval lies below it.")


def find_minimum(arm: str) -> float:
    """Returns the smallest gain that counts for a task."""
    return MIN_GAIN_SPANS if arm == "span" else MIN_GAIN


def judge_task(outcomes: Outcomes, arm: str) -> Verdict:
    """Compares one task with its trivial predictor."""
    return outcomes.compare_to_baseline(arm, find_minimum(arm))


def judge_all(outcomes: Outcomes) -> Verdict:
    """Returns the weakest of the five verdicts; minimum and margin are 0, because each task has its own in its own claim."""
    return replace(find_weakest([judge_task(outcomes, arm) for arm in outcomes.arms()]), minimum=0.0, margin=0.0)


def _claim(arm: str, sentence: str) -> Claim:
    return Claim(arm, ("Cor6",), sentence, RULE, "points", partial(judge_task, arm=arm), minimum=find_minimum(arm))


LESSON = Lesson(
    id="7b",
    title=mark("Five tasks, one body"),
    question=mark("Can one pre-trained body learn five kinds of answers, if only the head and the loss are exchanged?"),
    minutes=10,
    takeaway=mark("One body, five heads: what changes from task to task is small. Whether it learns the task, only a comparison with the trivial answer tells."),
    data="sentiment",
    knob="task",
    settings={"strategy": "full", "first_layers": 3, "learning_rate": BODY_RATE, "max_length": 64, "batch_size": 8, "epochs": 5, "patience": 0},
    arms=(
        Arm("label", mark("A label: sentiment of a sentence")),
        Arm("pair", mark("A pair: does one sentence follow from the other?"), {"task": "sentence_pair"}, data="nli"),
        Arm("tags", mark("Tags: names in a sentence"), {"task": "token_classification"}, data="entities"),
        Arm("number", mark("A number: how similar are two sentences?"), {"task": "regression"}, data="similarity"),
        Arm("span", mark("A span: where in the text is the answer?"), {"task": "question_answering", "max_length": 192}, data="questions"),
    ),
    claims=(
        Claim(
            "all",
            ("Cor6", "C6.1"),
            mark("The same pre-trained body, with another head each, learns all five tasks."),
            mark(
                "Each task is compared with its trivial answer on its own test set: the most frequent label, the most frequent tag, the mean number, the first sentence. Supported if all "
                "five lie more than 5 points above it (spans: 15, because never answering is another trivial answer), with the whole interval; not supported if one interval lies below it. "
                "The number shown is that of the weakest task."
            ),
            "points",
            judge_all,
        ),
        _claim("label", mark("A label for a text: accuracy is above that of the most frequent label.")),
        _claim("pair", mark("A label for a pair of texts: accuracy is above that of the most frequent label.")),
        _claim("tags", mark("Tags for words: F1 of whole entities is above that of the most frequent tag.")),
        _claim("number", mark("A number for a pair of texts: Pearson's correlation is above that of a constant.")),
        _claim("span", mark("A span for a question: F1 of the answers is above that of the first sentence.")),
    ),
    options=(
        Option("all", mark("All five beat their trivial answer, though there are only about a hundred examples of each."), ("supported",)),
        Option("most", mark("Most of them; one or two need more examples."), ("inconclusive", "not_supported")),
        Option("one", mark("At least one of them does not work: it scores below its trivial answer, and would need a model of its own."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the highest gain over the trivial answer, the lowest, and how many outputs the head of each of these two tasks has."),
        mark("Compare a run with tags and one with spans. What does the head read, what does it give for each token, and which loss is it taught with?"),
        mark("The five scores are of different kinds. Why can the gains not be compared with one another, while each can be compared with its own trivial answer?"),
    ),
    limits=mark(
        "About a hundred short training examples and 45 to 84 test examples for each task: the intervals are wide, and “inconclusive” for one task does not mean that it cannot be learnt. "
        "The trivial answer is a low bar. What it scores is taken as known, without an interval of its own."
    ),
    figure=Figure("arms", y_title=mark("Test score, each in the measure of its task")),
    what_if=WhatIf(
        mark("And if the body is not adapted at all? Train only the head for sentiment, and compare with the last layer and with all of them learning."),
        {"first_layers": 0, "learning_rate": 1e-4, "epochs": 5},
        {"strategy": ("head_only", "last_layers:1", "full"), "seed": (0, 1, 2)},
    ),
)
