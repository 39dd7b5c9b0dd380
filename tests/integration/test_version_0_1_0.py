"""What version 0.1.0 kept is served, and what it measured with that is measured: to the last question and number."""

from __future__ import annotations

import copy
import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from earlier_report import changes

from pytest_emid.cache import Cache

DATA = Path(__file__).parents[1] / "data" / "v0_1_0"
MADE_WITH: dict[str, str] = json.loads((DATA / "made_with.json").read_text("utf-8"))
REPORT: dict[str, Any] = json.loads((DATA / "report.json").read_text("utf-8"))

PACK, CACHE = "answers.json", "cache"

AS_THEN = """
import pytest

@pytest.fixture(scope="session")
def emid_normalise():
    return lambda text: ""
"""
"""0.1.0 knew no formats: each answer was embedded as it came."""


pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The suite that 0.1.0 measured, its cache and its replay pack."""
    for library in ("torch", "transformers"):
        here = metadata.version(library)
        if here.split(".")[:2] != MADE_WITH[library].split(".")[:2]:
            pytest.skip(
                f"the data is of {library} {MADE_WITH[library]}, a part of all its fingerprints; here is {here}"
            )
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shutil.copytree(DATA / "suite", pytester.path, dirs_exist_ok=True)
    shutil.copytree(DATA / CACHE, pytester.path / CACHE)
    shutil.copy(DATA / PACK, pytester.path)
    pytester.makeconftest(AS_THEN)
    return pytester


@pytest.mark.parametrize(
    "arguments",
    [
        [f"--emid-cache-dir={CACHE}"],
        [f"--emid-cache-dir={CACHE}", "--emid-cache=read"],
        [f"--emid-cache-dir={PACK}"],
    ],
    ids=["cache", "only read", "replay pack"],
)
def test_nothing_is_asked_and_the_report_is_the_same(suite: pytest.Pytester, arguments: list[str]) -> None:
    # without xdist: the suite counts questions in one process
    then = ("--emid-critic=club-ridge", "--emid-drift")
    run = suite.runpytest("-p", "no:xdist", "--emid-json=report.json", *then, *arguments)
    assert run.ret == pytest.ExitCode.OK, f"the data was made with {MADE_WITH}"
    asked = suite.path / "asked.txt"
    assert not asked.exists(), f"asked: {asked.read_text()}"
    assert not (suite.path / ".emid").exists()
    with Cache(suite.path / CACHE) as now, Cache(DATA / PACK) as pack:
        assert now.sizes.answers == pack.sizes.answers
    assert changes(REPORT, json.loads((suite.path / "report.json").read_text("utf-8"))) == []


def test_without_the_cache_everything_is_asked(suite: pytest.Pytester) -> None:
    """The count counts: of the model that answers at once."""
    run = suite.runpytest("-p", "no:xdist", "-k", "function and synonym", "--emid-cache-dir=none")
    run.assert_outcomes(passed=1, deselected=15)
    assert len((suite.path / "asked.txt").read_text().splitlines()) == 120


def drop_a_key(report: dict[str, Any]) -> None:
    del report["results"][3]["clean"]["emi"]["low"]


def move_a_number(report: dict[str, Any]) -> None:
    report["results"][0]["shifted"]["records"][59]["information"] *= 1 + 1e-5


def change_an_outcome(report: dict[str, Any]) -> None:
    report["tests"][0]["outcome"] = "skipped"


def lose_a_test(report: dict[str, Any]) -> None:
    del report["tests"][-1]


def turn_a_number_into_a_whole_one(report: dict[str, Any]) -> None:
    report["results"][0]["clean"]["records"][0]["exact"] = int(report["results"][0]["clean"]["records"][0]["exact"])


def swap_what_two_tests_measured(report: dict[str, Any]) -> None:
    one, other = (report["tests"][i] for i in (0, 1))
    one["measured"], other["measured"] = other["measured"], one["measured"]


def add_keys_and_leave_p_values_out(report: dict[str, Any]) -> None:
    report["version"] = "9.9"
    for i, result in enumerate(report["results"]):
        old, result["key"] = result["key"], f"{i:016x}"
        for test in report["tests"]:
            test["measured"] = [result["key"] if key == old else key for key in test["measured"]]
            for decision in test["decisions"]:
                decision["result"] = result["key"] if decision["result"] == old else decision["result"]
        result["new"] = 1
        del result["divergences"]["image_p"], result["divergences"]["text_p"]


@pytest.mark.parametrize(
    ("edit", "paths"),
    [
        (drop_a_key, ["results[3].clean.emi.low"]),
        (move_a_number, ["results[0].shifted.records[59].information"]),
        (change_an_outcome, ["tests[0].outcome"]),
        (lose_a_test, ["tests"]),
        (turn_a_number_into_a_whole_one, ["results[0].clean.records[0].exact"]),
        (swap_what_two_tests_measured, ["tests[0].measured[0]", "tests[1].measured[0]"]),
        (add_keys_and_leave_p_values_out, []),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_any_change_of_what_was_said_is_seen(edit: Any, paths: list[str]) -> None:
    edited = copy.deepcopy(REPORT)
    edit(edited)
    assert sorted({change.split(":")[0] for change in changes(REPORT, edited)}) == paths
