"""Every gate on what the built-in model really answers: the numbers of a decision are those of the result."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("loaded", "warm")

SUITE = """
import math
import pytest
from pytest_emid import assert_bound_holds, assert_emi_above, assert_emid_below
from pytest_emid import assert_information_retained, assert_no_input_drift


@pytest.fixture(scope="module")
def result(measure_emid):
    return measure_emid("frost:3")


def test_retained(result):
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.95)
    assert str(caught.value).startswith("FAIL: information retained under frost:3 is ")
    # Every record carries the score that the result's estimate was made of.
    decision = assert_information_retained(result, 0.01)
    assert decision.estimate.to_dict() == result.information_retained.to_dict()


def test_contributions_are_those_of_emid(result):
    pairs = zip(result.clean.records, result.shifted.records, strict=True)
    mean = sum(clean.emi - shifted.emi for clean, shifted in pairs) / result.n
    assert math.isclose(mean, result.emid.value, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(sum(result.anchored) / result.n, result.anchored_emid.value, rel_tol=1e-9, abs_tol=1e-9)


def test_bounds(result):
    assert assert_bound_holds(result, "rigorous", undecided="warn").verdict in ("PASS", "UNDECIDED")
    assert "not a bound" in assert_bound_holds(result, "scale_adjusted", undecided="warn").note


def test_drift(result, measure_emid):
    with pytest.raises(AssertionError, match="^FAIL: input drift"):
        assert_no_input_drift(result)
    identical = measure_emid("identity")
    assert assert_no_input_drift(identical).reason == "Both are the same by construction."
    assert assert_emid_below(identical, 0.0).estimate.value == 0.0
    assert assert_emi_above(result, -1e9).verdict == "PASS"


def test_an_unknown_shift(measure_emid):
    measure_emid("defocus_blurr:3")


def test_too_few(measure_emid):
    measure_emid("frost:3", limit=9)
"""


def test_every_gate_on_real_answers(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    pytester.makepyfile(test_suite=SUITE)
    options = ["--emid-model=tiny-llava", "--emid-dataset=scenes", "--emid-limit=60", "--emid-batch-size=30"]
    options += ["--emid-critic=club-ridge"]  # gates on EMI as lenient as can be, on a scale without an end
    result = pytester.runpytest("-p", "no:xdist", "-Wdefault::pytest_emid.UndecidedWarning", *options)
    result.assert_outcomes(passed=4, failed=2, warnings=result.parseoutcomes().get("warnings", 0))
    result.stdout.fnmatch_lines(
        [
            "E *ShiftError: there is no shift named 'defocus_blurr'. Did you mean 'defocus_blur'?*",
            "E *EstimationError: dataset 'scenes' has 9 samples in 3 clusters; at least 10 samples in 4 clusters are *",
            "model tiny-llava (--emid-model), dataset scenes (--emid-dataset): 60 samples in 20 clusters,*",
        ]
    )
