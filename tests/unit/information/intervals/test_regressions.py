"""Losses against old answers, against exact cases and the intervals that they agree with."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.means import mean_interval, paired_interval, ratio_interval, unpaired_interval
from pytest_emid.information.intervals.regressions import loss, loss_apart

PAIRS = st.lists(st.tuples(st.sampled_from((0.0, 0.5, 1.0)), st.sampled_from((0.0, 0.5, 1.0))), min_size=8, max_size=60)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PAIRS, st.integers(1, 3))
def test_without_width_it_is_the_paired_t_interval(pairs: list[tuple[float, float]], per: int) -> None:
    old, new = map(list, zip(*pairs, strict=True))
    clusters = [i // per for i in range(len(old))]
    if old == new:
        return
    mine, plain = loss(old, new, clusters, width=0.0).mean(), paired_interval(old, new, clusters)
    assert (mine.value, mine.low, mine.high) == pytest.approx((plain.value, plain.low, plain.high), abs=1e-12)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PAIRS, st.floats(0.0, 0.9))
def test_share_and_contrast_agree_on_every_verdict(pairs: list[tuple[float, float]], at_most: float) -> None:
    old, new = map(list, zip(*pairs, strict=True))
    found = loss(old, new)
    share, contrast = found.share(), found.contrast(at_most)
    if not math.isfinite(share.high):
        assert not math.isfinite(contrast.high)
        return
    slack = 1e-9
    assert (contrast.low > slack) <= (share.low > at_most - slack)
    assert (share.low > at_most + slack) <= (contrast.low > -slack)
    assert (contrast.high < -slack) <= (share.high < at_most + slack)
    assert (share.high < at_most - slack) <= (contrast.high < slack)


def test_a_share_is_the_ratio_of_means() -> None:
    rng = np.random.default_rng(0)
    old, new, whole = rng.normal(1.0, 0.3, (3, 90))
    mine = loss(old, new, whole=whole, width=0.0).share()
    plain = ratio_interval(old - new, whole)
    assert (mine.value, mine.low, mine.high) == pytest.approx((plain.value, plain.low, plain.high))


@pytest.mark.parametrize(("lost", "gained"), [(3, 0), (5, 1), (12, 4), (30, 18), (2, 0), (9, 4)])
def test_an_alarm_is_that_of_mcnemars_test(lost: int, gained: int) -> None:
    """z = (lost - gained) / sqrt(lost + gained), but for the spread about the mean and Student's t."""
    n = 400
    old = np.array([1.0] * lost + [0.0] * gained + [1.0] * (n - lost - gained))
    new = np.array([0.0] * lost + [1.0] * gained + [1.0] * (n - lost - gained))
    z = (lost - gained) / math.sqrt(lost + gained)
    assert (loss(old, new).mean(0.9).low > 0.0) == (z > norm.ppf(0.95))


def test_the_upper_limit_allows_for_one_more_changed_answer() -> None:
    old, new = np.ones(90), np.array([0.0] * 4 + [1.0] * 86)
    found = loss(old, new).mean()
    d = old - new
    se = d.std(ddof=1) / math.sqrt(90)
    q = t.ppf(0.975, 89)
    assert found.low == pytest.approx(4 / 90 - q * se)
    assert found.high == pytest.approx(4 / 90 + q * math.hypot(se, 1 / 90))


def test_where_nothing_changed_limits_are_those_of_clopper_and_pearson() -> None:
    missed = 1.0 - 0.025 ** (1 / 90)
    found = loss([0.8] * 90, [0.8] * 90, width=0.8)
    assert (found.mean().low, found.mean().high) == pytest.approx((-0.8 * missed, 0.8 * missed))
    assert (found.share().low, found.share().high) == pytest.approx((-missed, missed))
    assert found.contrast(0.02).high == pytest.approx(0.8 * (missed - 0.02))


def test_other_samples_on_the_clean_side_count_by_themselves() -> None:
    rng = np.random.default_rng(1)
    old, new = rng.normal(1.0, 0.3, (2, 80))
    old_clean, new_clean = rng.normal(2.0, 0.3, (2, 50))
    sides = {"old_clean": old_clean, "new_clean": new_clean, "clusters_clean": None, "width": 0.0}
    under = loss_apart(old, new, None, **sides).mean()
    plain = mean_interval(old - new)
    assert (under.value, under.se) == pytest.approx((plain.value, plain.se))
    beyond = loss_apart(old, new, None, beyond_clean=True, **sides).mean()
    apart = unpaired_interval(old - new, old_clean - new_clean)
    assert (beyond.value, beyond.se) == pytest.approx((apart.value, apart.se))


@pytest.mark.parametrize(
    ("old", "new", "width", "message"),
    [
        (
            [1.0] * 3,
            [1.0] * 2,
            1.0,
            "old has 3 values and new has 2: they must score the same samples in the same order.",
        ),
        ([1.0], [1.0], -1.0, "width: -1.0 is not what one answer can change; give a number from 0 up."),
        ([math.nan], [1.0], 1.0, "old: "),
    ],
)
def test_what_is_refused(old: list[float], new: list[float], width: float, message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        loss(old, new, width=width)
    assert str(caught.value).startswith(message)
