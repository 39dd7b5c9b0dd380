"""With -v the summary says how the measures move together over the scenarios of a run."""

from __future__ import annotations

import pytest

TESTS = """
import pytest

@pytest.mark.parametrize("kept", [100, 90, 80, 70, 60])
def test_a(measure_emid, kept):
    measure_emid(f"blur:{kept}")
"""
TITLE = "Rank correlation of the losses by each measure over 5 scenarios (Spearman):"


def test_the_table_comes_with_v(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    told = project.runpytest("-v")
    told.assert_outcomes(passed=5)
    told.stdout.fnmatch_lines([TITLE, "*information lost  exact match", "EMID *", "information lost *1.00"])
    project.runpytest().stdout.no_fnmatch_line(TITLE)


def test_below_five_scenarios_there_is_none(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS.replace(", 60", ""))
    project.runpytest("-v").stdout.no_fnmatch_line("Rank correlation*")
