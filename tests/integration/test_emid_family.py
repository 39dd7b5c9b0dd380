"""Confidence, and a declared family of gates that shares the error rate."""

from __future__ import annotations

import pytest

TEST = """
import pytest
from pytest_emid import assert_information_retained

@pytest.mark.parametrize("shift", ["blur:88", "blur:60", "blur:96"])
def test_x(measure_emid, shift):
    result = measure_emid(shift)
    assert_information_retained(result, 0.9, undecided="warn")
    print("AT", result.emid.confidence)
"""


def test_a_family_is_decided_at_the_corrected_level(project: pytest.Pytester) -> None:
    project.makepyfile(TEST)
    alone = project.runpytest("--emid-confidence=0.9", "-rA")
    alone.assert_outcomes(passed=1, failed=2)
    alone.stdout.fnmatch_lines(
        [
            "E         n          * seed * 90 % confidence (--emid-confidence)",
            "Holm over the 3 gates of this run: 2 of 2 FAIL stand. --emid-family=3 decides at the corrected level.",
        ]
    )
    family = project.runpytest("--emid-confidence=0.9", "--emid-family=100", "-rA", "-Wdefault")
    family.assert_outcomes(passed=2, failed=1, warnings=1)
    family.stdout.fnmatch_lines(
        [
            "E         n          * seed * 99.9 % confidence (--emid-confidence), one of a family of 100 (*)",
            "AT 0.999",
        ]
    )
    family.stdout.no_fnmatch_line("*Holm*")


def test_holm_says_which_failures_would_not_stand(project: pytest.Pytester) -> None:
    # A gate that fails by a hair, among a hundred that pass.
    project.makepyfile("""
        import pytest
        from pytest_emid import assert_emid_below

        def test_near(measure_emid):
            result = measure_emid("blur:95")
            assert_emid_below(result, result.emid.low - 1e-6)

        @pytest.mark.parametrize("threshold", range(1, 20))
        def test_far(measure_emid, threshold):
            assert_emid_below(measure_emid("blur:95"), threshold)
        """)
    result = project.runpytest()
    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines(
        ["Holm over the 20 gates of this run: 0 of 1 FAIL stand. --emid-family=20 decides at the corrected level."]
    )


def test_gates_without_a_p_value_are_of_the_family(project: pytest.Pytester) -> None:
    """Where no answer changed there is no spread to test with; the gate counts among those that might have failed."""
    project.makepyfile("""
        from dataclasses import replace
        from emid_factory import estimate
        from pytest_emid import assert_emid_below

        def test_near(measure_emid):
            result = measure_emid("blur:95")
            assert_emid_below(result, result.emid.low - 1e-6)

        def test_unchanged(measure_emid):
            result = measure_emid("blur:90")
            assert_emid_below(replace(result, emid=estimate(0.0, half=0.0)), 0.5)
        """)
    result = project.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["Holm over the 2 gates of this run: 0 of 1 FAIL stand. --emid-family=2 decides at the corrected level."]
    )
