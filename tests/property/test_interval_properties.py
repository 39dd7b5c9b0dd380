"""Intervals under any data: they hold their estimate, move with it, and do not care for order or labels."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_emid.information.intervals.means import (
    mean_interval,
    paired_interval,
    retained_contrast,
    retained_interval,
    unpaired_interval,
    unpaired_retained_interval,
)
from pytest_emid.information.intervals.multiplicity import benjamini_hochberg, holm

# A grid of values far from under- and overflow: what is tested is statistics, not the ends of the float range.
numbers = st.integers(-4000, 4000).map(lambda k: k / 1000)
probabilities = st.lists(st.integers(0, 1000).map(lambda k: k / 1000), min_size=1, max_size=30)


@st.composite
def clustered(draw, columns=1):
    n = draw(st.integers(2, 25))
    labels = draw(st.lists(st.integers(0, 7), min_size=n, max_size=n))
    rows = [np.array(draw(st.lists(numbers, min_size=n, max_size=n))) for _ in range(columns)]
    return labels, *rows


def close(a, b):
    return a == pytest.approx(b, rel=1e-7, abs=1e-7)


@given(clustered())
def test_the_interval_holds_the_mean(data):
    labels, values = data
    found = mean_interval(values, labels)
    assert found.low <= found.value <= found.high
    assert close(found.value, values.mean())
    assert found.clusters == len(set(labels))
    assert math.isnan(found.se) == (found.clusters == 1)


@given(clustered(), st.floats(0.5, 0.98))
def test_more_confidence_is_wider(data, confidence):
    labels, values = data
    narrow, wide = mean_interval(values, labels, confidence), mean_interval(values, labels, confidence + 0.01)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@given(clustered(), numbers, st.integers(1, 50), st.randoms(use_true_random=False))
def test_moves_and_scales_with_the_values_whatever_their_order(data, shift, scale, random):
    labels, values = data
    order = list(range(len(values)))
    random.shuffle(order)
    first = mean_interval(values, labels)
    second = mean_interval(scale * values[order] + shift, [f"image {labels[i]}" for i in order])
    assert close(second.value, scale * first.value + shift)
    if first.clusters > 1:
        assert close(second.low, scale * first.low + shift)
        assert close(second.high, scale * first.high + shift)


@given(clustered(columns=2))
def test_swapping_the_sides_mirrors_the_interval(data):
    labels, clean, shifted = data
    for forward, back in (
        (paired_interval(clean, shifted, labels), paired_interval(shifted, clean, labels)),
        (unpaired_interval(clean, shifted, labels, labels), unpaired_interval(shifted, clean, labels, labels)),
    ):
        assert close(forward.value, -back.value)
        assert close(forward.low, -back.high)
        assert close(forward.high, -back.low)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(clustered(columns=2), st.integers(-20, 20).map(lambda k: k / 10))
def test_contrast_and_retained_interval_agree(data, at_least):
    labels, clean, shifted = data
    whole = retained_interval(clean, shifted, labels)
    contrast = retained_contrast(clean, shifted, at_least, labels)
    if math.isinf(whole.low):
        assert math.isinf(contrast.low)
        return
    # At a limit itself rounding decides.
    if abs(whole.low - at_least) > 1e-6:
        assert (contrast.low > 0) == (whole.low > at_least)
    if abs(whole.high - at_least) > 1e-6:
        assert (contrast.high < 0) == (whole.high < at_least)


@given(clustered(columns=2), st.integers(1, 100))
def test_retained_does_not_depend_on_the_scale(data, scale):
    labels, clean, shifted = data
    for function in (
        lambda a, b: retained_interval(a, b, labels),
        lambda a, b: unpaired_retained_interval(a, b, labels, labels),
    ):
        first, second = function(clean, shifted), function(scale * clean, scale * shifted)
        if math.isfinite(first.low) and math.isfinite(second.low) and abs(first.value) < 100:
            assert second.value == pytest.approx(first.value, rel=1e-6, abs=1e-6)
            assert first.low <= first.value <= first.high


@given(clustered(columns=2))
def test_everything_is_retained_of_an_unchanged_set(data):
    labels, clean, _ = data
    found = retained_interval(clean, clean, labels)
    if math.isfinite(found.value):
        assert found.value == 1.0
        missed = 1.0 - 0.025 ** (1.0 / len(clean))
        assert found.low == -math.inf or (close(found.low, 1.0 - missed) and close(found.high, 1.0 + missed))


@given(probabilities, st.randoms(use_true_random=False))
def test_adjusted_p_values(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p)
        assert np.all(adjusted >= np.array(p) - 1e-15)
        assert np.all(adjusted <= 1)
        assert adjust([p[i] for i in order]) == pytest.approx(adjusted[order])
        assert np.all(np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0)
    assert np.all(benjamini_hochberg(p) <= holm(p) + 1e-15)
