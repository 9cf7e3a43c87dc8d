"""How much memory a run needs, and how much its worker may use before the run is ended."""

import os
from contextlib import suppress

from mlmtune_core.config import RunConfig
from mlmtune_core.workers.costs.estimate import Costs, Law

GIGABYTE = 2**30
SHARE = 0.75  # of the machine's memory, for all train workers together
PROCESS_BYTES = 700 * 2**20  # a worker that has loaded what it needs
LEARNING_BYTES = 16  # a weight that learns: itself is counted with all; gradient, two moments, a copy while it is written
START_BYTES = 4  # one more where it is pulled back to what it was
KEPT_PER_TOKEN = 115  # bytes for backward, a token, a hidden unit and a layer (measured: MiniLM, 128 to 512 tokens)
KEPT_PER_PAIR = 11  # the same for every pair of tokens and every attention head
PASSING_PER_TOKEN = 60  # bytes on the way through a layer of which nothing is kept


def memory_law(total: int, trainable: int, hidden_size: int, heads: int, learning_layers: int, pulled_back: bool = False) -> Law:
    """Bytes that one batch of B inputs padded to T tokens takes, with the weights (`total`, of which `trainable` learn).

    `pulled_back`: weights decay towards where they began, and that is kept, too.

    Backward keeps activations of every layer that learns: a part that grows with the tokens, and the attention
    probabilities, which grow with pairs of tokens (Korthikanti et al. 2022, section 4.1).
    """
    fixed = PROCESS_BYTES + 4 * total + (LEARNING_BYTES + START_BYTES * pulled_back) * trainable
    per_token = hidden_size * (KEPT_PER_TOKEN * learning_layers + PASSING_PER_TOKEN)
    return Law(fixed, per_token, heads * (KEPT_PER_PAIR * learning_layers + 4))


def needed_bytes(costs: Costs, config: RunConfig) -> float:
    """What a run will need at its largest batch, by the longest of the inputs that were looked at."""
    longest = max(costs.lengths)
    count = max(1, config.batch_tokens // longest) if config.batch_tokens else config.batch_size
    return costs.memory.of(count, longest)


def worker_limit(machine_bytes: int, workers: int) -> int:
    """Bytes that one worker may take: what MLMTUNE_WORKER_MEMORY_MB says, else its part of the machine."""
    told = os.environ.get("MLMTUNE_WORKER_MEMORY_MB")
    return int(told) * 2**20 if told else int(machine_bytes * SHARE / workers)


def bound(limit: int) -> None:
    """Has this process get no more than so many bytes: asking for more raises MemoryError or RuntimeError. Not on Windows."""
    with suppress(ImportError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (min(limit, most) if most >= 0 else limit, most))
