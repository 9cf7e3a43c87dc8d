"""One module a task; TASKS names them all."""

from types import ModuleType

from mlmtune_core.tasks import (
    masked_words,
    question_answering,
    regression,
    sentence_pair,
    sequence_classification,
    token_classification,
)

TASKS: dict[str, ModuleType] = {
    "sequence_classification": sequence_classification,
    "sentence_pair": sentence_pair,
    "token_classification": token_classification,
    "regression": regression,
    "question_answering": question_answering,
    "masked_words": masked_words,
}
