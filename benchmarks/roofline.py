"""How much of the machine's matrix-product rate full fine-tuning uses, counting only real tokens.

    python -m benchmarks.roofline [--steps 60] [--repeats 3] [--json]

The machine's rate is that of float32 products of a layer's own shapes, forward and backward, for a batch of the mean
size, measured in turns with the training in the same run. Useful operations: three times those of the forward pass
(forward, gradient of the input, gradient of the weights), over tokens that are no padding; the embeddings, LayerNorm,
softmax, GELU and the optimizer count as nothing.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence

import torch

from benchmarks.trainer_side import CASES, COMMON, read_frame
from mlmtune_core import worker
from mlmtune_core.config import RunConfig, validate
from mlmtune_core.events import PhaseStarted, StepDone
from mlmtune_core.run_store import create_run
from mlmtune_core.training import train


def main() -> None:
    """Measures in turns and prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    config = validate(CASES["full_3"] | COMMON | {"epochs": 1})
    rows = []
    for _ in range(chosen.repeats):
        useful, tokens, hidden, inner = train_rate(config, chosen.steps)
        machine = product_rate(tokens, hidden, inner)
        rows.append({"useful_gflops": useful, "machine_gflops": machine, "ratio": useful / machine})
    medians = {
        name: statistics.median(row[name] for row in rows) for name in ("useful_gflops", "machine_gflops", "ratio")
    }
    told = {"name": "full_batch_16", **medians, "tokens_per_batch": tokens, "threads": torch.get_num_threads()}
    print(
        json.dumps({"benchmark": "roofline", "rows": [told]})
        if chosen.json
        else "\n".join(f"{k:18} {v}" for k, v in told.items())
    )


def train_rate(config: RunConfig, steps: int) -> tuple[float, int, int, int]:
    """(useful GFLOP/s over the first steps of an epoch, mean padded tokens a batch, hidden size, inner size)."""
    run = create_run(config, read_frame(config), {"name": "benchmark", "fingerprint": "", "columns": {}})
    setup, sets = worker.assemble(run)
    sizes = setup.model.encoder.config
    moments: list[float] = []
    seen: list[tuple[int, int, float]] = []
    forward = type(setup.model).forward

    def counted(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if torch.is_grad_enabled():
            lengths = batch["attention_mask"].sum(1).tolist()
            seen.append((batch["input_ids"].numel(), sum(lengths), count_operations(lengths, sizes)))
        return forward(model, batch)

    type(setup.model).forward = counted
    try:
        for event in train(setup, sets["train"], sets["validation"]):
            if isinstance(event, PhaseStarted) and event.phase == "training":
                moments.append(time.perf_counter())
            if isinstance(event, StepDone):
                moments.append(time.perf_counter())
                if event.step == steps:
                    break
    finally:
        type(setup.model).forward = forward
        run.delete()
    useful = 3 * sum(operations for _, _, operations in seen) / (moments[-1] - moments[0]) / 1e9
    return useful, sum(padded for padded, _, _ in seen) // len(seen), sizes.hidden_size, sizes.intermediate_size


def count_operations(lengths: Sequence[int], sizes: object) -> float:
    """Multiplications and additions of one forward pass through all layers: projections, feed-forward, attention."""
    hidden, inner, layers = sizes.hidden_size, sizes.intermediate_size, sizes.num_hidden_layers
    return layers * sum(2 * n * (4 * hidden * hidden + 2 * hidden * inner) + 4 * n * n * hidden for n in lengths)


def product_rate(tokens: int, hidden: int, inner: int, seconds: float = 3.0) -> float:
    """GFLOP/s of the products of one layer, forward and backward, in float32 and in the proportion in which they occur."""
    shapes = [(tokens, hidden, hidden)] * 4 + [(tokens, hidden, inner), (tokens, inner, hidden)]
    pairs = []
    for n, inputs, outputs in shapes:
        x, w, g = torch.randn(n, inputs), torch.randn(outputs, inputs), torch.randn(n, outputs)
        pairs += [(x, w.T), (g, w), (g.T, x)]
    operations = sum(2 * a.shape[0] * a.shape[1] * b.shape[1] for a, b in pairs)
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for a, b in pairs:
            a @ b
        rounds += 1
    return operations * rounds / (time.perf_counter() - began) / 1e9


if __name__ == "__main__":
    main()
