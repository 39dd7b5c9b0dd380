"""assert_no_regression: what it decides on, what keeps it from passing, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from emid_factory import make_result

from pytest_emid import assert_no_regression
from pytest_emid.errors import BaselineError
from pytest_emid.measuring.provenance import Provenance
from pytest_emid.measuring.results import EmidResult, Obstacle
from pytest_emid.measuring.verdicts import Verdict


def made(retained: float = 0.9, **changes: Any) -> EmidResult:
    n = changes.pop("n", 210)
    return make_result("frost:3", retained=retained, n=n, **changes)


@pytest.mark.parametrize(
    ("retained", "at_most", "verdict"),
    [(0.9, 0.02, "PASS"), (0.85, 0.02, "FAIL"), (0.85, 0.2, "PASS"), (0.88, 0.02, "UNDECIDED"), (0.95, 0.0, "PASS")],
)
def test_verdicts(retained: float, at_most: float, verdict: str) -> None:
    with pytest.warns() if verdict == "UNDECIDED" else _nothing():
        if verdict == "FAIL":
            with pytest.raises(AssertionError, match=r"^FAIL: information lost since the baseline under frost:3 is "):
                assert_no_regression(made(retained), at_most, baseline=made())
        else:
            decision = assert_no_regression(made(retained), at_most, baseline=made(), undecided="warn")
            assert str(decision.verdict) == verdict


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_a_general_loss_is_none_of_robustness() -> None:
    """Clean and shifted answers lose as much: a regression, but nothing beyond clean data."""
    old, new = made(information=0.8), made(information=0.6)
    with pytest.raises(AssertionError) as caught:
        assert_no_regression(new, 0.02, baseline=old)
    assert "beyond clean data (difference in differences) " in str(caught.value)
    decision = assert_no_regression(new, 0.1, beyond_clean=True, baseline=old)
    assert decision.gate == "information lost since the baseline beyond clean data"
    assert decision.note.startswith("under the shift 22")


def test_an_unchanged_model_passes_and_an_unchanged_set_of_few_answers_of_another_does_not() -> None:
    same = Provenance(model="one")
    decision = assert_no_regression(made(n=90, made=same), baseline=made(n=90, made=same))
    assert (decision.verdict, decision.reason) == (Verdict.PASS, "One and the same model gave the same answers.")
    other = Provenance(model="two")
    with pytest.warns(UserWarning, match="UNDECIDED"):
        decision = assert_no_regression(made(n=90, made=other), baseline=made(n=90, made=same), undecided="warn")
    # 1 - .025^(1/n) is at most .02 from here on
    assert decision.needed == 183


def test_obstacles_of_either_run_stand_against_it() -> None:
    old, new = made(obstacles=(Obstacle("Too many refusals."),)), made(obstacles=(Obstacle("Blind."),))
    with pytest.raises(AssertionError) as caught:
        assert_no_regression(new, 0.2, baseline=old)
    assert "  why        Blind. In the baseline: Too many refusals." in str(caught.value)


def test_samples_that_are_gone_may_be_a_tenth() -> None:
    def without(count: int) -> EmidResult:
        whole = made()
        sides = {
            name: replace(getattr(whole, name), records=getattr(whole, name).records[count:])
            for name in ("clean", "shifted")
        }
        return replace(whole, **sides)

    decision = assert_no_regression(without(21), 0.05, baseline=made())
    assert "not compared: 21 gone ('s0', 's1', 's2' and 18 more)" in decision.note
    with pytest.raises(AssertionError) as caught:
        assert_no_regression(without(22), 0.05, baseline=made())
    assert "22 of 210 samples of the baseline (10 %) are gone or edited; at most 10 % may be" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"at_most": -0.1}, ValueError, "at_most=-0.1 is not legal. Legal: at least 0 and below 1."),
        ({"at_most": 1.0}, ValueError, "at_most=1.0 is not legal. Legal: at least 0 and below 1."),
        ({"at_most": "2 %"}, TypeError, "at_most must be a number, not str."),
        (
            {"baseline": "old.json"},
            TypeError,
            "assert_no_regression(baseline=...) takes the result of measure_emid, not str.",
        ),
        ({"measure": "none"}, Exception, "frost:3 was not measured with a metric 'none'; configured: none"),
    ],
)
def test_wrong_calls(arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        assert_no_regression(made(), **{"baseline": made(), **arguments})
    assert str(caught.value).startswith(message)


def test_outside_of_a_test_a_baseline_must_be_given() -> None:
    with pytest.raises(
        BaselineError, match=r"^there is no baseline to compare with. Name a saved run, --emid-baseline="
    ):
        assert_no_regression(made())


def test_a_metric_may_lose_in_its_own_unit() -> None:
    right = made(responses=[f"answer {i}" for i in range(210)])
    wrong = made(responses=[f"answer {i}" if i >= 21 else "no" for i in range(210)])
    with pytest.raises(AssertionError) as caught:
        assert_no_regression(wrong, 0.02, "exact", baseline=right)
    assert str(caught.value).startswith("FAIL: exact lost since the baseline under frost:3 is +0.10")
    assert "21 right to wrong, 0 wrong to right" in str(caught.value)
    assert assert_no_regression(right, 0.02, "exact", baseline=wrong).verdict is Verdict.PASS
