"""What a result answers about itself, and what becomes of it on the way to another process."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from emid_factory import estimate, make_result

from pytest_emid.measuring.results import Bound, CriticReport, Divergences, Drift, EmidResult, Obstacle

RESULT = make_result(n=60)


def test_counts_are_of_the_shifted_side() -> None:
    shorter = replace(RESULT.shifted, records=RESULT.shifted.records[:45])
    result = replace(RESULT, shifted=shorter)
    assert (result.n, result.clusters, result.clean.n) == (45, 15, 60)
    other = replace(RESULT.shifted, emi=estimate(0.7))
    assert replace(RESULT, shifted=other).emi_shifted == estimate(0.7)
    assert replace(RESULT, clean=other).emi_clean == estimate(0.7)


@pytest.mark.parametrize(
    ("low", "high", "informative"),
    [(0.1, 0.5, True), (0.0, 0.5, False), (-0.1, 0.5, False), (0.1, math.inf, True), (-math.inf, math.inf, False)],
)
def test_a_critic_is_informative_where_what_it_explains_is_above_zero(
    low: float, high: float, informative: bool
) -> None:
    assert CriticReport("k", "f", "p", 9, replace(estimate(0.3), low=low, high=high)).informative is informative


def test_a_lower_limit_that_is_no_number_informs_nobody() -> None:
    for low in (math.nan, math.inf):
        assert not CriticReport("k", "f", "p", 9, replace(estimate(0.3), low=low)).informative


def test_what_is_left_out_is_empty() -> None:
    assert Bound("b", 1.0, "nats", {}) == Bound("b", 1.0, "nats", {}, "", None, "")
    assert Divergences(0.1, 0.2, 0.3, 0.4) == Divergences(0.1, 0.2, 0.3, 0.4, Drift(None, None))


def test_every_field_comes_back() -> None:
    bound = Bound("rigorous", 1.0, "nats", {"a": 0.5}, "Note.", estimate(0.1), "Obstacle.")
    rich = replace(
        RESULT,
        bounds={"rigorous": bound},
        decoded_retained=estimate(0.9),
        obstacles=(Obstacle("An obstacle.", ("information",)), Obstacle("Another.")),
        remarks=("One.", "Two."),
        settings={"a": "b"},
        clean=replace(RESULT.clean, decoded=estimate(0.4)),
    )
    plain = rich.to_dict()
    assert EmidResult.from_dict(plain) == rich
    again = EmidResult.from_dict(plain)
    for name in ("anchored", "obstacles", "remarks"):
        assert type(getattr(again, name)) is tuple
    assert type(again.clean.records) is tuple
    assert type(again.bounds["rigorous"]) is Bound
    assert type(again.critic) is CriticReport


def test_numbers_of_numpy_become_plain_ones_of_the_same_value() -> None:
    odd = replace(RESULT, seed=np.int64(3), anchored=(np.float32(0.5),), paired=np.bool_(True))  # type: ignore[arg-type]
    plain = odd.to_dict()
    values = (plain["seed"], plain["anchored"], plain["paired"])
    assert values == (3, [0.5], True)
    assert [type(value) for value in (values[0], values[1][0], values[2])] == [int, float, bool]
