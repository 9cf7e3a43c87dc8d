"""Lesson 12, how much text fits: from 16 to 128 sub-words, and which part of a long text is kept."""

from collections.abc import Sequence

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

SHORT, SHORTEST, LONG = 32, 16, 64
MIN_GAIN = 0.03
MAX_LOSS = 0.02


def judge_gain(outcomes: Outcomes) -> Verdict:
    """Compares 64 sub-words with 16, both from the beginning of the text."""
    return outcomes.compare(f"head@{LONG}", f"head@{SHORTEST}", MIN_GAIN, margin=MIN_GAIN)


def judge_parts(outcomes: Outcomes) -> Verdict:
    """Compares beginning and end with the beginning alone, at 32 sub-words; at most MAX_LOSS worse counts as no worse."""
    return outcomes.compare(f"both@{SHORT}", f"head@{SHORT}", -MAX_LOSS, margin=-MAX_LOSS)


def _cut(part: str, title: str, lengths: Sequence[int]) -> tuple[Arm, ...]:
    return tuple(Arm(f"{part}@{length}", title, {"truncation": part, "max_length": length}, series=part, x=float(length)) for length in lengths)


LESSON = Lesson(
    id="12",
    title=mark("How much text fits?"),
    question=mark("How much of a text must the model read, and which part of it?"),
    minutes=8,
    takeaway=mark("What is cut off is never read: look at how long your texts are, and where they say what matters, before you choose a length."),
    data="long_news",
    knob="max_length",
    settings={"strategy": "head_only", "epochs": 15, "patience": 0},
    arms=(
        *_cut("head", mark("The beginning"), (SHORTEST, SHORT, LONG, 128)),
        *_cut("tail", mark("The end"), (SHORTEST, SHORT)),
        *_cut("both", mark("Beginning and end"), (SHORTEST, SHORT)),
    ),
    claims=(
        Claim(
            "gain",
            ("method",),
            mark("Reading 64 sub-words instead of 16 gives a clearly better score."),
            mark("Supported if the whole interval of the difference of the test scores lies above {minimum}; not supported if it lies below {margin}."),
            "points",
            judge_gain,
            minimum=MIN_GAIN, margin=MIN_GAIN,
        ),
        Claim(
            "parts",
            ("method",),
            mark("Where only 32 fit, beginning and end together do no worse than the beginning alone."),
            mark(
                "The difference is the score with beginning and end less that with the beginning. Supported if its whole interval lies above {minimum}, so that at most a little is lost; "
                "not supported if it lies below {margin}."
            ),
            "points",
            judge_parts,
            minimum=-MAX_LOSS, margin=-MAX_LOSS,
        ),
    ),
    options=(
        Option("more", mark("The more it reads, the better: 64 beat 16 clearly."), ("supported",)),
        Option("headline", mark("Sixteen are enough: the headline says it all."), ("not_supported",)),
        Option("little", mark("A little better, but not by much."), ("inconclusive", "not_supported")),
    ),
    tasks=(
        mark("Note three numbers: the scores with 16, 64 and 128 sub-words from the beginning."),
        mark("With 16 and with 32 sub-words, which part is the best to keep: beginning, end, or both? Why could that be so for news, and would it be so for reviews?"),
        mark("Longer texts cost more time: compare the seconds of the runs that read the beginning. From which length on would you not pay for more here?"),
    ),
    limits=mark(
        "Of each article only the first 120 words are used, 135 to 190 sub-words or so: “the end” is the end of these, not of the article, and even 128 sub-words cut a little. [CLS] and [SEP] are two of the sub-words. "
        "Only the head learns, on top of all six layers; layers that learn might make more of a long text."
    ),
    figure=Figure("by_x", mark("Sub-words that are read"), mark("Test score"), log_x=True),
    what_if=WhatIf(
        mark("And if the head reads the mean of all tokens instead of [CLS]? Does more text help it more?"),
        {"strategy": "head_only"},
        {"pooling": ("cls", "mean"), "max_length": (16, 64, 128)},
    ),
    published_results=(
        PublishedResult(
            mark("IMDb, accuracy with 128, 256 and 512 sub-words: 89.30, 92.43, 94.13 %. With 256: beginning 92.43, end 93.88, both 93.99 %; with 512 no difference."),
            "BERT-base",
            "qinhanmin2014/fine-tune-bert-for-text-classification",
        ),
    ),
)
