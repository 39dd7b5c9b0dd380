"""call > marker > command line > ini > default, and 0 wins over what stands below."""

from __future__ import annotations

import pytest

SHOWN = """
import pytest
{marker}
def test_x(measure_emid):
    result = measure_emid("blur:95"{call})
    print("SEED", result.settings["seed"], "LIMIT", result.settings["limit"], "N", result.n, "AT", result.seed)
"""


@pytest.mark.parametrize(
    ("ini", "line", "marker", "call", "shown"),
    [
        ("", "", "", "", "SEED 0 (default) LIMIT 0 (default) N 90 AT 0"),
        ("emid_seed = 5\nemid_limit = 60", "", "", "", "SEED 5 (ini emid_seed) LIMIT 60 (ini emid_limit) N 60 AT 5"),
        ("emid_seed = 5", "--emid-seed=0", "", "", "SEED 0 (--emid-seed) LIMIT 0 (default) N 90 AT 0"),
        ("emid_limit = 60", "--emid-limit=0", "", "", "SEED 0 (default) LIMIT 0 (--emid-limit) N 90 AT 0"),
        ("", "--emid-seed=3", "@pytest.mark.emid(seed=0)", "", "SEED 0 (marker) LIMIT 0 (default) N 90 AT 0"),
        (
            "",
            "--emid-limit=66",
            "@pytest.mark.emid(limit=63, seed=2)",
            "",
            "SEED 2 (marker) LIMIT 63 (marker) N 63 AT 2",
        ),
        ("", "", "@pytest.mark.emid(limit=63, seed=2)", ", limit=0, seed=0", "SEED 0 (call) LIMIT 0 (call) N 90 AT 0"),
    ],
)
def test_precedence(project: pytest.Pytester, ini: str, line: str, marker: str, call: str, shown: str) -> None:
    project.makeini(f"[pytest]\n{ini}\n")
    project.makepyfile(SHOWN.format(marker=marker, call=call))
    result = project.runpytest("-rP", *line.split())
    result.assert_outcomes(passed=1)
    assert shown in result.stdout.lines


def test_markers_of_class_and_function_add_up(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import pytest
        pytestmark = pytest.mark.emid(seed=9, limit=75)

        @pytest.mark.emid(limit=66)
        class TestX:
            @pytest.mark.emid(undecided="warn")
            def test_x(self, measure_emid):
                result = measure_emid("blur:95")
                assert (result.seed, result.n) == (9, 66)
        """)
    project.runpytest().assert_outcomes(passed=1)


def test_a_call_with_an_illegal_value_is_a_usage_error(project: pytest.Pytester) -> None:
    project.makepyfile("def test_x(measure_emid): measure_emid('blur:95', limit=-1)")
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *UsageError: argument limit: -1 is not legal. Legal: an integer of at least 0 (0: all samples)."]
    )
