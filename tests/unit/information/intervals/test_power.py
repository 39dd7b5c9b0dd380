"""Minimum detectable effects and the n that would decide."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval, retained_contrast, retained_interval
from pytest_emid.information.intervals.power import minimum_detectable, samples_for_loss, samples_to_decide


def estimate(value=0.1, se=0.05, n=90, clusters=30):
    return Estimate(value, value - 2 * se, value + 2 * se, se, n, clusters)


def test_minimum_detectable_is_found_with_the_promised_power():
    rng = np.random.default_rng(1)
    sample = rng.normal(size=(4000, 50))
    effect = minimum_detectable(mean_interval(sample[0]))
    true = effect / sample[0].std(ddof=1)
    shown = np.mean([mean_interval(row + true).low > 0 for row in sample[1:1500]])
    assert shown == pytest.approx(0.8, abs=0.03)


def test_the_n_that_would_decide_decides_with_the_promised_power():
    rng = np.random.default_rng(2)
    small = mean_interval(0.2 + rng.normal(size=200))
    n = samples_to_decide(Estimate(0.2, small.low, small.high, 1 / math.sqrt(200), 200, 200), 0.0)
    shown = np.mean([mean_interval(0.2 + rng.normal(size=n)).low > 0 for _ in range(1500)])
    assert shown == pytest.approx(0.8, abs=0.03)


def test_counts_whole_samples_at_the_present_cluster_size():
    alone = samples_to_decide(estimate(n=30), 0.05)
    threes = samples_to_decide(estimate(n=90), 0.05)
    assert alone is not None
    assert threes == 3 * alone


def test_even_odds_need_fewer_samples():
    assert samples_to_decide(estimate(), 0.05, power=0.5) < samples_to_decide(estimate(), 0.05)


def test_enough_already():
    assert samples_to_decide(estimate(value=5.0), 0.0) < 90
    assert samples_to_decide(estimate(value=5.0, se=0.0), 0.0) == 6


@pytest.mark.parametrize("at_least", [0.9, 0.99])
def test_a_set_in_which_nothing_changed_is_decided_by_more_samples_in_which_nothing_changes(at_least):
    scores = [1.0, 1.2] * 15
    needed = samples_to_decide(retained_contrast(scores, scores, at_least), 0.0)
    for n, decided in ((needed, True), (needed - 1, False)):
        scores = ([1.0, 1.2] * n)[:n]
        assert (retained_interval(scores, scores).low >= at_least) == decided


@pytest.mark.parametrize(
    ("given", "threshold"),
    [
        (estimate(value=0.1), 0.1),
        (estimate(se=math.nan), 0.0),
        (estimate(value=math.nan), 0.0),
        (estimate(value=1e-9), 0.0),
        (replace(estimate(value=5e-324), low=0.0, high=1e-323, se=0.0), 0.0),
    ],
)
def test_no_number_decides(given, threshold):
    assert samples_to_decide(given, threshold) is None


def test_nothing_is_detectable_without_a_standard_error():
    assert minimum_detectable(estimate(se=math.nan)) == math.inf
    assert minimum_detectable(mean_interval([1.0])) == math.inf


@pytest.mark.parametrize("function", [minimum_detectable, lambda e, power: samples_to_decide(e, 0.0, power)])
def test_power_is_a_probability(function):
    with pytest.raises(EstimationError) as caught:
        function(estimate(), power=80)
    assert str(caught.value) == "power: 80 is not between 0 and 1. Use 0.8 for four chances in five."


def test_threshold_is_finite():
    with pytest.raises(EstimationError) as caught:
        samples_to_decide(estimate(), math.inf)
    assert str(caught.value) == "threshold: inf is not a finite number."


@pytest.mark.parametrize(("loss", "right"), [(0.2, 0.9), (0.1, 0.9), (0.1, 0.7)])
def test_the_planned_samples_show_the_loss_and_half_of_them_do_not(loss: float, right: float) -> None:
    rng = np.random.default_rng(0)

    def power(n: int, draws: int = 300) -> float:
        shown = 0
        for _ in range(draws):
            clean = (rng.random(n) < right).astype(float)
            shown += retained_contrast(clean, clean * (rng.random(n) >= loss), 1.0).high < 0.0
        return shown / draws

    n = samples_for_loss(loss, 1.0 / right)
    assert power(n) >= 0.8  # few answers are lost, so that intervals are short where less is lost
    assert power(n // 2) < 0.8


def test_a_loss_that_is_none_cannot_be_planned() -> None:
    with pytest.raises(EstimationError) as error:
        samples_for_loss(0.0, 1.1)
    assert str(error.value) == (
        "loss 0.0, spread 1.1, confidence 0.95: a share in (0, 1), a number from 1 up, and a confidence in (0, 1) are "
        "needed."
    )
