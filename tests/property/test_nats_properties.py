"""Information in nats under any data: bounded, indifferent to order, labels and scale, and consistent with its gate."""

import math

import numpy as np
import pytest
from answer_sets import answer_sets, pairs_to_fit, some_alike
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.information.critics.contrast import Told
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.intervals.nats import nats_lost, share_contrast, share_lost

WITNESS = Witness.fit(*pairs_to_fit())


def sets():
    return some_alike(answer_sets(10, 80, distinct=8))


@settings(deadline=None, max_examples=50)
@given(sets())
def test_is_finite_and_at_most_the_ceiling(data):
    found = WITNESS.information(*data[:3], clusters=data[3])
    assert np.all(np.isfinite(found.scores))
    assert math.log(WITNESS.floor) <= found.value <= found.ceiling + 1e-9
    assert sum(found.weights) == pytest.approx(1.0)
    assert min(found.weights) >= 0.0
    assert found.weights[-1] >= WITNESS.floor - 1e-12


@settings(deadline=None, max_examples=50)
@given(sets(), st.randoms(use_true_random=False))
def test_order_and_labels_do_not_matter(data, random):
    response, reference, text, clusters = data
    order = list(range(len(response)))
    random.shuffle(order)
    first = WITNESS.information(response, reference, text, clusters=clusters)
    names = [f"image {clusters[i]}" for i in order]
    again = WITNESS.information(response[order], reference[order], text[order], clusters=names)
    # Where the search for the weights stops may differ by rounding.
    assert again.value == pytest.approx(first.value, abs=2e-3)
    assert again.candidates == first.candidates


@settings(deadline=None, max_examples=50)
@given(sets())
def test_never_below_what_says_nothing_but_for_the_search(data):
    """Weights that are all on r = 1 read 0, and the best read no less."""
    assert WITNESS.information(*data[:3], clusters=data[3]).value >= -2e-3


@st.composite
def pairs(draw):
    n = draw(st.integers(8, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clean = rng.normal(draw(st.sampled_from([0.1, 1.0, 3.8])), draw(st.sampled_from([0.0, 0.5, 2.0])), n)
    shifted = clean - rng.exponential(1.0, n) * (rng.random(n) < draw(st.sampled_from([0.0, 0.2, 1.0])))
    return Told(clean, 64, (1.0,)), Told(shifted, 64, (1.0,)), rng.integers(0, draw(st.integers(2, n)), size=n)


@given(pairs(), st.floats(-1.0, 2.0))
def test_the_gate_and_the_interval_of_the_share_agree(data, at_most):
    share, contrast = share_lost(*data), share_contrast(data[0], data[1], at_most, data[2])
    if not math.isfinite(share.high):
        assert (contrast.low, contrast.high) == (-math.inf, math.inf)
    else:
        assert share.low <= share.value <= share.high
        if abs(share.high - at_most) > 1e-6 and abs(share.low - at_most) > 1e-6:
            assert (contrast.high < 0) is (share.high < at_most)
            assert (contrast.low > 0) is (share.low > at_most)


@given(pairs())
def test_losing_the_other_way_round_is_the_opposite(data):
    clean, shifted, clusters = data
    one, two = nats_lost(clean, shifted, clusters), nats_lost(shifted, clean, clusters)
    assert (one.value, one.low, one.high) == pytest.approx((-two.value, -two.high, -two.low))
