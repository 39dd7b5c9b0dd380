"""Holm and Benjamini-Hochberg."""

import numpy as np
import pytest
from scipy import stats

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.multiplicity import benjamini_hochberg, holm


def test_holm_by_hand():
    # Sorted: .01 x 4, .02 x 3, .03 x 2, .5 x 1; each at least the one before.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])


def test_holm_stays_a_probability():
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])


def test_benjamini_hochberg_agrees_with_scipy():
    p = np.random.default_rng(0).uniform(size=40) ** 2
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_no_tests(adjust):
    assert adjust([]).shape == (0,)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_not_a_probability(adjust, bad):
    with pytest.raises(EstimationError) as caught:
        adjust([0.5, bad])
    assert str(caught.value) == f"p: the value at position 1 is {bad}, not a probability."


def test_not_a_list():
    with pytest.raises(EstimationError) as caught:
        holm([[0.5]])
    assert str(caught.value) == "p: expected one p-value per test, got an array of shape (1, 1)."
