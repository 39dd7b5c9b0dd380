"""The marker selects tests that measure, and its keywords are checked by a real signature."""

from __future__ import annotations

import pytest

TWO = """
import pytest

@pytest.fixture
def indirectly(measure_emid):
    return measure_emid("blur:95")

def test_direct(measure_emid): pass
def test_indirect(indirectly): pass
def test_other(): pass
"""


def test_tests_that_measure_are_marked_by_themselves(project: pytest.Pytester) -> None:
    project.makepyfile(TWO)
    project.makeini("[pytest]\naddopts = --strict-markers\n")
    result = project.runpytest("-m", "emid", "--collect-only", "-q")
    assert result.stdout.lines[:2] == [
        "test_tests_that_measure_are_marked_by_themselves.py::test_direct",
        "test_tests_that_measure_are_marked_by_themselves.py::test_indirect",
    ]
    result = project.runpytest("-m", "not emid", "--collect-only", "-q")
    assert result.stdout.lines[0] == "test_tests_that_measure_are_marked_by_themselves.py::test_other"


@pytest.mark.parametrize("arguments", [[], ["-n1"]], ids=["serial", "xdist"])
def test_a_wrong_keyword_is_an_error_of_its_test_alone(project: pytest.Pytester, arguments: list[str]) -> None:
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.mark.emid(limt=3)
        def test_wrong(measure_emid): measure_emid("blur:95")

        def test_right(measure_emid): measure_emid("blur:95")
        """
    )
    result = project.runpytest(*arguments)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "E *UsageError: test_x.py::test_wrong: @pytest.mark.emid: emid() got an unexpected keyword argument "
            "'limt'. Its keywords: limit, seed, repeat, undecided, confidence, family, allow_problems, blind, "
            "unanswered."
        ]
    )
