"""The arithmetic of the head against torch's autograd, and against sums written out by hand."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mlmtune_core.inspecting.arithmetic import (
    CLASSES,
    MEANT,
    PRINTED,
    Linear,
    draw_case,
    find_gradients,
    find_loss,
    find_probabilities,
    split_logit,
    split_softmax,
    take_step,
)

CASES = {
    "one label": (1, 4, 2, lambda z: functional.cross_entropy(z, torch.tensor([2]))),
    "several labels": (1, 3, [1, 0, 1], lambda z: functional.binary_cross_entropy_with_logits(z, torch.tensor([[1.0, 0, 1]], dtype=z.dtype))),
    "one number": (1, 1, -0.7, lambda z: functional.mse_loss(z, torch.tensor([[-0.7]], dtype=z.dtype))),
    "one place": (5, 1, 3, lambda z: functional.cross_entropy(z.T, torch.tensor([3]))),
}  # fmt: skip


def make(kind):
    rows, columns, truth, loss = CASES[kind]
    rng = np.random.default_rng(4)
    layer = Linear(rng.normal(size=(rows, 6)), rng.normal(size=(6, columns)), rng.normal(size=columns), kind)
    linear = nn.Linear(6, columns, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(layer.weight.T))
        linear.bias.copy_(torch.from_numpy(layer.bias))
    return layer, linear, truth, loss


@pytest.mark.parametrize("kind", CASES)
def test_loss_gradients_and_a_step_are_what_torch_finds(kind):
    layer, linear, truth, loss = make(kind)
    vectors = torch.from_numpy(layer.vectors)
    cost = loss(linear(vectors))
    cost.backward()
    assert np.allclose(layer.logits, linear(vectors).detach().numpy().reshape(-1), atol=1e-12)
    assert math.isclose(find_loss(layer, truth).value, cost.item(), abs_tol=1e-12)
    by_weight, by_bias = find_gradients(layer, find_loss(layer, truth))
    assert np.allclose(by_weight, linear.weight.grad.numpy().T, atol=1e-12)
    assert np.allclose(by_bias, linear.bias.grad.numpy(), atol=1e-12)
    torch.optim.SGD(linear.parameters(), lr=0.3).step()
    after = take_step(layer, truth, 0.3)
    assert np.allclose(after.logits, linear(vectors).detach().numpy().reshape(-1), atol=1e-12)
    assert find_loss(after, truth).value == pytest.approx(loss(linear(vectors)).item(), abs=1e-12)


@pytest.mark.parametrize("kind", CASES)
def test_a_logit_is_the_sum_of_its_products(kind):
    layer, *_ = make(kind)
    for index, logit in enumerate(layer.logits):
        parts = split_logit(layer, index, 3)
        assert len(parts.values) == 3 and sorted(map(abs, parts.values), reverse=True) == list(map(abs, parts.values))
        assert parts.values.sum() + parts.rest + parts.bias == pytest.approx(logit, abs=1e-12)
        assert parts.logit == pytest.approx(logit, abs=1e-12)
        assert np.allclose(parts.inputs * parts.weights, parts.values)
    every = split_logit(layer, 0, 99)
    assert len(every.values) == 6 and every.rest == 0


def test_softmax_in_steps_survives_logits_that_would_overflow():
    steps = split_softmax(np.array([1000.0, 1001.0, 990.0]))
    assert steps.maximum == 1001 and list(steps.shifted) == [-1, 0, -11]
    assert steps.total == pytest.approx(math.exp(-1) + 1 + math.exp(-11))
    assert steps.probabilities == pytest.approx(np.array([math.exp(-1), 1, math.exp(-11)]) / steps.total)
    layer = Linear(np.eye(1), np.array([[1000.0, 1001.0, 990.0]]), np.zeros(3), "one label")
    assert find_probabilities(layer) == pytest.approx(steps.probabilities)
    assert find_loss(layer, 2).value == pytest.approx(11 + math.log(steps.total))


def test_the_chapters_labels_cost_what_its_program_would_print():
    case = draw_case(3)
    linear = nn.Linear(768, 6, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(case.weight.T))
        linear.bias.copy_(torch.from_numpy(case.bias))
    logits = linear(torch.from_numpy(case.vectors))
    for labels in (PRINTED, MEANT):
        assert case.losses(labels).mean() == pytest.approx(functional.cross_entropy(logits, torch.tensor(labels)).item())
    assert [CLASSES[label] for label in MEANT] == ["O", "B-ORG", "O", "O", "O", "B-PER", "I-PER", "O", "B-LOC"]
    assert [CLASSES[label] for label in PRINTED][:2] == ["B-PER", "B-ORG"]
