"""How much of the machine's matrix-product rate full fine-tuning uses, counting only real tokens.

    python -m benchmarks.roofline [--only full_batch_16] [--steps 60] [--repeats 3] [--json]

The machine's rate is that of float32 products of a layer's own shapes, forward and backward, for a batch of the mean
size, measured in turns with the training in the same run. Useful operations: three times those of the forward pass
(forward, gradient of the input, gradient of the weights), over tokens that are no padding; the embeddings, LayerNorm,
softmax, GELU and the optimizer count as nothing. full_batch_16 tags every token, so that every layer
is needed whole. In `texts` the last layer is computed for [CLS] alone, and counted so: fewer operations in less time;
`texts_whole_layers` is the same with that switched off.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence

import torch

from benchmarks.trainer_side import CASES, COMMON, read_frame
from mlmtune_core.config import RunConfig, validate
from mlmtune_core.events import PhaseStarted, StepDone
from mlmtune_core.models.model import Model
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.training.loop import train
from mlmtune_core.workers import worker

TOKENS = {"task": "token_classification", "strategy": "full", "learning_rate": 1e-4}
ROWS = {"full_batch_16": TOKENS, "texts": CASES["full_3"], "texts_whole_layers": CASES["full_3"]}


def main() -> None:
    """Measures in turns and prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ROWS))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.only.split(","):
        rows.append(compare(name, chosen.steps, chosen.repeats))
        if not chosen.json:
            print("   ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in rows[-1].items()))  # fmt: skip
    if chosen.json:
        print(json.dumps({"benchmark": "roofline", "rows": rows}))


def compare(name: str, steps: int, repeats: int) -> dict[str, object]:
    """One case: medians of both rates and of their ratio, taken in turns."""
    config = validate(ROWS[name] | COMMON | {"epochs": 1})
    rounds = []
    for _ in range(repeats):
        useful, tokens, hidden, inner = train_rate(config, steps, first_token_only=name != "texts_whole_layers")
        machine = product_rate(tokens, hidden, inner)
        rounds.append({"useful_gflops": useful, "machine_gflops": machine, "ratio": useful / machine})
    medians = {figure: statistics.median(each[figure] for each in rounds) for figure in rounds[0]}
    return {"name": name, **medians, "tokens_per_batch": tokens, "threads": torch.get_num_threads()}


def train_rate(config: RunConfig, steps: int, first_token_only: bool) -> tuple[float, int, int, int]:
    """(useful GFLOP/s over the first steps of an epoch, mean padded tokens a batch, hidden size, inner size)."""
    run = create_run(config, read_frame(config), {"name": "benchmark", "fingerprint": "", "columns": {}})
    setup, sets, _ = worker.assemble_run(run)
    setup.model.first_token_only &= first_token_only
    sizes = setup.model.encoder.config
    moments: list[float] = []
    seen: list[tuple[int, int, float]] = []
    forward = type(setup.model).forward

    def counted(model: Model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if torch.is_grad_enabled():
            lengths = batch["attention_mask"].sum(1).tolist()
            seen.append((batch["input_ids"].numel(), sum(lengths), count_operations(lengths, model)))
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


def count_operations(lengths: Sequence[int], model: Model) -> float:
    """Multiplications and additions of one forward pass through all layers: projections, feed-forward, attention.

    Where the last layer is computed for [CLS] alone, only what it does then: keys and values of all tokens, one of the rest.
    """
    sizes = model.encoder.config
    hidden, inner, layers = sizes.hidden_size, sizes.intermediate_size, sizes.num_hidden_layers
    each, rest = 2 * hidden * hidden, 2 * (2 * hidden * hidden + 2 * hidden * inner)
    whole = sum(n * (2 * each + rest) + 4 * n * n * hidden for n in lengths)
    last = sum(n * 2 * each + rest + 4 * n * hidden for n in lengths) if model.first_token_only else whole
    return (layers - 1) * whole + last


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
