"""What a gate does that cannot tell: fail, xfail or warn."""

from __future__ import annotations

import json

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
            "E         why        The interval holds the threshold: about 9,400 more samples would decide (80 % power, "
            "if the truth is the estimate). Decide once: adding samples until it passes errs more often.",
            "E         n          90 samples in 30 clusters; seed 3 (--emid-seed); 95 % confidence (default)",
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
    result.stdout.fnmatch_lines(
        ["* UNDECIDED retained >= 90 %", f"{HEADLINE}: The interval*", f"XFAIL *test_x - *{HEADLINE[:40]}*"]
    )


def test_warn_goes_on(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nemid_undecided = warn\n")
    project.makepyfile(TEST.format(marker="", call=""))
    result = project.runpytest("--emid-seed=3", "-rP", "-Wdefault")
    result.assert_outcomes(passed=1, warnings=1)
    assert "went on with UNDECIDED" in result.stdout.lines
    result.stdout.fnmatch_lines([f"  *test_warn_goes_on.py:5: UndecidedWarning: {HEADLINE}: The interval holds*"])
    result.stdout.fnmatch_lines(["blur:89 * UNDECIDED retained >= 90 %"])


def test_a_failure_is_never_softened(project: pytest.Pytester) -> None:
    project.makepyfile("""
        from pytest_emid import assert_information_retained
        def test_x(measure_emid): assert_information_retained(measure_emid("blur:50"), 0.9)
        """)
    project.runpytest("--emid-undecided=warn").assert_outcomes(failed=1)


SPENT = """
import pytest
from pytest_emid import BudgetError

@pytest.fixture(scope="session", autouse=True)
def spent(fake_measurer):
    original = fake_measurer.measure

    def measure(self, shift, **how):
        raise BudgetError("m: the budget is spent.")

    fake_measurer.measure = measure
    yield
    fake_measurer.measure = original

def test_x(measure_emid):
    measure_emid("blur:89")
    raise RuntimeError("went on without a result")

@pytest.fixture(scope="module")
def result(measure_emid): return measure_emid("blur:95")

def test_y(result): raise RuntimeError("went on without a result")
def test_z(result): raise RuntimeError("went on without a result")
"""
UNMEASURED = "UNDECIDED: blur:{} was not measured: m: the budget is spent."


@pytest.mark.parametrize(
    ("mode", "outcomes", "exit_code"),
    [
        ("fail", {"failed": 1, "errors": 2}, 1),
        ("xfail", {"xfailed": 3}, 0),
        ("warn", {"skipped": 3, "warnings": 2}, 0),
    ],
)
def test_what_a_budget_did_not_reach_is_undecided(
    project: pytest.Pytester, mode: str, outcomes: dict[str, int], exit_code: int
) -> None:
    project.makepyfile(SPENT)
    result = project.runpytest(f"--emid-undecided={mode}", "-Wdefault", "--emid-json=out.json")
    result.assert_outcomes(**outcomes)
    assert result.ret == exit_code
    result.stdout.fnmatch_lines([UNMEASURED.format(89), UNMEASURED.format(95)], consecutive=True)
    document = json.loads((project.path / "out.json").read_text())
    assert [test.get("unmeasured") for test in document["tests"]] == [
        [{"scenario": "blur:89", "reason": "m: the budget is spent."}],
        [{"scenario": "blur:95", "reason": "m: the budget is spent."}],
        None,
    ]


def test_many_that_a_budget_did_not_reach_are_few_lines(project: pytest.Pytester) -> None:
    project.makepyfile(
        SPENT.partition("def test_x")[0]
        + "@pytest.mark.parametrize('percent', range(90, 100))\n"
        + "def test_many(measure_emid, percent): measure_emid(f'blur:{percent}')\n"
    )
    result = project.runpytest("-n1", "--emid-undecided=xfail")
    result.assert_outcomes(xfailed=10)
    result.stdout.fnmatch_lines(
        [
            UNMEASURED.format(90),
            UNMEASURED.format(91),
            "UNDECIDED: likewise blur:92, blur:93, blur:94, ... (8 more).",
        ],
        consecutive=True,
    )
