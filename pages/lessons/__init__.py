"""Lessons: predict, run, read the verdict.

    link        What a teacher's link to a lesson fixes: seeds, data, and what is hidden or locked.
    list        All lessons by the chapter's statements, with the visitor's verdicts; and a class of fifty minutes.
    page        The page of lessons: the chapter's statements as experiments.
    prediction  What a student predicts before anything is shown: kept, counted for the class, compared afterwards.
    run         The runs of a lesson: its recording, replayed at a chosen speed, or the same live on this machine.
    teacher     For teachers: a link that fixes a lesson, its worksheet, and the runs of the whole class in one figure.
    text        The text of a lesson: question and statement above; tasks, sources, limits and what-ifs below.
    verdict     The verdict of a lesson: its figure, each claim with its outcome, the visitor's prediction beside it.
"""
