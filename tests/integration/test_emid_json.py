"""`--emid-json PATH` writes every result and every decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_emid.plugin.reports.json import read

TESTS = """
import pytest
from pytest_emid import assert_emid_below, assert_information_retained

@pytest.mark.parametrize("percent", [100, 96, 89, 60, 50, 40])
def test_a(measure_emid, percent):
    result = measure_emid(f"blur:{percent}")
    assert_emid_below(result, 0.5)
    assert_information_retained(result, 0.9)

def test_same(measure_emid):
    assert_emid_below(measure_emid("blur:96"), 0.4)
"""


def load(project: pytest.Pytester, name: str = "out.json") -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    document: dict[str, Any] = json.loads((project.path / name).read_text("utf-8"), parse_constant=refuse)
    return document


def test_all_results_and_decisions_are_written(project: pytest.Pytester) -> None:
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--emid-json=deep/out.json", "--emid-seed=3")
    result.assert_outcomes(passed=3, failed=4)
    document = load(project, "deep/out.json")
    assert (document["schema_version"], document["plugin"], document["problems"]) == (3, "pytest-emid", [])
    assert [entry["scenario"] for entry in document["results"]] == [f"blur:{p}" for p in (40, 50, 60, 89, 96, 100)]
    assert len(document["results"][0]["shifted"]["records"]) == 90
    tests = {entry["nodeid"]: entry for entry in document["tests"]}
    assert list(tests) == [f"test_x.py::test_a[{p}]" for p in (40, 50, 60, 89, 96, 100)] + ["test_x.py::test_same"]
    assert tests["test_x.py::test_a[89]"]["outcome"] == "failed"
    assert [d["verdict"] for d in tests["test_x.py::test_a[89]"]["decisions"]] == ["PASS", "UNDECIDED"]
    assert tests["test_x.py::test_same"]["measured"] == [document["results"][4]["key"]]
    assert [r.scenario for r in read(project.path / "deep" / "out.json")] == [
        f"blur:{p}" for p in (40, 50, 60, 89, 96, 100)
    ]


def test_parallel_runs_say_and_write_the_same_bit_for_bit(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_x=TESTS
        + """

@pytest.mark.xfail(strict=True)
def test_known(measure_emid):
    assert_information_retained(measure_emid("frost:30"), 0.9)

@pytest.mark.emid(undecided="xfail", seed=3)
def test_undecided(measure_emid):
    assert_information_retained(measure_emid("frost:89"), 0.9)
"""
    )
    serial = project.runpytest("--emid-json=serial.json")
    parallel = project.runpytest("--emid-json=parallel.json", "-n2")
    assert serial.parseoutcomes() == parallel.parseoutcomes() == {"failed": 4, "passed": 3, "xfailed": 2}
    assert (project.path / "serial.json").read_bytes() == (project.path / "parallel.json").read_bytes()

    def section(result: pytest.RunResult) -> list[str]:
        start = next(i for i, line in enumerate(result.stdout.lines) if line.strip("=") == " emid ")
        end = next(i for i, line in enumerate(result.stdout.lines) if "short test summary info" in line)
        return result.stdout.lines[start + 1 : end]

    lines = section(serial)
    assert sum(line.startswith(("blur:", "frost:")) for line in lines) == 8
    assert any(line.startswith("frost:30") and line.endswith("XFAIL retained >= 90 %") for line in lines)
    assert any(line.startswith("frost:89") and line.endswith("UNDECIDED retained >= 90 %") for line in lines)
    assert lines == section(parallel)


def test_the_ini_file_can_ask_for_it(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nemid_json = from_ini.json\n")
    project.makepyfile(test_x=TESTS)
    project.runpytest("-k", "same")
    assert len(load(project, "from_ini.json")["results"]) == 1


def test_a_run_that_measures_nothing_leaves_no_old_file_to_be_mistaken_for_its_own(pytester: pytest.Pytester) -> None:
    (pytester.path / "out.json").write_text("old")
    pytester.makepyfile("def test_x(): pass")
    pytester.runpytest("--emid-json=out.json").assert_outcomes(passed=1)
    assert load(pytester)["results"] == []


def test_a_test_that_changes_directory_changes_nothing(project: pytest.Pytester) -> None:
    project.makepyfile("""
        def test_x(measure_emid, tmp_path, monkeypatch):
            import os
            os.chdir(tmp_path)
            measure_emid("blur:95")
        """)
    project.runpytest("--emid-json=out.json").assert_outcomes(passed=1)
    assert len(load(project)["results"]) == 1


def test_a_file_that_cannot_be_written_fails_the_run(project: pytest.Pytester) -> None:
    (project.path / "folder").mkdir()
    project.makepyfile(test_x=TESTS)
    result = project.runpytest("--emid-json=folder", "-k", "same")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["MISSING: --emid-json: cannot write folder: *"])
    assert list((project.path / "folder").iterdir()) == []
