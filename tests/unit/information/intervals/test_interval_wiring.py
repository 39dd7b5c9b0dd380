"""What every interval takes from its arguments: clusters, confidence, unit; and its limits in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.clusters import clustered_means
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import (
    mean_interval,
    paired_interval,
    ratio_interval,
    retained_contrast,
    retained_interval,
    unpaired_interval,
    unpaired_retained_contrast,
    unpaired_retained_interval,
)

RNG = np.random.default_rng(31)
CLEAN, SHIFTED = RNG.normal(1.0, 0.4, size=48), RNG.normal(0.7, 0.5, size=48)
OTHER = RNG.normal(0.6, 0.9, size=30)
LABELS, LABELS_OTHER = np.arange(48) // 4, np.arange(30) // 3
CALLS: dict[str, Callable[..., Estimate]] = {
    "mean": lambda **o: mean_interval(CLEAN, LABELS, **o),
    "paired": lambda **o: paired_interval(CLEAN, SHIFTED, LABELS, **o),
    "ratio": lambda **o: ratio_interval(SHIFTED, CLEAN, LABELS, **o),
    "retained": lambda **o: retained_interval(CLEAN, SHIFTED, LABELS, **o),
    "contrast": lambda **o: retained_contrast(CLEAN, SHIFTED, 0.5, LABELS, **o),
    "unpaired": lambda **o: unpaired_interval(CLEAN, OTHER, LABELS, LABELS_OTHER, **o),
    "unpaired retained": lambda **o: unpaired_retained_interval(CLEAN, OTHER, LABELS, LABELS_OTHER, **o),
    "unpaired contrast": lambda **o: unpaired_retained_contrast(CLEAN, OTHER, 0.5, LABELS, LABELS_OTHER, **o),
}
FIXED = ("retained", "unpaired retained")
"""Their unit is no argument."""


@pytest.mark.parametrize("name", list(CALLS))
def test_units_counts_and_the_default_confidence(name: str) -> None:
    call, unpaired = CALLS[name], name.startswith("unpaired")
    found = call()
    assert (found.n, found.clusters) == ((78, 22) if unpaired else (48, 12))
    assert found.unit == ("fraction" if name in ("ratio", *FIXED) else "critic scale")
    assert (found, found.confidence) == (call(confidence=0.95), 0.95)
    if name not in FIXED:
        assert call(unit="nats").unit == "nats"
    narrow = call(confidence=0.5)
    assert narrow.confidence == 0.5
    assert found.low < narrow.low < narrow.high < found.high
    assert narrow.value == found.value
    for wrong in (0.0, 1.0, math.nan):
        with pytest.raises(EstimationError, match=r"^confidence: .* is not between 0 and 1\. Use 0\.95"):
            call(confidence=wrong)


def welch(weight: float, confidence: float) -> tuple[float, float, float]:
    """mean(OTHER) - weight mean(CLEAN) over cluster means, its standard error and t quantile, as in a textbook."""
    a, b = CLEAN.reshape(12, 4).mean(axis=1), OTHER.reshape(10, 3).mean(axis=1)
    va, vb = weight**2 * a.var(ddof=1) / 12, b.var(ddof=1) / 10
    df = (va + vb) ** 2 / (va**2 / 11 + vb**2 / 9)
    return b.mean() - weight * a.mean(), math.sqrt(va + vb), stats.t.ppf(0.5 + confidence / 2, df)


@pytest.mark.parametrize("confidence", [0.6, 0.95])
def test_unpaired_differences_and_contrasts_are_welch_s(confidence: float) -> None:
    value, se, t = welch(1.0, confidence)
    found = unpaired_interval(CLEAN, OTHER, LABELS, LABELS_OTHER, confidence)
    assert (found.value, found.se) == pytest.approx((-value, se))
    assert (found.low, found.high) == pytest.approx((-value - t * se, -value + t * se))
    value, se, t = welch(0.5, confidence)
    found = unpaired_retained_contrast(CLEAN, OTHER, 0.5, LABELS, LABELS_OTHER, confidence)
    assert (found.value, found.se) == pytest.approx((value, se))
    assert (found.low, found.high) == pytest.approx((value - t * se, value + t * se))


@pytest.mark.parametrize("confidence", [0.6, 0.95])
def test_limits_of_an_unpaired_share_are_where_its_own_contrast_is_zero(confidence: float) -> None:
    found = unpaired_retained_interval(CLEAN, OTHER, LABELS, LABELS_OTHER, confidence)
    for limit, sign in ((found.low, 1.0), (found.high, -1.0)):
        value, se, t = welch(limit, confidence)
        assert value == pytest.approx(sign * t * se, abs=1e-9)
    share = OTHER.mean() / CLEAN.mean()
    assert found.value == pytest.approx(share)
    assert found.se == pytest.approx(welch(share, confidence)[1] / CLEAN.mean())


@pytest.mark.parametrize("confidence", [0.6, 0.95])
def test_a_paired_ratio_is_fieller_s(confidence: float) -> None:
    found = ratio_interval(SHIFTED, CLEAN, LABELS, confidence)
    y, x = (values.reshape(12, 4).mean(axis=1) for values in (SHIFTED, CLEAN))
    (vy, vxy), (_, vx) = np.cov(y, x) / 12
    t2 = stats.t.ppf(0.5 + confidence / 2, 11) ** 2
    roots = np.roots([x.mean() ** 2 - t2 * vx, -2 * (x.mean() * y.mean() - t2 * vxy), y.mean() ** 2 - t2 * vy])
    assert (found.low, found.high) == pytest.approx(tuple(sorted(roots.real)))
    r = y.mean() / x.mean()
    assert (found.value, found.se) == pytest.approx((r, math.sqrt(vy - 2 * r * vxy + r**2 * vx) / x.mean()))
    negative = ratio_interval(-SHIFTED, -CLEAN, LABELS, confidence)
    assert (negative.value, negative.low, negative.high, negative.se) == pytest.approx(
        (found.value, found.low, found.high, found.se)
    )


def test_a_denominator_at_the_edge_of_significance() -> None:
    """Bounded where the t interval of the denominator leaves out 0, and only there."""
    means = clustered_means(CLEAN[:, None], LABELS)
    p = 2 * stats.t.sf(float(means.mean[0] / math.sqrt(means.covariance[0, 0])), 11)
    within, beyond = (ratio_interval(SHIFTED, CLEAN, LABELS, 1 - p * factor) for factor in (1.01, 0.99))
    assert math.isfinite(within.low)
    assert math.isfinite(within.high)
    assert (beyond.low, beyond.high) == (-math.inf, math.inf)
    assert (beyond.n, beyond.clusters, beyond.unit) == (48, 12, "fraction")
    assert beyond.se == within.se


@pytest.mark.parametrize(
    ("values", "support", "limits"),
    [
        ([1.0] * 20, (0.0, 1.0), (1.0, 0.0)),
        ([0.0] * 20, (0.0, 1.0), (0.0, 1.0)),
        ([0.5] * 20, (-1.0, 3.0), (1.5, 2.5)),
    ],
)
def test_what_was_not_seen_pulls_each_limit_towards_the_end_of_the_support(
    values: list[float], support: tuple[float, float], limits: tuple[float, float]
) -> None:
    labels = np.arange(20) // 2
    found = mean_interval(values, labels, 0.8, support=support, unit="fraction")
    share = 1.0 - 0.1 ** (1 / 10)
    assert (found.low, found.high) == pytest.approx((values[0] - share * limits[0], values[0] + share * limits[1]))
    assert (found.se, found.n, found.clusters, found.confidence, found.unit) == (0.0, 20, 10, 0.8, "fraction")


def test_nothing_changed_at_another_confidence() -> None:
    whole = retained_interval(CLEAN, CLEAN, LABELS, 0.8)
    missed = 1.0 - 0.1 ** (1 / 48)
    assert (whole.value, whole.low, whole.high, whole.se) == pytest.approx((1.0, 1 - missed, 1 + missed, 0.0))
    contrast = retained_contrast(CLEAN, CLEAN, 0.7, LABELS, 0.8)
    mean = float(CLEAN.mean())
    assert (contrast.value, contrast.low, contrast.high, contrast.se) == pytest.approx(
        (0.3 * mean, (0.3 - missed) * mean, (0.3 + missed) * mean, 0.0)
    )


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (retained_contrast, (CLEAN, SHIFTED, math.inf)),
        (unpaired_retained_contrast, (CLEAN, SHIFTED, math.inf)),
    ],
)
def test_a_share_that_is_no_number_is_refused(call: Any, arguments: Any) -> None:
    with pytest.raises(EstimationError) as caught:
        call(*arguments)
    assert str(caught.value) == "at_least: inf is not a finite number."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ratio_interval([1.0], [1.0, 2.0]), "numerator has 1 values and denominator has 2"),
        (lambda: ratio_interval([math.nan], [1.0]), "numerator: row 0 holds nan"),
        (lambda: ratio_interval([1.0], [math.nan]), "denominator: row 0 holds nan"),
        (lambda: paired_interval([math.nan], [1.0]), "clean: row 0 holds nan"),
        (lambda: paired_interval([1.0], [math.nan]), "shifted: row 0 holds nan"),
        (lambda: unpaired_interval([math.nan], [1.0]), "clean: row 0 holds nan"),
        (lambda: unpaired_interval([1.0], [math.nan]), "shifted: row 0 holds nan"),
        (lambda: unpaired_interval([1.0], [1.0], [1, 2]), "clusters: expected one id for each of 1 samples, got 2."),
        (lambda: mean_interval([2.0, 2.5], support=(0, 1)), "support: the mean 2.25 lies outside (0, 1)."),
        (lambda: mean_interval([-1.0, -1.0], support=(0, 1)), "support: the mean -1 lies outside (0, 1)."),
    ],
)
def test_errors_name_the_side(call: Callable[[], object], message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("clean", [(1.0, 1.0), (1.0,)])
def test_too_few_clusters_leave_a_share_without_limits(clean: tuple[float, ...]) -> None:
    found = unpaired_retained_interval(clean, [0.5, 0.6], None if len(clean) == 1 else ["a", "a"])
    assert (found.value, found.low, found.high) == (pytest.approx(0.55), -math.inf, math.inf)
    paired = retained_interval([1.0, 1.2], [0.5, 0.6], ["a", "a"])
    assert (paired.value, paired.low, paired.high) == (pytest.approx(0.5), -math.inf, math.inf)
    assert math.isnan(paired.se)


def test_without_spread_a_share_has_no_width() -> None:
    found = unpaired_retained_interval([2.0] * 4, [1.0] * 5)
    assert (found.value, found.low, found.high, found.se) == (0.5, 0.5, 0.5, 0.0)
    found = ratio_interval([1.0] * 4, [2.0] * 4)
    assert (found.value, found.low, found.high, found.se) == (0.5, 0.5, 0.5, 0.0)


def test_what_is_retained_may_be_nothing_but_not_of_nothing() -> None:
    something, nothing = [1.0, 1.1, 0.9, 1.0] * 3, [0.5, -0.5, 0.4, -0.4] * 3
    found = retained_contrast(something, nothing, 0.9)
    assert math.isfinite(found.low)
    assert found.high < 0.0
    found = retained_contrast(nothing, something, 0.9)
    assert (found.low, found.high) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    "call",
    [
        lambda **o: mean_interval([1.0, 2.0], ["a", "a"], **o),
        lambda **o: unpaired_interval([1.0, 2.0], [1.0, 2.0], ["a", "a"], **o),
        lambda **o: ratio_interval([1.0, 2.0], [1.0, 2.0], ["a", "a"], **o),
    ],
)
def test_an_interval_without_limits_still_says_what_was_asked(call: Callable[..., Estimate]) -> None:
    found = call(confidence=0.8, unit="nats")
    assert (found.low, found.high, found.confidence, found.unit) == (-math.inf, math.inf, 0.8, "nats")
