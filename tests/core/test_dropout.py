"""The quick dropout is a dropout: its share, its scale, its gradient, its seed."""

import pytest
import torch
from torch import nn

from mlmtune_core.events import StepDone
from mlmtune_core.models.dropout import Dropout, use_quick_dropout
from mlmtune_core.workers import worker


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_values_fall_away_with_their_chance_wherever_they_stand_and_the_mean_stays(p):
    torch.manual_seed(0)
    layer = Dropout(p).train()
    values = torch.ones(400, 250, requires_grad=True)
    out = layer(values)
    assert out.detach().unique().tolist() == pytest.approx([0.0, 1 / (1 - p)], rel=1e-3)
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=0.01)
    for start in range(
        4
    ):  # four values share a draw of 64 bits: each must have its chance, and not that of its neighbour
        mine, next_one = (out.detach().flatten()[start::4] == 0).float()[:20_000], (out.detach().flatten()[start + 1 :: 4] == 0).float()[:20_000]  # fmt: skip
        assert mine.mean().item() == pytest.approx(p, abs=0.02)
        assert torch.corrcoef(torch.stack([mine, next_one]))[0, 1].abs() < 0.03
    out.sum().backward()
    torch.testing.assert_close(values.grad, out.detach())
    torch.testing.assert_close(layer.eval()(values), values)
    torch.testing.assert_close(Dropout(0.0).train()(values), values)


def test_the_seed_decides_and_odd_sizes_are_filled():
    layer = Dropout(0.5).train()
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(layer(torch.ones(3, 7)))
    assert drawn[0].equal(drawn[1]) and not drawn[0].equal(drawn[2]) and drawn[0].shape == (3, 7)


def test_every_dropout_of_the_encoder_is_replaced_and_the_head_keeps_its_own(make_run):
    setup, *_ = worker.assemble_run(make_run(strategy="full", dropout=0.3))
    kinds = [type(module) for module in setup.model.encoder.modules() if "ropout" in type(module).__name__]
    assert len(kinds) == 13 and set(kinds) == {Dropout}  # embeddings, and three in each of four layers
    assert type(setup.model.head.dropout) is nn.Dropout
    assert {module.p for module in setup.model.encoder.modules() if isinstance(module, Dropout)} == {0.3}
    use_quick_dropout(setup.model.encoder)
    assert any(isinstance(event, StepDone) for event in worker.carry_out(make_run(strategy="full", dropout=0.3)))
