"""Metrics and measures through a whole run, serially and in two processes."""

from __future__ import annotations

import json

import pytest

CONFTEST = """
import pytest
from pytest_emid.data import scenes_dataset

@pytest.fixture(scope="session")
def emid_metrics():
    def first_letter(response, references, sample):
        return float(any(response[:1].lower() == known[:1].lower() for known in references))

    return {"first_letter": first_letter, "exact": "exact"}
"""
TESTS = """
import pytest
from pytest_emid import assert_likelihood_drop_below, assert_metric_drop_below, assert_metric_retained, assert_robust

@pytest.mark.parametrize("shift", ["keyboard:1", "frost:3"])
def test_survives(measure_emid, shift):
    result = measure_emid(shift)
    assert set(result.metrics) == {"first_letter", "exact", "likelihood"}
    assert_metric_retained(result, "first_letter", 0.1)
    assert_metric_drop_below(result, "token_f1", 0.5)
    if shift == "frost:3":
        with pytest.raises(AssertionError, match="FAIL: drop of likelihood"):
            assert_likelihood_drop_below(result, 0.1)
        with pytest.raises(AssertionError, match="FAIL: robust by"):
            assert_robust(result, 0.1)
"""
OPTIONS = (
    "--emid-model=tiny-llava",
    "--emid-dataset=scenes",
    "--emid-limit=60",
    "--emid-measures=exact,likelihood:0.2",
)


@pytest.mark.usefixtures("loaded", "warm")
def test_serially_and_in_two_processes_alike(pytester: pytest.Pytester, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_mine=TESTS)
    documents = []
    for name, arguments in (("one", ("-p", "no:xdist")), ("two", ("-n", "2"))):
        run = pytester.runpytest(
            *OPTIONS, *arguments, f"--emid-json={name}.json", f"--junitxml={name}.xml", "-o", "junit_family=xunit1"
        )
        run.assert_outcomes(passed=2)
        documents.append(json.loads((pytester.path / f"{name}.json").read_text("utf-8")))
        run.stdout.fnmatch_lines(["scenario *first_letter *exact *likelihood *verdict"])
        assert "emid.metric.exact.clean" in (pytester.path / f"{name}.xml").read_text("utf-8")
    assert documents[0]["results"] == documents[1]["results"]
    found = next(r for r in documents[0]["results"] if r["scenario"] == "frost:3")["metrics"]["exact"]
    assert len(found["on_clean"]) == len(found["on_shifted"]) == 60
    assert found["lost"] > 10 > found["gained"]
