"""Numbers as people read them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from emid_factory import estimate, make_result

from pytest_emid.measuring.format import limits, measured, number, percent
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.columns import columns


def test_a_share_of_nothing_is_undefined() -> None:
    """What a dead model retains."""
    dead = replace(make_result().information_retained, value=math.nan, low=-math.inf, high=math.inf)
    assert measured(dead) == "undefined"
    result = make_result(information_retained=dead)
    assert columns([Row("k", result, (), (), ())], 0)["retained"] == ["undefined"]


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [
        (0.612, 0.5512, 0.671, ("55", "67")),
        (-0.001, -0.0032, -0.0002, ("-0.3", "0.0")),
        (0.0, -0.001, 0.001, ("0", "0")),
        (0.607, 0.6068, 0.671, ("60.7", "67.1")),
        (0.993, 0.99, 0.9934, ("99.0", "99.3")),
        (0.5, -math.inf, math.inf, ("-inf", "inf")),
    ],
)
def test_the_limits_of_a_share_hold_its_value(value: float, low: float, high: float, told: tuple[str, str]) -> None:
    assert limits(replace(estimate(value), low=low, high=high)) == told


def test_zero_has_no_minus() -> None:
    assert percent(-0.0004) == "0.0 %"
    assert number(-0.0) == number(0.0) == "+0"
    assert number(-0.0004, 2) == "+0.00"
