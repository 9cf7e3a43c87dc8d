"""The chapter's statements as experiments with measured verdicts.

    chapter       The chapter's statements, word by word, under their numbers in the chapter.
    command       The commands `lessons`, `lesson` and `sweep`: list lessons, run one with its verdicts, sweep settings.
    data          The data of the lessons: bundled, under short names, split once; no choice uses the test set.
    figures       The figure of a lesson, and its numbers as a table.
    lesson        What a lesson is: a question, a statement of the chapter, runs, and claims with rules for verdicts.
    outcomes      The outcomes of a lesson's runs: the plain numbers that figures and verdicts are made from.
    planning      From a lesson and its seeds to a sweep: a run for every arm with every seed.
    records       Recorded lessons: outcomes of real runs on a named machine, compressed, to replay and judge again.
    running       Runs a lesson: carries out its runs, reads, measures and judges them.
    verdicts      Verdicts: supported, not supported or inconclusive, by a rule fixed before the runs.
    votes         What a class predicts before a lesson is run: one vote per person, the last one counts.
    worksheet     A lesson on paper: question, statement, prediction, room for numbers and verdict, as one page to print.
    experiments/  One module per lesson: its texts, its runs and its claims.
    measures/     What lessons measure on a finished run, beside its test score.
"""

from mlmtune_core.errors import UserError, nearest_first
from mlmtune_core.lessons.experiments import (
    lesson_00_first_run,
    lesson_01_labels,
    lesson_01b_word_order,
    lesson_01c_transfer,
    lesson_02_arrival,
    lesson_02b_cost,
    lesson_03_cls_vector,
    lesson_03b_erased_words,
    lesson_04_freezing_depth,
    lesson_04b_head_trap,
    lesson_04c_layer_by_layer,
    lesson_04d_extract_or_tune,
    lesson_05_by_heart,
    lesson_05a_dropout_amount,
    lesson_05b_weight_pull,
    lesson_05c_stopping_in_time,
    lesson_06_rate,
    lesson_06a_warming_up,
    lesson_06b_finder_trust,
    lesson_06c_longer_schedule,
    lesson_07_custom_heads,
    lesson_07b_five_tasks,
    lesson_08_two_texts,
    lesson_09_entity_names,
    lesson_09b_two_scores,
    lesson_10_luck,
    lesson_11_reasons,
    lesson_12_length,
)
from mlmtune_core.lessons.lesson import Lesson

MODULES = (
    lesson_00_first_run,
    lesson_01_labels,
    lesson_01b_word_order,
    lesson_01c_transfer,
    lesson_02_arrival,
    lesson_02b_cost,
    lesson_03_cls_vector,
    lesson_03b_erased_words,
    lesson_04_freezing_depth,
    lesson_04b_head_trap,
    lesson_04c_layer_by_layer,
    lesson_04d_extract_or_tune,
    lesson_05_by_heart,
    lesson_05a_dropout_amount,
    lesson_05b_weight_pull,
    lesson_05c_stopping_in_time,
    lesson_06_rate,
    lesson_06a_warming_up,
    lesson_06b_finder_trust,
    lesson_06c_longer_schedule,
    lesson_07_custom_heads,
    lesson_07b_five_tasks,
    lesson_08_two_texts,
    lesson_09_entity_names,
    lesson_09b_two_scores,
    lesson_10_luck,
    lesson_11_reasons,
    lesson_12_length,
)
LESSONS = {module.LESSON.id: module.LESSON for module in MODULES}


def find_lesson(name: str) -> Lesson:
    """Returns the lesson with the id `name`. Raises UserError naming the nearest ids if there is none."""
    if name not in LESSONS:
        raise UserError("There is no lesson “{name}”. Nearest: {known}.", name=name, known=", ".join(nearest_first(name, LESSONS)[:5]))
    return LESSONS[name]
