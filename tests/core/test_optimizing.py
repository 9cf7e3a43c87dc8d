"""One step of AdamW as the settings have it, computed once more by hand in float64."""

import numpy as np
import pytest
import torch

from mlmtune_core.config import validate
from mlmtune_core.events import StepDone
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.training.optimizer import ADAM_BETAS, ADAM_EPSILON, make_optimizer
from mlmtune_core.workers import worker

RATE, HEAD_RATE, DECAY = 1e-2, 3e-2, 0.4
SETTINGS = {"strategy": "full", "learning_rate": RATE, "head_learning_rate": HEAD_RATE, "weight_decay": DECAY, "dropout": 0.0}
SETTINGS |= {"schedule": "constant", "warmup_ratio": 0.0, "max_grad_norm": 0, "patience": 0, "epochs": 2}


def take_steps(run, count):
    """(the first weights, [(gradients, weights after the step)]) by name, in float64."""
    setup, sets, _ = worker.assemble_run(run)
    named = [(name, weight) for name, weight in setup.model.named_parameters() if weight.requires_grad]
    named = [(name, weight) for name, weight in named if "word_embeddings" not in name]  # see test_embedding_rows

    def read(of):
        return {name: of(weight).detach().double().numpy().copy() for name, weight in named}

    begin, steps = read(lambda weight: weight), []
    for event in worker.train(setup, sets["train"], sets["validation"]):
        if isinstance(event, StepDone):
            steps.append((read(lambda weight: weight.grad), read(lambda weight: weight), event))
            if len(steps) == count:
                return begin, steps
    raise AssertionError


def predict(begin, gradients, rate, towards, corrected):
    """A weight after steps with these gradients: Loshchilov and Hutter 2019, algorithm 2, with decay towards `towards`."""
    weight, first, second = begin, 0.0, 0.0
    decay = DECAY if begin.ndim > 1 else 0.0
    for step, gradient in enumerate(gradients, start=1):
        first = ADAM_BETAS[0] * first + (1 - ADAM_BETAS[0]) * gradient
        second = ADAM_BETAS[1] * second + (1 - ADAM_BETAS[1]) * gradient**2
        one, two = (1 - beta**step if corrected else 1.0 for beta in ADAM_BETAS)
        weight = weight - rate * ((first / one) / (np.sqrt(second / two) + ADAM_EPSILON) + decay * (weight - towards))
    return weight


@pytest.mark.parametrize(
    "more",
    [{}, {"layer_decay": 0.5}, {"decay_towards": "pretrained"}, {"bias_correction": False}, {"layer_decay": 0.8, "decay_towards": "pretrained", "bias_correction": False}],
    ids=str,
)  # fmt: skip
def test_two_steps_are_those_of_the_formula(make_run, more):
    config = validate(SETTINGS | more)
    begin, steps = take_steps(make_run(**SETTINGS, **more), 2)
    assert len(begin) > 60
    for name, weight in begin.items():
        layer = int(name.split(".layer.")[1].split(".")[0]) if ".layer." in name else -1
        rate = HEAD_RATE if name.startswith("head") else RATE * config.layer_decay ** (3 - layer)
        towards = weight if config.decay_towards == "pretrained" and not name.startswith("head") else 0.0
        gradients = [gradient[name] for gradient, _, _ in steps]
        wanted = predict(weight, gradients, rate, towards, config.bias_correction)
        clear = np.abs(gradients).max(axis=0) > 1e-6  # in float32 what is nearly nothing has no direction
        np.testing.assert_allclose(steps[1][1][name][clear], wanted[clear], atol=2e-6, err_msg=name)
    assert all(event.learning_rate == RATE and event.head_learning_rate == HEAD_RATE for _, _, event in steps)


def test_without_clipping_the_gradient_stays_and_is_reported(make_run):
    clipped, (whole, *_) = (take_steps(make_run(**SETTINGS | {"max_grad_norm": norm, "batch_size": 3}), 1)[1][0] for norm in (0.01, 0))
    lengths = [np.sqrt(sum((gradient**2).sum() for gradient in each[0].values())) for each in (clipped, (whole,))]
    reported = clipped[2].grad_norm
    assert lengths[0] <= 0.01 < 0.1 < reported
    for name, gradient in whole.items():
        np.testing.assert_allclose(clipped[0][name], gradient * 0.01 / reported, atol=1e-7)


def test_rates_fall_from_layer_to_layer_down_to_the_embeddings(make_run):
    setup, *_ = worker.assemble_run(make_run(strategy="full", layer_decay=0.5, learning_rate=0.08))
    optimizer = make_optimizer(setup.model, setup.config)
    rates = {weight: group["lr"] for group in optimizer.param_groups for weight in group["params"]}
    by_layer = [{rates[weight] for weight in layer.parameters()} for layer in find_layers(setup.model.encoder)]
    assert by_layer == [{0.01}, {0.02}, {0.04}, {0.08}]
    assert {rates[weight] for weight in setup.model.encoder.embeddings.parameters()} == {0.005}
    assert {rates[weight] for weight in setup.model.head.parameters()} == {1e-3}
    assert len(rates) == sum(weight.requires_grad for weight in setup.model.parameters())


def test_lora_is_decayed_towards_nothing_which_is_the_pretrained_model(make_run):
    setup, *_ = worker.assemble_run(make_run(strategy="lora:2", decay_towards="pretrained", weight_decay=0.3))
    groups = make_optimizer(setup.model, setup.config).param_groups
    assert {(group["weight_decay"], group["pull"]) for group in groups} == {(0.3, 0.0), (0.0, 0.0)}


def test_a_weight_that_nothing_moves_is_not_moved_by_the_way_back():
    model = torch.nn.Module()
    model.head, model.encoder = torch.nn.Linear(3, 2), torch.nn.Linear(30, 20)
    config = validate({"strategy": "full", "decay_towards": "pretrained", "weight_decay": 0.7, "learning_rate": 0.1})
    optimizer, before = make_optimizer(model, config), model.encoder.weight.detach().clone()
    for _ in range(50):
        model.encoder.weight.grad = torch.zeros_like(before)
        optimizer.step()
    assert torch.equal(model.encoder.weight, before)
