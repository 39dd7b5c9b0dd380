"""`--emid-html`, `--emid-markdown` and what GitHub shows, from real runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pytest_emid.__main__ import main
from pytest_emid.plugin.reports.page_samples import CARDS

TESTS = """
from pytest_emid import assert_information_retained

def test_a(measure_emid):
    assert_information_retained(measure_emid("blur:60"), 0.9)

def test_b(measure_emid):
    assert_information_retained(measure_emid("blur:97"), 0.9)
"""


def test_the_page_is_the_same_from_one_process_and_from_several(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    project.runpytest("--emid-html=out/serial.html", "--emid-json=run.json", "--emid-markdown=out/c.md")
    project.runpytest("--emid-html=out/parallel.html", "-n2").stdout.fnmatch_lines(
        ["page of 2 scenarios with their samples: out/parallel.html"]
    )
    serial = Path("out/serial.html").read_bytes()
    assert serial == Path("out/parallel.html").read_bytes()
    assert b"blur:60" in serial
    assert json.loads(Path("run.json").read_text())["pictures"] == {}
    assert (
        Path("out/c.md")
        .read_text(encoding="utf-8")
        .startswith("<!-- pytest-emid -->\n### Robustness under shift: 1 FAIL, 1 PASS")
    )


@pytest.mark.usefixtures("loaded", "warm")
def test_the_samples_that_are_shown_cost_something_and_have_their_pictures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_x="""
        from pytest_emid import assert_information_retained

        def test_green(measure_emid):
            assert_information_retained(measure_emid("defocus_blur:5"), 0.8)
        """
    )
    options = ["--emid-model=tiny-llava", "--emid-dataset=scenes", "--emid-encoders=tiny", "--emid-limit=60"]
    pytester.runpytest(*options, "--emid-html=run.html").assert_outcomes(passed=1)
    text = Path("run.html").read_text(encoding="utf-8")
    assert "no picture kept" not in text
    costs = [float(cost) for cost in re.findall(r'class="against">cost ([^<]+)<', text)]
    assert 0 < len(costs) <= CARDS
    assert min(costs) > 0.0


@pytest.mark.parametrize("option", ["html", "markdown"])
def test_what_cannot_be_written_fails_the_run(project: pytest.Pytester, option: str) -> None:
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("-k", "test_b", f"--emid-{option}=.")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"MISSING: --emid-{option}: cannot write .: *"])


def test_github_shows_a_summary_and_the_failing_line(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    project.makepyfile(test_x=TESTS)
    result = project.runpytest()
    (line,) = [line for line in result.stdout.lines if line.startswith("::")]
    assert line.startswith("::error file=test_x.py,line=4,title=FAIL blur%3A60%3A retained >= 90 %25::FAIL: ")
    assert "| ❌ FAIL | `blur:60` | `retained >= 90 %` |" in (project.path / "summary.md").read_text(encoding="utf-8")
    (project.path / "summary.md").unlink()
    assert not [line for line in project.runpytest("--emid-github=no").stdout.lines if line.startswith("::")]
    assert not (project.path / "summary.md").exists()


def test_who_else_annotates_failures_is_left_to_it(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    project.makepyfile(test_x=TESTS, pytest_github_actions_annotate_failures="")
    result = project.runpytest("-p", "pytest_github_actions_annotate_failures")
    assert not [line for line in result.stdout.lines if line.startswith("::")]


def test_nothing_is_said_to_github_elsewhere(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    project.makepyfile(test_x=TESTS)
    assert not [line for line in project.runpytest().stdout.lines if line.startswith("::")]
    assert not (project.path / "summary.md").exists()


def test_a_saved_run_makes_the_same_page(project: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
    project.makepyfile(test_x=TESTS)
    project.runpytest("--emid-html=run.html", "--emid-json=run.json", "--emid-markdown=run.md")
    capsys.readouterr()
    assert main(["report", "run.json", "--html=again.html", "--markdown=again.md"]) == 0
    assert Path("again.html").read_bytes() == Path("run.html").read_bytes()
    assert Path("again.md").read_bytes() == Path("run.md").read_bytes()
    assert capsys.readouterr().out == (
        "again.html: 2 scenarios; without pictures, which a run keeps with --emid-html beside --emid-json\n"
        "again.md: 2 scenarios\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run.json"], "there is nothing to write. Name the page with --html, the summary with --markdown, or both."),
        (["no.json", "--html=x.html"], "cannot read the run no.json: No such file or directory."),
    ],
    ids=["nothing", "no file"],
)
def test_a_report_that_cannot_be_made(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["report", *arguments]) == 2
    assert capsys.readouterr().err == f"python -m pytest_emid report: {message}\n"
