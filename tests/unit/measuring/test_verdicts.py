from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from emid_factory import estimate
from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict, decide, rescaled, within_p_value

BELOW, ABOVE = Direction.BELOW, Direction.ABOVE


@pytest.mark.parametrize(
    ("value", "threshold", "direction", "verdict"),
    [
        (0.03, 0.05, BELOW, Verdict.PASS),
        (0.04, 0.05, BELOW, Verdict.PASS),  # the limit is the threshold
        (0.045, 0.05, BELOW, Verdict.UNDECIDED),
        (0.055, 0.05, BELOW, Verdict.UNDECIDED),
        (0.07, 0.05, BELOW, Verdict.FAIL),
        (0.07, 0.05, ABOVE, Verdict.PASS),
        (0.055, 0.05, ABOVE, Verdict.UNDECIDED),
        (0.03, 0.05, ABOVE, Verdict.FAIL),
    ],
)
def test_the_whole_interval_decides(value: float, threshold: float, direction: Direction, verdict: Verdict) -> None:
    assert decide(estimate(value, half=0.01), threshold, direction)[0] is verdict


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.floats(-1, 1),
    st.sampled_from(Direction),
    st.lists(st.just("An obstacle."), max_size=1),
)
def test_no_estimate_both_passes_and_fails_and_obstacles_only_stop_a_pass(
    value: float, half: float, threshold: float, direction: Direction, obstacles: list[str]
) -> None:
    free = decide(estimate(value, half), threshold, direction)[0]
    hindered = decide(estimate(value, half), threshold, direction, obstacles)[0]
    assert hindered is (Verdict.UNDECIDED if free is Verdict.PASS and obstacles else free)
    limits = (estimate(value, half).low, estimate(value, half).high)
    if threshold not in limits:
        # Seen from the other side, a PASS is a FAIL.
        opposite = decide(estimate(value, half), threshold, ABOVE if direction is BELOW else BELOW)[0]
        assert {free, opposite} in ({Verdict.PASS, Verdict.FAIL}, {Verdict.UNDECIDED})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("direction", list(Direction))
def test_what_is_no_number_fails(value: float, direction: Direction) -> None:
    verdict, reason, needed = decide(Estimate(value, value, value, 0.1, 90, 30), 0.0, direction)
    assert (verdict, needed) == (Verdict.FAIL, None)
    assert reason == f"The estimate is {value} [{value}, {value}], which is no number: nothing was measured."


@pytest.mark.parametrize("direction", list(Direction))
def test_a_limit_that_is_nan_fails(direction: Direction) -> None:
    assert decide(Estimate(0.1, math.nan, 0.2, 0.1, 90, 30), 0.0, direction)[0] is Verdict.FAIL


@pytest.mark.parametrize("threshold", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("direction", list(Direction))
def test_without_a_threshold_nothing_passes(threshold: float, direction: Direction) -> None:
    verdict, reason, _ = decide(estimate(0.0), threshold, direction)
    assert (verdict, reason) == (Verdict.UNDECIDED, f"There is no threshold: it is {threshold}.")


@pytest.mark.parametrize("direction", list(Direction))
def test_an_interval_without_limits_is_undecided(direction: Direction) -> None:
    unbounded = Estimate(0.1, -math.inf, math.inf, math.nan, 90, 30)
    assert decide(unbounded, 0.5, direction) == (Verdict.UNDECIDED, "The interval has no limits.", None)
    assert decide(unbounded, 0.5, direction, ["An obstacle."]) == (Verdict.UNDECIDED, "An obstacle.", None)


@pytest.mark.parametrize(
    ("n", "clusters", "reason"),
    [
        (59, 59, "59 samples never pass: intervals are validated from 60 samples up."),
        (
            300,
            19,
            "300 samples in 19 clusters never pass: intervals are validated from 20 clusters up. "
            "Samples that share an image are one cluster.",
        ),
    ],
)
def test_too_few_samples_never_pass_but_can_fail(n: int, clusters: int, reason: str) -> None:
    assert decide(estimate(0.0, 0.01, n, clusters), 0.5, BELOW) == (Verdict.UNDECIDED, reason, None)
    assert decide(estimate(1.0, 0.01, n, clusters), 0.5, BELOW)[0] is Verdict.FAIL


def test_undecided_says_how_many_more_samples_would_decide() -> None:
    near = estimate(0.04, half=0.02, n=90, clusters=30)
    verdict, reason, needed = decide(near, 0.05, BELOW)
    assert verdict is Verdict.UNDECIDED
    assert needed is not None
    more = needed - 90
    assert 500 < more < 900  # (t + z of 80 %)^2 / t^2 x 2^2 = 2.0 x 4 times 90
    step = 10
    assert reason == (
        f"The interval holds the threshold: about {-(-more // step) * step} more samples would decide "
        "(80 % power, if the truth is the estimate). "
        "Decide once: adding samples until it passes errs more often."
    )


def test_undecided_at_the_threshold_says_that_no_number_decides() -> None:
    assert decide(estimate(0.05, half=0.02), 0.05, BELOW) == (
        Verdict.UNDECIDED,
        "The interval holds the threshold, and the estimate is too close to it for any number of samples.",
        None,
    )


@pytest.mark.parametrize("per_cluster", [1, 3])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999])
def test_rescaled_equals_the_interval_computed_anew(per_cluster: int, confidence: float) -> None:
    rng = np.random.default_rng(5)
    values, clusters = rng.standard_normal(60), [i // per_cluster for i in range(60)]
    changed = rescaled(mean_interval(values, clusters, 0.95), confidence)
    anew = mean_interval(values, clusters, confidence)
    assert (changed.low, changed.high) == pytest.approx((anew.low, anew.high), rel=1e-6)
    assert replace(changed, low=0, high=0) == replace(anew, low=0, high=0)


def test_rescaled_leaves_an_estimate_without_spread_as_it_is() -> None:
    flat = Estimate(0.0, 0.0, 0.0, 0.0, 90, 30)
    assert rescaled(flat, 0.99) == Estimate(0.0, 0.0, 0.0, 0.0, 90, 30, 0.99)


@given(st.floats(-0.2, 0.2), st.sampled_from(Direction), st.sampled_from([0.9, 0.95, 0.999]), st.integers(20, 400))
def test_the_p_value_crosses_its_level_exactly_where_the_gate_fails(
    value: float, direction: Direction, confidence: float, clusters: int
) -> None:
    one = estimate(value, 0.05, n=400, clusters=clusters, confidence=confidence)
    limit = one.low if direction is BELOW else one.high
    p = within_p_value(one, limit, direction)
    assert p == pytest.approx((1 - confidence) / 2, rel=1e-4)
    nearer = limit - 1e-3 if direction is BELOW else limit + 1e-3
    assert decide(one, nearer, direction)[0] is Verdict.FAIL
    smaller = within_p_value(one, nearer, direction)
    assert smaller is not None
    assert smaller < p


def test_there_is_no_p_value_without_spread() -> None:
    assert within_p_value(Estimate(0.0, 0.0, 0.0, 0.0, 90, 30), 0.1, BELOW) is None
    assert within_p_value(Estimate(0.0, -math.inf, math.inf, math.nan, 90, 30), 0.1, BELOW) is None


def test_a_decision_crosses_processes_as_plain_json() -> None:
    decision = Decision(
        gate="EMID",
        verdict=Verdict.FAIL,
        scenario="x\ud83d:1",
        estimate=Estimate(np.float64(0.1), np.float32(0.5), 0.2, 0.01, np.int64(90), 30),  # type: ignore[arg-type]
        threshold=np.float64(0.05),
        direction=BELOW,
        seed=np.int64(3),  # type: ignore[arg-type]
        reason="Because.",
        p=0.01,
    )
    plain = decision.to_dict()
    types = {type(value) for value in [*plain.values(), *plain["estimate"].values()]}
    assert types <= {str, float, int, type(None), dict}
    assert plain["scenario"] == "x?:1"
    again = Decision.from_dict(json.loads(json.dumps(plain)))
    assert again.to_dict() == plain
    assert again.verdict is Verdict.FAIL


def test_severity_orders_verdicts() -> None:
    assert sorted(Verdict, key=lambda verdict: verdict.severity) == [Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL]
