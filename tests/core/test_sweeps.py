"""Heads trained together: each as it would be alone."""

import pytest
import torch
from safetensors.torch import load_file

from mlmtune_core import events as said
from mlmtune_core.config import validate
from mlmtune_core.errors import ConfigError
from mlmtune_core.events import EvalDone, Failed, FrozenChecked, Started, StepDone
from mlmtune_core.runs.sweeps import group, make_grid
from mlmtune_core.workers import recorder, worker
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough

MEMBERS = [
    {"head_learning_rate": rate, "weight_decay": decay, "dropout": dropout, "seed": seed}
    for rate in (1e-3, 2e-2)
    for decay, dropout, seed in ((0.0, 0.0, 3), (0.0, 0.4, 3), (0.5, 0.4, 3), (0.5, 0.4, 4), (0.0, 0.2, 6))
]
MEMBERS += [{"head_learning_rate": 1e-3, "seed": 3} | of_optimizer for of_optimizer in ({"bias_correction": False}, {"max_grad_norm": 0})]


def together(runs):
    told = {run.id: [] for run in runs}
    for i, event in worker.carry_out_together(runs):
        told[runs[i].id].append(event)
    return [told[run.id] for run in runs]


@pytest.mark.parametrize(
    "settings",
    [
        *({"task": task} for task in KINDS),
        {"task": "sequence_classification", "head": "pooler"},
        *(pytest.param({"task": task, "head": "pooler"}, marks=pytest.mark.long) for task in ("sentence_pair", "regression", "several_labels")),
        {"task": "sequence_classification", "head": "mlp", "pooling": "mean", "measure_training": True},
        {"task": "several_labels", "head": "mlp", "pooling": "last4"},
        {"task": "regression", "pooling": "max", "measure_training": True},
        {"task": "token_classification", "measure_training": True},
    ],
    ids=str,
)  # fmt: skip
def test_each_member_equals_its_run_alone(make_run, settings):
    """Events, scores, kept weights and the test, for several rates, decays, dropouts and seeds; patience ends some early."""
    task = settings["task"]
    shared = settings | {
        "epochs": 6,
        "patience": 2,
        "early_stopping_metric": "validation_loss",  # scores of so few examples tie, but for rounding
        "max_grad_norm": 0.1,
        "batch_size": 4,
        "with_test": True,
    }
    many, single = ([make_run(**shared | member) for member in MEMBERS] for _ in range(2))
    for run, events, alone in zip(many, together(many), single, strict=True):
        wanted = list(worker.carry_out(alone))
        kinds = [[type(e) for e in each if not isinstance(e, said.Progress)] for each in (events, wanted)]
        assert kinds[0] == kinds[1]
        for kind, numbers in (
            (StepDone, ("loss", "grad_norm", "head_learning_rate")),
            (EvalDone, ("validation_loss", *(("train_eval_loss",) if "measure_training" in settings else ()))),
        ):
            for name in numbers:
                values = [[getattr(e, name) for e in each if isinstance(e, kind)] for each in (events, wanted)]
                assert values[0] == pytest.approx(values[1], abs=1e-5), name
        scores = [[e.metrics for e in each if isinstance(e, EvalDone | said.Tested)] for each in (events, wanted)]
        for each, other in zip(scores, (events, wanted), strict=True):
            each += [e.train_metrics or {} for e in other if isinstance(e, EvalDone)]
        for mine, its in zip(*scores, strict=True):
            assert mine == pytest.approx(its, abs=1e-5)
        assert [e for e in events if isinstance(e, FrozenChecked)] == [
            e for e in wanted if isinstance(e, FrozenChecked)
        ]
        assert run.summary()["reason"] == alone.summary()["reason"] and run.state() == "finished"
        assert [e for e in events if isinstance(e, Started)][0].trainable == wanted[1].trainable
        kept, its = load_file(run.weights_file), load_file(alone.weights_file)
        for name in its if task != "question_answering" else [n for n in its if "bias" not in n]:
            torch.testing.assert_close(kept[name], its[name], atol=1e-5, rtol=0)


def test_a_member_that_explodes_or_is_stopped_leaves_the_others_alone(make_run, monkeypatch):
    monkeypatch.setattr(recorder, "TOGETHER_SECONDS", 0.0)  # what this test looks for is in the log at once
    settings = {"task": "regression", "epochs": 3, "patience": 0}
    rates = [1e-3, 1e-3, 2e-3]
    runs = [make_run(**settings, head_learning_rate=rate) for rate in rates]
    wanted = list(worker.carry_out(make_run(**settings, head_learning_rate=rates[2])))
    from mlmtune_core.training.faster.head_stack import HeadStack

    step = HeadStack.step
    monkeypatch.setattr(HeadStack, "step", lambda self, *args: poison(self, step(self, *args)))

    def poison(stack, told):
        losses, norms, used = told
        return ([float("nan"), *losses[1:]] if len(losses) == 3 and stack._steps == 2 else losses), norms, used

    monkeypatch.setattr(runs[1], "control", lambda: "stop" if runs[1].events("StepDone") else "")
    broken, stopped, fine = together(runs)
    assert (
        isinstance(broken[-1], Failed)
        and runs[0].state() == "failed"
        and "Step 2" in broken[-1].template.format(step=2, head=0.0, body=0.0)
    )
    assert stopped[-1].reason == "stopped" and len([e for e in stopped if isinstance(e, StepDone)]) == 1
    assert runs[1].weights_file.is_file() and runs[1].state() == "stopped"
    losses = [[e.loss for e in events if isinstance(e, StepDone)] for events in (fine, wanted)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5) and runs[2].state() == "finished"


def test_one_error_ends_every_member_with_a_sentence(make_run, frames):
    frames["sequence_classification"].loc[3, "label"] = "never learnt"
    runs = [make_run(), make_run(head_learning_rate=1e-2)]
    assert all(isinstance(events[-1], Failed) for events in together(runs))
    assert [run.state() for run in runs] == ["failed", "failed"]


def test_a_grid_has_every_combination_and_is_grouped_by_what_must_be_equal():
    configs = make_grid(
        {"task": "regression"}, {"seed": [0, 1], "head_learning_rate": [1e-3, 1e-2], "dropout": [0.0, 0.1]}
    )
    assert len({config.model_dump_json() for config in configs}) == 8
    assert group(configs) == [[*range(8)]]
    by_tokens = [config.model_copy(update={"batch_tokens": 500}) for config in configs]
    assert group(by_tokens) == [[0, 1, 2, 3], [4, 5, 6, 7]]  # batches of different sizes
    many = make_grid({}, {"head_learning_rate": [1e-3] * 50, "seed": [0, 1, 2]})
    assert [len(part) for part in group(many)] == [64, 64, 22]
    of_optimizer = make_grid({}, {"max_grad_norm": [0, 1], "bias_correction": [False, True], "layer_decay": [0.9, 1.0]})
    assert group(of_optimizer) == [[*range(8)]]
    assert group([validate({"strategy": "full", "seed": 1}), validate({"strategy": "full", "seed": 1})]) == [[0], [1]]
    with pytest.raises(ConfigError, match="at most 200"):
        make_grid({}, {"seed": list(range(300))})
    with pytest.raises(ConfigError):
        make_grid({}, {"dropout": [2.0]})
