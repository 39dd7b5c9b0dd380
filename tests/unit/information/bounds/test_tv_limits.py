from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from pytest_emid.information.bounds.tv_limits import coupled_tv_limit, mean_upper_limit
from pytest_emid.information.theory.finite import total_variation


def test_without_any_success_the_limit_is_the_exact_binomial_one():
    assert mean_upper_limit(0.0, 1 / 30, 30, 0.05) == pytest.approx(1 - 0.05 ** (1 / 30), rel=1e-9)


@pytest.mark.parametrize("successes", [1, 10, 25, 50])
def test_the_limit_of_a_mean_is_near_and_above_clopper_and_pearson(successes: int):
    exact = beta.ppf(0.95, successes + 1, 50 - successes) if successes < 50 else 1.0
    limit = mean_upper_limit(successes / 50, 1 / 50, 50, 0.05)
    assert exact <= limit + 1e-9
    assert limit <= exact + 0.07


def test_unequal_groups_widen_the_limit():
    assert mean_upper_limit(0.2, 0.5, 10, 0.05) > mean_upper_limit(0.2, 0.1, 10, 0.05)


def test_equal_labels_leave_what_the_sample_cannot_exclude():
    labels = np.arange(40) % 4
    found = coupled_tv_limit(labels, labels, np.arange(40), 4, 0.025)
    assert found.observed == 0.0
    assert found.limit == pytest.approx(1 - 0.0125 ** (1 / 40), rel=1e-9)
    by_normal = coupled_tv_limit(labels, labels, np.arange(40), 4, 0.025, "normal")
    assert 0.0 < by_normal.limit < 0.15


def test_one_cluster_says_nothing():
    labels = np.arange(40) % 4
    one = np.zeros(40, dtype=np.intp)
    assert coupled_tv_limit(labels, labels[::-1].copy(), one, 4, 0.025, "normal").limit == 1.0
    assert coupled_tv_limit(labels, (labels + 1) % 4, one, 4, 0.025).limit > 0.95


def test_the_observed_value_is_the_plug_in():
    first, second = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    found = coupled_tv_limit(first, second, np.arange(4), 3, 0.05)
    assert found.observed == total_variation([0.5, 0.25, 0.25], [0.25, 0.75, 0.0])


@pytest.mark.parametrize("method", ["concentration", "normal"])
@pytest.mark.parametrize("clustered", [False, True])
def test_limits_hold_at_their_nominal_rate(method: str, clustered: bool):
    """The hardest cases for a limit: every disagreement in one direction (TV = disagreement), common or rare."""
    rng = np.random.default_rng(1)
    n, tail, repetitions = 90, 0.05, 400
    codes = np.arange(n) // 3 if clustered else np.arange(n)
    for rate in (0.01, 0.05, 0.2, 0.5, 0.9):
        held = 0
        for _ in range(repetitions):
            wrong = (rng.random(n) < rate)[codes * 3 if clustered else codes]
            found = coupled_tv_limit(np.where(wrong, 1, 0), np.zeros(n, dtype=np.intp), codes, 2, tail, method)
            held += found.limit >= rate
        assert held / repetitions >= 1 - tail - 0.02, rate
