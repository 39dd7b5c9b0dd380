"""`assert result.emid <= 0.05` explains itself within the lines that pytest shows."""

from __future__ import annotations

import pytest

UNDER = " under blur:96:"


def explanation(result: pytest.RunResult) -> list[str]:
    return [line.removeprefix("E").strip() for line in result.stdout.lines if line.startswith("E ")]


def test_the_first_lines_hold_what_a_gate_would_say(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="def test_x(measure_emid):\n    result = measure_emid('blur:96')\n    assert result.emid <= 0.005"
    )
    result = project.runpytest("--emid-seed=3")
    result.assert_outcomes(failed=1)
    assert explanation(result) == [
        "assert +0.0189 <= 0.005",
        "EMID under blur:96: +0.0189 (critic scale)",
        "interval: [+0.0165, +0.0213] at 95 % confidence",
        "a gate would say FAIL: The whole interval is above the threshold.",
        "threshold: below 0.005",
        "n: 90 samples in 30 clusters, seed 3 (--emid-seed)",
        "This compares the point estimate; a gate such as assert_emid_below uses the interval.",
    ]


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        (
            "result.information_retained > 0.99",
            ["assert 96.6 % > 0.99", f"information retained{UNDER} 96.6 % (fraction)"],
        ),
        (
            "0.99 <= result.information_retained",
            ["assert 0.99 <= 96.6 %", f"information retained{UNDER} 96.6 % (fraction)"],
        ),
        (
            "result.emi_clean < result.emi_shifted",
            ["assert -0.00173 < -0.0207", f"EMI on clean data{UNDER} -0.002 (critic scale)"],
        ),
        ("Estimate(0.5, 0.4, 0.6, 0.05, 9, 9) < 0.1", ["assert +0.5 < 0.1", "estimate: +0.50 (critic scale)"]),
        ("result.emid == 'text'", ["AssertionError: assert +0.0189 == 'text'", f"EMID{UNDER} +0.0189 (critic scale)"]),
    ],
)
def test_every_comparison_has_an_explanation(project: pytest.Pytester, expression: str, lines: list[str]) -> None:
    project.makepyfile(
        test_x=f"""
        from pytest_emid.information import Estimate
        def test_x(measure_emid):
            result = measure_emid('blur:96')
            assert {expression}
        """
    )
    result = project.runpytest("--emid-seed=3")
    result.assert_outcomes(failed=1)
    assert explanation(result)[: len(lines)] == lines


def test_other_comparisons_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_x(): assert [1] == [2]")
    assert "At index 0 diff: 1 != 2" in explanation(pytester.runpytest())
