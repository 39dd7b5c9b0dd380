"""Sign flips and the cluster bootstrap."""

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.information.intervals.resampling import bootstrap_interval, sign_flip_p


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_few_clusters_are_enumerated(rng):
    # 5 positive clusters: only the observed pattern (and its mirror) is as extreme.
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert sign_flip_p(values, None, rng) == 2 / 32
    assert sign_flip_p(values, None, rng, alternative="greater") == 1 / 32
    assert sign_flip_p(values, None, rng, alternative="less") == 1.0


def test_clusters_flip_as_one(rng):
    values = [1.0, 2.0, 3.0, 4.0]
    assert sign_flip_p(values, ["a", "a", "b", "b"], rng, alternative="greater") == 1 / 4


def test_nothing_differs(rng):
    assert sign_flip_p([0.0] * 50, None, rng) == 1.0
    assert sign_flip_p([0.0] * 5, None, rng, alternative="greater") == 1.0


def test_many_clusters_agree_with_t(rng):
    values = rng.normal(0.25, 1.0, size=80)
    found = sign_flip_p(values, None, rng, 20_000)
    found_again = sign_flip_p(values, None, np.random.default_rng(3), 20_000)
    interval = mean_interval(values, confidence=1 - found)
    assert min(abs(interval.low), abs(interval.high)) < 0.01
    assert found == pytest.approx(found_again, abs=0.01)


def test_is_never_zero(rng):
    assert sign_flip_p(rng.normal(9.0, 1.0, size=50), None, rng, 99) == 1 / 100


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alternative": "up"}, "alternative: 'up' is unknown. Use 'two-sided', 'greater' or 'less'."),
        ({"resamples": 0}, "resamples: 0. Draw at least 1."),
    ],
)
def test_bad_options(rng, options, message):
    with pytest.raises(EstimationError) as caught:
        sign_flip_p([1.0, 2.0], None, rng, **options)
    assert str(caught.value) == message


def test_bootstrap_agrees_with_t_on_normal_clusters(rng):
    values = np.repeat(rng.normal(1.0, 1.0, size=60), 3)
    labels = np.repeat(np.arange(60), 3)
    t, bootstrap = mean_interval(values, labels), bootstrap_interval(values, labels, rng, 4000)
    assert (bootstrap.value, bootstrap.se, bootstrap.clusters) == (t.value, t.se, 60)
    assert bootstrap.low == pytest.approx(t.low, abs=0.15 * t.se)
    assert bootstrap.high == pytest.approx(t.high, abs=0.15 * t.se)


def test_bootstrap_leans_with_the_skew(rng):
    values = rng.exponential(size=30)
    found = bootstrap_interval(values, None, rng, 4000)
    assert found.high - found.value > 1.2 * (found.value - found.low)


def test_bootstrap_of_degenerate_values(rng):
    assert bootstrap_interval([1.0, 1.0, 1.0], None, rng).high == 1.0
    assert bootstrap_interval([1.0, 2.0], ["a", "a"], rng).high == math.inf
    # Two clusters: a resample often holds one of them twice, and its t statistic is infinite.
    assert bootstrap_interval([1.0, 2.0], None, rng).high == math.inf


def test_bootstrap_needs_resamples(rng):
    with pytest.raises(EstimationError) as caught:
        bootstrap_interval([1.0, 2.0], None, rng, 100)
    assert str(caught.value) == "resamples: 100 are too few for an interval. Draw at least 199."
