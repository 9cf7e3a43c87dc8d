"""One module a task; TASKS names them all."""

from types import ModuleType

from mlmtune_core.tasks import sequence_classification, token_classification

TASKS: dict[str, ModuleType] = {
    "sequence_classification": sequence_classification,
    "token_classification": token_classification,
}
