"""Temperature and entropy: what a softmax does when its logits are divided, and how flat it is."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlmtune_core.models.probabilities import at_temperature, find_entropy, softmax

LOGITS = st.lists(st.floats(-30, 30), min_size=2, max_size=12).map(lambda values: {str(i): z for i, z in enumerate(values)})
TEMPERATURES = st.floats(0.1, 10)


@given(LOGITS, TEMPERATURES)
def test_order_and_sum_stay_at_every_temperature(logits, temperature):
    shares = at_temperature(logits, temperature)
    assert list(shares) == list(logits) and sum(shares.values()) == pytest.approx(1)
    assert shares[max(logits, key=logits.get)] == max(shares.values())
    ranked = [shares[name] for name in sorted(logits, key=logits.get)]
    assert ranked == sorted(ranked)


@given(LOGITS)
def test_at_one_it_is_the_models_own_softmax(logits):
    assert list(at_temperature(logits, 1).values()) == pytest.approx(softmax(np.array(list(logits.values()))).tolist())


@given(LOGITS, TEMPERATURES)
def test_a_sigmoid_stays_on_its_side_of_one_half_and_mixes_no_labels(logits, temperature):
    shares = at_temperature(logits, temperature, multi_label=True)
    for name, z in logits.items():
        assert shares[name] == pytest.approx(1 / (1 + math.exp(-z / temperature)))
        assert (shares[name] > 0.5) == (z > 0) or abs(z) < 1e-12


@given(LOGITS, TEMPERATURES, TEMPERATURES)
def test_the_hotter_the_flatter(logits, one, other):
    assume(abs(one - other) > 1e-6)
    cool, hot = (find_entropy(at_temperature(logits, each).values()) for each in sorted((one, other)))
    assert -1e-9 <= cool <= hot + 1e-9 <= math.log2(len(logits)) + 1e-8


def test_entropy_is_nothing_where_one_has_all_and_counts_the_bits_of_a_fair_choice():
    assert find_entropy([0.0, 1.0, 0.0]) == 0
    assert find_entropy([0.25] * 4) == pytest.approx(2)
    assert at_temperature({"a": 1.0, "b": -1.0}, 0.1)["a"] > 0.999
