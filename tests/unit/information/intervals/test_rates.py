"""Intervals of scores that few answers change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.means import paired_interval, retained_contrast, retained_interval
from pytest_emid.information.intervals.rates import rate_contrast, rate_drop, rate_retained

PAIRS = st.lists(st.tuples(st.sampled_from((0.0, 0.5, 1.0)), st.sampled_from((0.0, 0.5, 1.0))), min_size=8, max_size=60)


@given(PAIRS, st.integers(1, 3))
def test_without_width_they_are_the_plain_intervals(pairs, per):
    a, b = map(list, zip(*pairs, strict=True))
    clusters = [i // per for i in range(len(a))]
    if a == b:
        return
    for mine, plain in (
        (rate_drop(a, b, clusters, width=0.0), paired_interval(a, b, clusters)),
        (rate_retained(a, b, clusters, width=0.0), retained_interval(a, b, clusters)),
        (rate_contrast(a, b, 0.9, clusters, width=0.0), retained_contrast(a, b, 0.9, clusters)),
    ):
        assert (mine.value, mine.low, mine.high) == pytest.approx(
            (plain.value, plain.low, plain.high), abs=1e-9, nan_ok=True
        )


@given(PAIRS, st.floats(0.5, 1.0))
def test_contrast_and_share_agree_on_every_verdict(pairs, at_least):
    a, b = map(list, zip(*pairs, strict=True))
    contrast, share = rate_contrast(a, b, at_least), rate_retained(a, b)
    if not math.isfinite(share.low):
        assert (contrast.low, contrast.high) == (-math.inf, math.inf)
        return
    if abs(share.low - at_least) > 1e-9:
        assert (contrast.low > 0) == (share.low > at_least)
    if abs(share.high - at_least) > 1e-9:
        assert (contrast.high < 0) == (share.high < at_least)


def test_one_answer_more_is_taken_to_have_changed():
    a, b = np.ones(100), np.ones(100)
    b[:4] = 0.0
    wide, plain = rate_drop(a, b), rate_drop(a, b, width=0.0)
    assert wide.se == pytest.approx(math.hypot(plain.se, 0.01), abs=1e-15)
    assert wide.low < plain.low < 0.04 < plain.high < wide.high


def test_no_change_is_no_worse_than_one():
    ones = np.ones(90)
    one = ones.copy()
    one[0] = 0.0
    nothing = rate_drop(ones, ones)
    assert (nothing.value, nothing.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 90)))
    assert nothing.high < rate_drop(ones, one).high
    assert rate_retained(ones, ones).low > rate_retained(ones, one).low


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rate_drop([1.0, 0.0], [1.0]),
            "clean has 2 values and shifted has 1: they must score the same samples in the same order.",
        ),
        (
            lambda: rate_drop([1.0], [1.0], width=-1.0),
            "width: -1.0 is not what one answer can change; give a number from 0 up.",
        ),
        (lambda: rate_contrast([1.0], [1.0], math.nan), "at_least: nan is not a finite number."),
    ],
)
def test_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
