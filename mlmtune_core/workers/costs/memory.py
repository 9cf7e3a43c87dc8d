"""How much memory a run needs, and how much its worker may use before the run is ended."""

import os
from contextlib import suppress

from mlmtune_core.config import RunConfig
from mlmtune_core.workers.costs.estimate import Costs, Law

GIGABYTE = 2**30
SHARE = 0.75  # share of the machine's memory for all train workers together
PROCESS_BYTES = 700 * 2**20  # a worker after loading
LEARNING_BYTES = 16  # per trainable weight, beside the weight itself: gradient, two moments, a copy while it is written
START_BYTES = 4  # one more with decay towards the pre-trained weights
KEPT_PER_TOKEN = 115  # bytes for backward, a token, a hidden unit and a layer (measured: MiniLM, 128 to 512 tokens)
KEPT_PER_PAIR = 11  # per pair of tokens and attention head
PASSING_PER_TOKEN = 60  # bytes on the way through a layer that keeps no activations


def memory_law(total: int, trainable: int, hidden_size: int, heads: int, learning_layers: int, pulled_back: bool = False) -> Law:
    """Returns the bytes that one batch of B inputs padded to T tokens needs, with the weights (`total`, of which `trainable` are trained).

    `pulled_back`: weights decay towards their initial values, which are kept too. Backward keeps the activations of every trainable
    layer: one part grows with tokens, and the attention probabilities grow with pairs of tokens (Korthikanti et al. 2022, section 4.1).
    """
    fixed = PROCESS_BYTES + 4 * total + (LEARNING_BYTES + START_BYTES * pulled_back) * trainable
    per_token = hidden_size * (KEPT_PER_TOKEN * learning_layers + PASSING_PER_TOKEN)
    return Law(fixed, per_token, heads * (KEPT_PER_PAIR * learning_layers + 4))


def needed_bytes(costs: Costs, config: RunConfig) -> float:
    """Returns what a run will need at its largest batch, judged by the longest of the sampled inputs."""
    longest = max(costs.lengths)
    count = max(1, config.batch_tokens // longest) if config.batch_tokens else config.batch_size
    return costs.memory.of(count, longest)


def worker_limit(machine_bytes: int, workers: int) -> int:
    """Returns the bytes that one worker may use: MLMTUNE_WORKER_MEMORY_MB, or else its share of the machine."""
    told = os.environ.get("MLMTUNE_WORKER_MEMORY_MB")
    return int(told) * 2**20 if told else int(machine_bytes * SHARE / workers)


def bound(limit: int) -> None:
    """Limits the memory of this process: asking for more raises MemoryError or RuntimeError. Has no effect on Windows."""
    with suppress(ImportError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (min(limit, most) if most >= 0 else limit, most))
