"""Worse than before: saved runs, --emid-baseline, and how a run becomes the baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_emid.plugin.runs import read_run

TESTS = """
import pytest
from pytest_emid import assert_no_regression

@pytest.mark.parametrize("percent", [95, 90])
def test_a(measure_emid, percent):
    assert_no_regression(measure_emid(f"blur:{percent}"), 0.05)
"""
MODEL = """
import pytest

@pytest.fixture(scope="session")
def emid_model():
    from conftest import Answers
    return Answers({name!r})
"""


def named(project: pytest.Pytester, name: str) -> None:
    """The project tests a model of this name; `new-10` retains ten points less."""
    project.makepyfile(test_x=MODEL.format(name=name) + TESTS)


def edited(path: Path, change: Any) -> None:
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")


def test_a_saved_run_is_the_json_report(project: pytest.Pytester) -> None:
    named(project, "fake")
    project.runpytest("--emid-save=deep/run.json", "--emid-json=out.json", "-k", "not test_a or 95")
    assert (project.path / "deep/run.json").read_bytes() == (project.path / "out.json").read_bytes()


def saved(project: pytest.Pytester, name: str = "fake") -> Path:
    """A run of this model that compares with nothing."""
    project.makepyfile(
        test_x=MODEL.format(name=name)
        + """
def test_b(measure_emid):
    for percent in (95, 90):
        measure_emid(f"blur:{percent}")
"""
    )
    project.runpytest("--emid-save=old.json").assert_outcomes(passed=1)
    return project.path / "old.json"


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_a_worse_model_fails_and_says_which_samples(project: pytest.Pytester, workers: str) -> None:
    saved(project)
    named(project, "new-20")
    result = project.runpytest("--emid-baseline=old.json", workers)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E   *FAIL: information lost since the baseline under blur:9* is * [[]*], asked: at most 5.0 % (n = 90)",
            "E * baseline   * on clean data, * under the shift (model fake; *old.json)",
            "E * now        * on clean data, * under the shift (model new-20)",
            "E * n          90 samples in 30 clusters that both hold",
            "E * note       beyond clean data (difference in differences) *; 18 right to wrong, 0 wrong to right",
            "E * the 3 samples that lost most (of 90, 90 answered otherwise):",
            "E * 1. s*: lost +0.*",
            "E * baseline   wrong answer *",
            "E * now        new-20 *",
        ]
    )


def test_without_a_baseline_there_is_a_clear_error(project: pytest.Pytester) -> None:
    named(project, "fake")
    result = project.runpytest("-k", "95")
    result.stdout.fnmatch_lines(["E *pytest_emid.errors.BaselineError: there is no baseline to compare with. Name a*"])
    result = project.runpytest("-k", "95", "--emid-baseline=none.json")
    result.stdout.fnmatch_lines(["E *pytest_emid.errors.BaselineError: there is no baseline */none.json. Save one: *"])
    (project.path / "bad.json").write_text("{}")
    result = project.runpytest("-k", "95", "--emid-baseline=bad.json")
    result.stdout.fnmatch_lines(
        ["E *pytest_emid.errors.BaselineError: the baseline cannot be used: cannot read the run *"]
    )


def test_the_first_run_under_auto_is_saved_and_the_second_compares(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    named(project, "fake")
    result = project.runpytest("--emid-baseline=auto", "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        ["the baseline is now emid-baseline.json: the first run", "SKIPPED * there is no baseline yet: this run is *"]
    )
    run = read_run(project.path / "emid-baseline.json")
    assert [result.scenario for result in run.results] == ["blur:90", "blur:95"]
    project.runpytest("--emid-baseline=auto").assert_outcomes(passed=2)
    named(project, "new-20")
    project.runpytest("--emid-baseline=auto").assert_outcomes(failed=2)


def test_in_ci_a_first_run_under_auto_is_not_green_unless_it_is_accepted(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    named(project, "fake")
    result = project.runpytest("--emid-baseline=auto", "-k", "95")
    result.assert_outcomes(failed=1)
    path = project.path / "emid-baseline.json"
    text = " ".join(line.removeprefix("E").strip() for line in result.outlines)
    assert (
        f"BaselineError: there is no baseline {path}, and in CI a gate that compares nothing does not pass. Run "
        "once elsewhere and commit the file, restore it before the run, or accept this run: "
        "--emid-baseline-update='the first run'."
    ) in text
    assert not path.exists()  # or the job would be green when it is run again
    result = project.runpytest("--emid-baseline=auto", "--emid-baseline-update=the first run", "-k", "95")
    result.assert_outcomes(skipped=1)
    result = project.runpytest("--emid-baseline=auto", "-k", "95")
    result.assert_outcomes(passed=1)


def test_an_accepted_run_becomes_the_baseline_with_its_words(project: pytest.Pytester) -> None:
    path = saved(project)
    named(project, "new-20")
    result = project.runpytest(
        "--emid-baseline=old.json", "--emid-baseline-update=smaller model, accepted by the team", "-k", "95"
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "the baseline is now old.json: smaller model, accepted by the team",
            "  blur:95: retained 9?.? % -> 7?.? %",
        ]
    )
    run = read_run(path)
    # what was not measured again keeps its baseline
    assert [(r.scenario, r.model) for r in run.results] == [("blur:90", "fake"), ("blur:95", "new-20")]
    assert [told["words"] for told in run.document["history"]] == ["smaller model, accepted by the team"]
    project.runpytest("--emid-baseline=old.json", "-k", "95").assert_outcomes(passed=1)
    project.runpytest("--emid-baseline=old.json", "-k", "90").assert_outcomes(failed=1)


def test_what_cannot_be_compared_can_be_accepted(project: pytest.Pytester) -> None:
    path = saved(project)
    edited(path, lambda document: [result.update(encoders="others") for result in document["results"]])
    named(project, "fake")
    result = project.runpytest("--emid-baseline=old.json", "-k", "95")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *BaselineError: blur:95 cannot be compared with the baseline: its encoders were *"])
    project.runpytest("--emid-baseline=old.json", "--emid-baseline-update=other encoders", "-k", "95").assert_outcomes(
        skipped=1
    )
    project.runpytest("--emid-baseline=old.json", "-k", "95").assert_outcomes(passed=1)


def test_words_are_asked_for(project: pytest.Pytester) -> None:
    result = project.runpytest("--emid-baseline=old.json", "--emid-baseline-update=better")
    result.stderr.fnmatch_lines(
        ["ERROR: --emid-baseline-update: 'better' is not legal. Legal: words that say what changed, of 2 or more."]
    )


def test_a_run_in_which_another_test_failed_is_not_accepted(project: pytest.Pytester) -> None:
    path = saved(project)
    before = path.read_bytes()
    named(project, "new-20")
    project.makepyfile(test_y="def test_fails(): assert False")
    result = project.runpytest("--emid-baseline=old.json", "--emid-baseline-update=smaller model")
    result.stdout.fnmatch_lines(["MISSING: this run does not become the baseline*"])
    assert path.read_bytes() == before


def test_the_first_line_names_libraries_that_changed(project: pytest.Pytester) -> None:
    path = saved(project)

    def change(document: Any) -> None:
        for result in document["results"]:
            result["made"]["versions"] = {"torch": "2.1.0"}

    edited(path, change)
    named(project, "new-20")
    project.makeconftest(
        (project.path / "conftest.py").read_text()
        + """
@pytest.fixture(autouse=True, scope="session")
def upgraded(fake_measurer):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_measurer, "versions", {"torch": "2.2.0"})
        yield
"""
    )
    result = project.runpytest("--emid-baseline=old.json")
    line = (
        "Since the baseline: torch 2.1.0 -> 2.2.0. An upgrade or another setting is the usual cause of a silent drop."
    )
    lines = result.stdout.lines
    start = next(i for i, text in enumerate(lines) if text.strip("=") == " emid ")
    assert lines[start + 1] == line
    assert any(text.startswith("E ") and text.endswith(line) for text in lines)


def test_another_model_is_measured_on_the_same(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import pytest
        from pytest_emid import assert_no_regression

        def test_worse(measure_emid):
            from conftest import Answers
            other = Answers("big-0")
            baseline = measure_emid.against(other, "blur:75")
            assert baseline.model == "big-0"
            assert measure_emid.against(other, "blur:75") is baseline
            assert_no_regression(measure_emid("blur:75"), 0.05, baseline=baseline)
            with pytest.raises(AssertionError, match="FAIL: information lost since the baseline"):
                assert_no_regression(measure_emid.against(Answers("small-20"), "blur:75"), 0.05, baseline=baseline)
        """)
    project.runpytest().assert_outcomes(passed=1)
