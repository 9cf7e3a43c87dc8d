"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.lessons import (
    by_heart,
    dropout_amount,
    extract_or_tune,
    finder_trust,
    first_run,
    freezing_depth,
    head_trap,
    layer_by_layer,
    longer_schedule,
    rate,
    stopping_in_time,
    warming_up,
    weight_pull,
)

MODULES = (
    first_run,
    freezing_depth,
    head_trap,
    layer_by_layer,
    extract_or_tune,
    by_heart,
    dropout_amount,
    weight_pull,
    stopping_in_time,
    rate,
    warming_up,
    finder_trust,
    longer_schedule,
)
LESSONS = {module.LESSON.id: module.LESSON for module in MODULES}
