"""Verdicts at their edges: how many samples and clusters are enough, and what the reasons say."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from emid_factory import estimate
from scipy import stats

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict, decide, rescaled, within_p_value

BELOW, ABOVE = Direction.BELOW, Direction.ABOVE


@pytest.mark.parametrize(("direction", "words"), [(BELOW, "within"), (ABOVE, "at or above")])
def test_sixty_samples_in_twenty_clusters_are_enough(direction: Direction, words: str) -> None:
    threshold = 0.5 if direction is BELOW else -0.5
    enough = estimate(0.0, 0.01, n=60, clusters=20)
    assert decide(enough, threshold, direction) == (Verdict.PASS, f"The whole interval is {words} the threshold.", None)
    for few in (replace(enough, n=59), replace(enough, clusters=19)):
        assert decide(few, threshold, direction)[0] is Verdict.UNDECIDED


@pytest.mark.parametrize(("direction", "words"), [(BELOW, "above"), (ABOVE, "below")])
def test_a_failure_says_on_which_side(direction: Direction, words: str) -> None:
    threshold = -0.5 if direction is BELOW else 0.5
    assert decide(estimate(0.0), threshold, direction, ["An obstacle."]) == (
        Verdict.FAIL,
        f"The whole interval is {words} the threshold.",
        None,
    )


def test_obstacles_are_sentences_one_after_the_other() -> None:
    obstacles = ["One.", "Two."]
    assert decide(estimate(0.0), 0.5, BELOW, obstacles) == (Verdict.UNDECIDED, "One. Two.", None)
    assert decide(estimate(0.0), math.nan, BELOW, obstacles)[1] == "There is no threshold: it is nan. One. Two."
    few = "59 samples never pass: intervals are validated from 60 samples up."
    assert decide(estimate(0.0, n=59, clusters=59), 0.5, BELOW, obstacles)[1] == f"{few} One. Two."
    near = decide(estimate(0.05, half=0.02), 0.05, BELOW, obstacles)[1]
    assert near.endswith(" for any number of samples. One. Two.")


@pytest.mark.parametrize("limits", [(-math.inf, 0.2), (0.0, math.inf)])
def test_an_interval_that_is_open_on_one_side(limits: tuple[float, float]) -> None:
    half_open = Estimate(0.1, *limits, 0.1, 90, 30)
    assert decide(half_open, 0.15, BELOW)[:2] == (Verdict.UNDECIDED, "The interval has no limits.")
    if math.isinf(limits[1]):
        assert within_p_value(half_open, 0.15, BELOW) is None
        assert rescaled(half_open, 0.8) == replace(half_open, confidence=0.8)


@pytest.mark.parametrize("limits", [(math.nan, 0.2), (0.0, math.nan)])
def test_a_limit_that_is_no_number_fails(limits: tuple[float, float]) -> None:
    assert decide(Estimate(0.1, *limits, 0.1, 90, 30), 0.5, BELOW)[0] is Verdict.FAIL


def test_a_normal_interval_stays_one() -> None:
    half = float(stats.norm.ppf(0.975)) * 0.1
    normal = Estimate(0.3, 0.3 - half, 0.3 + half, 0.1, 90, 30)
    narrow = rescaled(normal, 0.5)
    assert (narrow.low, narrow.high) == pytest.approx((0.3 - 0.0674490, 0.3 + 0.0674490), abs=1e-7)
    assert within_p_value(normal, 0.2, BELOW) == pytest.approx(stats.norm.sf(1.0))
    assert within_p_value(normal, 0.2, ABOVE) == pytest.approx(stats.norm.cdf(1.0))


def test_p_values_have_the_degrees_of_freedom_of_the_interval() -> None:
    one = estimate(0.3, 0.1, clusters=12, confidence=0.9)
    assert within_p_value(one, 0.25, BELOW) == pytest.approx(stats.t.sf(0.05 / one.se, 11))
    assert within_p_value(one, 0.25, ABOVE) == pytest.approx(stats.t.cdf(0.05 / one.se, 11))
    wide = rescaled(one, 0.99)
    assert wide.high - 0.3 == pytest.approx(stats.t.ppf(0.995, 11) * one.se)
    assert 0.3 - wide.low == pytest.approx(wide.high - 0.3)
    assert (wide.confidence, wide.se, wide.n, wide.clusters, wide.unit) == (0.99, one.se, 90, 12, one.unit)
    assert rescaled(one, 0.9) is one


@pytest.mark.parametrize(("more", "said"), [(7, "7"), (99, "99"), (101, "110"), (1234, "1,300"), (12000, "12,000")])
def test_how_many_more_is_said_with_two_digits(more: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_emid.information.intervals import power

    monkeypatch.setattr(power, "samples_to_decide", lambda estimate, threshold: estimate.n + more)
    verdict, reason, needed = decide(estimate(0.05, half=0.02), 0.06, BELOW)
    assert (verdict, needed) == (Verdict.UNDECIDED, 90 + more)
    assert f"about {said} more samples would decide" in reason


def test_no_more_samples_than_there_are_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_emid.information.intervals import power

    monkeypatch.setattr(power, "samples_to_decide", lambda estimate, threshold: estimate.n)
    assert decide(estimate(0.05, half=0.02), 0.06, BELOW)[2] is None


def test_what_a_decision_says_unless_it_is_told() -> None:
    plain = Decision("EMID", Verdict.PASS, "blur:1", estimate(0.1), 0.5, BELOW, 0, "Because.")
    assert (plain.attempt, plain.result, plain.note, plain.needed, plain.p) == (1, "", "", None, None)
    assert plain.to_dict() == {
        "gate": "EMID", "verdict": "PASS", "scenario": "blur:1", "estimate": estimate(0.1).to_dict(),
        "threshold": 0.5, "direction": "below", "seed": 0, "reason": "Because.", "needed": None, "p": None,
        "note": "", "attempt": 1, "result": "", "look": 0, "whole": 0,
    }  # fmt: skip
    assert [verdict.severity for verdict in (Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL)] == [0, 1, 2]
