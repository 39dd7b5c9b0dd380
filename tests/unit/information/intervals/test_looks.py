"""Group-sequential looks: the published boundaries, and the error rate that they are for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.looks import (
    SHARES,
    UNSEEN,
    look_confidences,
    looks,
    looks_p_value,
    unchanged_confidence,
)


@pytest.mark.parametrize(
    ("count", "confidence", "published"),
    [(2, 0.95, 1.977), (3, 0.95, 2.004), (4, 0.95, 2.024), (5, 0.95, 2.040), (5, 0.99, 2.621), (5, 0.9, 1.751)],
)
def test_the_boundaries_are_those_in_textbooks(count: int, confidence: float, published: float) -> None:
    """Jennison and Turnbull (2000), "Group Sequential Methods", table 2.3: constants of O'Brien and Fleming's test."""
    last = look_confidences([(i + 1) / count for i in range(count)], confidence)[-1]
    assert ndtri(0.5 + last / 2) == pytest.approx(published, abs=1.5e-3)


@pytest.mark.parametrize("shares", [SHARES, (0.3, 0.35, 1.0), (0.01, 0.5, 0.99, 1.0)])
def test_a_random_walk_crosses_as_often_as_the_confidence_leaves(shares: tuple[float, ...]) -> None:
    rng, draws = np.random.default_rng(0), 200_000
    steps = np.sqrt(np.diff([0.0, *shares]))[:, None] * rng.normal(size=(len(shares), draws))
    scores = np.abs(np.cumsum(steps, axis=0)) / np.sqrt(shares)[:, None]
    limits = np.array([ndtri(0.5 + c / 2) for c in look_confidences(shares, 0.9)])[:, None]
    crossed = float((scores > limits).any(axis=0).mean())
    assert crossed == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / draws))


def test_one_look_is_the_plain_interval() -> None:
    (look,) = looks([1.0], 0.9)
    assert (look.number, look.of, look.fails_at, look.passes_at) == (1, 1, 0.9, 0.9)
    assert looks_p_value(0.3, look) == 0.3


def test_a_pass_takes_more_than_a_fail_at_every_look() -> None:
    assert all(look.passes_at > look.fails_at > 0.95 for look in looks(SHARES, 0.95))


def test_the_p_value_of_the_boundary_is_what_the_confidence_leaves() -> None:
    for look in looks(SHARES, 0.95):
        assert looks_p_value((1.0 - look.fails_at) / 2, look) == pytest.approx(0.025, rel=1e-4)
    assert looks_p_value(0.0, looks(SHARES)[0]) == 0.0
    assert looks_p_value(0.8, looks(SHARES)[0]) == 0.8


def test_what_did_not_change_is_judged_by_pictures() -> None:
    for n, clusters in ((120, 40), (100, 100), (61, 20)):
        tail = (1.0 - unchanged_confidence(n, clusters)) / 2
        assert tail ** (1 / n) == pytest.approx(UNSEEN ** (1 / clusters))


@pytest.mark.parametrize(
    ("shares", "confidence", "message"),
    [
        ([], 0.95, "shares: [] do not rise from above 0 to 1, which is all clusters."),
        ([0.5, 0.5, 1.0], 0.95, "shares: [0.5, 0.5, 1.0] do not rise from above 0 to 1, which is all clusters."),
        ([0.0, 1.0], 0.95, "shares: [0.0, 1.0] do not rise from above 0 to 1, which is all clusters."),
        ([0.5, 0.9], 0.95, "shares: [0.5, 0.9] do not rise from above 0 to 1, which is all clusters."),
        ([0.5, 1.0], 1.0, "confidence: 1.0 is not between 0 and 1. Use 0.95 for a 95 % interval."),
    ],
)
def test_bad_input(shares: list[float], confidence: float, message: str) -> None:
    with pytest.raises(EstimationError) as error:
        look_confidences(shares, confidence)
    assert str(error.value) == message
