"""The section `emid` of the terminal: one row a measurement."""

from __future__ import annotations

import re

import pytest

TESTS = """
import pytest
from pytest_emid import assert_information_retained

@pytest.mark.parametrize("shift", ["blur:100", "blur:96", "blur:60"])
def test_a(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.9)

def test_b(measure_emid):
    measure_emid("blur:97")

def test_again(measure_emid):
    measure_emid("blur:60")
"""


WHOLE = """\
model fake (fixture emid_model, conftest.py:39), dataset fake (fixture emid_dataset, conftest.py:44): 90 samples in 30
  clusters, encoders fake + fake (fixture emid_encoders, conftest.py:49), seed 0 (default)
scenario             EMID [interval]          retained  verdict
blur:60   +0.0204 [+0.0185, +0.0223]   60.5 % [59, 62]  FAIL retained >= 90 %
blur:96   +0.0195 [+0.0174, +0.0215]   96.8 % [95, 99]  PASS retained >= 90 %
blur:97   +0.0199 [+0.0180, +0.0218]  98.0 % [96, 100]  no gate
blur:100  +0.0201 [+0.0179, +0.0223]  98.8 % [97, 101]  PASS retained >= 90 %
EMID: what the answers tell less about their queries under the shift (critic's scale); above 0 is a loss. Retained:
  share of what the answers told about the references. 95 % intervals.
Verdict: with the gate that gives it and what that asked.
FAIL: information retained under blur:60 is 60.5 % [59.0 %, 62.1 %], asked: at least 90.0 % (n = 90)
Holm over the 3 gates of this run: 1 of 1 FAIL stand. --emid-family=3 decides at the corrected level."""


def section(result: pytest.RunResult) -> list[str]:
    """The lines of the section, without its title."""
    lines = result.stdout.lines
    titles = [i for i, line in enumerate(lines) if line.startswith("===")]
    (start,) = [i for i in titles if lines[i].strip("=").strip() == "emid"]
    return lines[start + 1 : next(i for i in titles if i > start)]


def test_the_whole_section(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--tb=no")
    result.assert_outcomes(passed=4, failed=1)
    assert "\n".join(section(result)) == WHOLE
    assert max(map(len, section(result))) <= 120


def test_quiet_leaves_the_legend_out_and_very_quiet_the_section(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    quiet = section(project.runpytest("-q", "--tb=no"))
    assert len(quiet) == 2 + 1 + 4 + 1 + 1
    assert not any(line.startswith(("EMI:", "Bound:")) for line in quiet)
    project.runpytest("-qq", "--tb=no").stdout.no_fnmatch_line("*emid =*")


def test_no_summary_is_respected(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--no-summary")
    result.stdout.no_fnmatch_line("* emid =*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("width", [60, 80, 108, 109, 200])
def test_rows_fit_the_terminal(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    project.makepyfile(test_x=TESTS)
    lines = section(project.runpytest("--tb=no", "-v"))
    header = next(line for line in lines if line.startswith("scenario"))
    assert ("EMI clean" in header) == (width >= 109)
    if width >= 80:
        assert max(map(len, lines)) <= width


def test_long_and_hostile_names_are_tamed(project: pytest.Pytester) -> None:
    name = "x" * 80 + "\x1b[2J:95"
    project.makepyfile(test_x=f"def test_x(measure_emid): measure_emid({name!r})")
    result = project.runpytest()
    assert any(line.startswith("x" * 33 + "…  +0.0") for line in section(result))
    assert "\x1b[2J" not in result.stdout.str()


def test_colors_follow_the_verdict(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--color=yes", "--tb=no")
    result.stdout.re_match_lines(
        [r".*\x1b\[31m\x1b\[1mFAIL retained >= 90 %\x1b\[0m", r".*\x1b\[32m\x1b\[1mPASS retained"]
    )


def test_the_bound_of_the_gate_is_the_one_that_is_shown(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        from dataclasses import replace
        from pytest_emid import assert_bound_holds
        from pytest_emid.measuring.results import Bound

        def test_x(measure_emid):
            result = measure_emid("blur:95")
            both = {"rigorous": Bound("rigorous", 0.5, "nats", {}), "published": Bound("published", 7.5, "nats", {})}
            assert_bound_holds(replace(result, bounds=both), "published")
            assert_bound_holds(replace(result, bounds={**both, "rigorous": Bound("rigorous", 0.6, "nats", {})}))
        """
    )
    shown = [
        line.partition("]  ")[2].split("]")[1].strip() for line in section(project.runpytest()) if "blur:95" in line
    ]
    assert sorted(shown) == [
        "-  no gate",
        "0.6 r  PASS EMID <= rigorous bound",
        "7.5 p  PASS EMID <= published bound",
    ]


def test_a_test_that_measured_nothing_is_named(project: pytest.Pytester) -> None:
    project.makepyfile(test_x="def test_x(measure_emid): pass")
    result = project.runpytest()
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert section(result) == [
        "MISSING: test_x.py::test_x passed without measuring anything, though it names measure_emid. Call it, leave it "
        "out of",
        '  the test\'s arguments, or allow it: @pytest.mark.emid(unanswered="allow").',
    ]


def test_a_test_that_takes_the_result_of_a_fixture_measures(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest

        @pytest.fixture(scope="module")
        def result(measure_emid): return measure_emid("blur:95")

        def test_first(result): pass
        def test_second(result): pass
        """
    )
    project.runpytest().stdout.no_fnmatch_line("*without measuring anything*")


def test_an_unconfigured_project_without_tests_that_measure_sees_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_x(): pass")
    text = pytester.runpytest().stdout.str()
    assert "emid" not in re.sub(r"emid-\d+\.\d+\.\d+", "", text).replace(str(pytester.path), "")


def test_a_known_weakness_is_reported_as_such(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest
        from pytest_emid import assert_information_retained

        @pytest.mark.xfail(strict=True)
        @pytest.mark.parametrize("at_least", [0.9, 0.8])
        def test_weak(measure_emid, at_least):
            assert_information_retained(measure_emid("blur:60"), at_least)

        def test_unexpected(measure_emid):
            assert_information_retained(measure_emid("blur:50"), 0.9)
        """
    )
    result = project.runpytest()
    result.assert_outcomes(xfailed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "blur:50 *  FAIL retained >= 90 %",
            "blur:60 *  XFAIL retained >= 80 %, retained >= 90 %",
            "FAIL: information retained under blur:50 is * asked: at least 90.0 % (n = 90)",
            "FAIL: information retained under blur:60 is * asked: at least 80.0 % (n = 90) (expected)",
            "FAIL: information retained under blur:60 is * asked: at least 90.0 % (n = 90) (expected)",
        ]
    )


def test_a_failure_that_another_test_expects_is_still_one(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        import pytest
        from pytest_emid import assert_information_retained

        @pytest.mark.xfail
        def test_weak(measure_emid):
            assert_information_retained(measure_emid("blur:60"), 0.9)

        def test_strong(measure_emid):
            assert_information_retained(measure_emid("blur:60"), 0.9)
        """
    )
    result = project.runpytest()
    result.assert_outcomes(xfailed=1, failed=1)
    result.stdout.no_fnmatch_line("*(expected)*")


def test_results_that_measure_emid_did_not_make_count_too(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x="""
        from emid_factory import make_result
        from pytest_emid import assert_information_retained

        def test_x():
            assert_information_retained(make_result("saved:1", retained=0.99), 0.9)
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1)
    assert any(line.startswith("saved:1  ") and line.endswith("PASS retained >= 90 %") for line in section(result))


def test_a_model_that_runs_its_own_code_is_reported(project: pytest.Pytester) -> None:
    conftest = project.path / "conftest.py"
    conftest.write_text(
        conftest.read_text().replace("def emid_model():\n", "def emid_model():\n    Answers.trust_remote_code = True\n")
    )
    project.makepyfile("def test_x(measure_emid): measure_emid('blur:60')")
    result = project.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert "runs the checkpoint's own code (trust_remote_code)" in " ".join(result.stdout.str().split())
