"""What a gate does that cannot tell: fail, xfail or warn."""

from __future__ import annotations

import pytest

TEST = """
import pytest
from pytest_emid import assert_information_retained
{marker}
def test_x(measure_emid):
    decision = assert_information_retained(measure_emid("blur:89"), 0.9{call})
    print("went on with", decision.verdict)
"""
HEADLINE = "UNDECIDED: information retained under blur:89 is 90.2 % [[]88.6 %, 91.9 %], asked: at least 90.0 % (n = 90)"


def test_fail_is_the_default(project: pytest.Pytester) -> None:
    project.makepyfile(TEST.format(marker="", call=""))
    result = project.runpytest("--emid-seed=3")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"E       AssertionError: {HEADLINE}",
            "E         estimate   90.2 % (fraction)",
            "E         interval   [[]88.6 %, 91.9 %] at 95 % confidence (default)",
            "E         threshold  at least 90.0 % (argument)",
            "E         n          90 samples in 30 clusters",
            "E         seed       3 (--emid-seed)",
            "E         why        The interval holds the threshold: about 9,400 more samples would decide (80 % power, "
            "if the truth is the estimate).",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(
    ("arguments", "marker", "call"),
    [
        (["--emid-undecided=xfail"], "", ""),
        (["--emid-undecided=fail"], "@pytest.mark.emid(undecided='xfail')", ""),
        (["--emid-undecided=warn"], "", ", undecided='xfail'"),
    ],
    ids=["option", "marker", "call"],
)
def test_xfail(project: pytest.Pytester, arguments: list[str], marker: str, call: str) -> None:
    project.makepyfile(TEST.format(marker=marker, call=call))
    result = project.runpytest("--emid-seed=3", "-rx", *arguments)
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["* UNDECIDED", f"{HEADLINE}: The interval*", f"XFAIL *test_x - *{HEADLINE[:40]}*"])


def test_warn_goes_on(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nemid_undecided = warn\n")
    project.makepyfile(TEST.format(marker="", call=""))
    result = project.runpytest("--emid-seed=3", "-rP", "-Wdefault")
    result.assert_outcomes(passed=1, warnings=1)
    assert "went on with UNDECIDED" in result.stdout.lines
    result.stdout.fnmatch_lines([f"  *test_warn_goes_on.py:5: UndecidedWarning: {HEADLINE}: The interval holds*"])
    result.stdout.fnmatch_lines(["blur:89 * UNDECIDED"])


def test_a_failure_is_never_softened(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from pytest_emid import assert_information_retained
        def test_x(measure_emid): assert_information_retained(measure_emid("blur:50"), 0.9)
        """)
    project.runpytest("--emid-undecided=warn").assert_outcomes(failed=1)
