"""A budget that runs out leaves a test undecided; a server that is down fails the run, soon and once."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_server import ScriptedServer, completion, serving
from seeded_vectors import ENCODER

pytest.importorskip("openai")
importlib.import_module("pytest_emid.measuring.measurer")  # what a run within this process imports, it forgets

CONFTEST = (
    """
import numpy as np
import pytest
import pytest_emid
from PIL import Image
from pytest_emid.models import OpenAIServerModel


@pytest.fixture(scope="session")
def emid_model():
    options = dict(base_url={url!r}, revision="1", concurrency={concurrency}, timeout={timeout}, retries=1{more})
    return OpenAIServerModel("m", **options)


@pytest.fixture(scope="session")
def emid_dataset():
    def sample(i):
        picture = Image.new("RGB", (8, 8), (9 * i, i, 0))
        return pytest_emid.Sample(str(i), picture, f"Which number is shown {{i}}?", f"{{i}}.")

    return pytest_emid.Dataset("mine", [sample(i) for i in range(24)])


"""
    + ENCODER
    + """

@pytest.fixture(scope="session")
def emid_encoders():
    return pytest_emid.encoders.Encoders(Encoder(), Encoder())
"""
)
TESTS = """
import pytest

@pytest.mark.parametrize("shift", ["keyboard:1", "keyboard:5"])
def test_it(measure_emid, shift):
    assert measure_emid(shift).n == 24
    print("measured", shift)
"""


def answer(question: str, count: int) -> Any:
    return completion(f"It is {question[-4:]}")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serving(answer) as made:
        yield made


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(test_it=TESTS)
    return pytester


def configure(suite: pytest.Pytester, url: str, concurrency: int = 1, more: str = "") -> None:
    timeout = 10 if "budget" in more else 0.5  # a slow machine spends nothing twice
    suite.makeconftest(CONFTEST.format(url=url, concurrency=concurrency, timeout=timeout, more=more))


SPENT = "m: the budget of 360 is spent (300 prompt and 60 completion tokens)."
MORE = "Raise the model's budget, or measure fewer samples (--emid-limit); what is cached costs nothing."
# Thirty answers: those of the first scenario, and six of the clean set.
FIRST = (
    f"UNDECIDED: keyboard:1 was not measured: {SPENT} 6 of 24 questions were answered and are kept; 18 are left. "
    "Of the 24 answers to 'clean', 6 are cached."
)
SECOND = (
    f"UNDECIDED: keyboard:5 was not measured: {SPENT} 0 of 24 questions were answered and are kept; 24 are left. "
    "Of the 24 answers to 'keyboard:5', 0 are cached."
)


@pytest.mark.parametrize(
    ("undecided", "outcomes", "lines"),
    [
        (
            "fail",
            {"failed": 2},
            [f"E       AssertionError: {FIRST} {MORE}", f"E       AssertionError: {SECOND} {MORE}"],
        ),
        ("xfail", {"xfailed": 2}, [f"XFAIL *keyboard:1] - {FIRST} {MORE}", f"XFAIL *keyboard:5] - {SECOND} {MORE}"]),
        (
            "warn",
            {"skipped": 2, "warnings": 2},
            [f"*UndecidedWarning: {FIRST} {MORE}", f"*UndecidedWarning: {SECOND} *"],
        ),
    ],
)
def test_a_spent_budget_leaves_tests_undecided(
    suite: pytest.Pytester, server: ScriptedServer, undecided: str, outcomes: dict[str, int], lines: list[str]
) -> None:
    configure(suite, server.url, more=", budget=360")
    result = suite.runpytest("-rx", "-Wdefault", f"--emid-undecided={undecided}", "-p", "no:xdist")
    result.assert_outcomes(**outcomes)
    for line in lines:
        result.stdout.fnmatch_lines([line.replace("[", "[[]")])
    result.stdout.fnmatch_lines(["=* emid =*", FIRST, SECOND])
    assert sum(server.asked.values()) == 30


def test_the_processes_of_a_run_spend_one_budget(
    suite: pytest.Pytester, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two workers has one request on its way at a time: at most one answer more than the budget buys."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    configure(suite, server.url, more=", budget=360")
    result = suite.runpytest_subprocess("-n", "2")
    result.assert_outcomes(failed=2)
    assert 30 <= sum(server.asked.values()) <= 31
    result.stdout.fnmatch_lines(["*m: the budget of 360 is spent (* tokens; 3* in all processes of this run). *"])
    assert not list(tmp_path.glob("pytest-emid-*"))


def test_fixtures_of_several_folders_spend_one_budget(suite: pytest.Pytester, server: ScriptedServer) -> None:
    """Each folder makes a model of its own; it is the same one, and the run has one budget for it."""
    configure(suite, server.url, more=", budget=360")
    model = (suite.path / "conftest.py").read_text()
    for folder, shift in (("one", "keyboard:4"), ("two", "keyboard:3")):
        made = suite.mkdir(folder)
        (made / "conftest.py").write_text(model)
        (made / f"test_{folder}.py").write_text(TESTS.replace("keyboard:5", shift))
    result = suite.runpytest("-p", "no:xdist", "one", "two")
    assert result.ret == 1
    assert sum(server.asked.values()) == 30


def test_a_budget_that_was_raised_goes_on_where_it_ended(suite: pytest.Pytester, server: ScriptedServer) -> None:
    configure(suite, server.url, more=", budget=360")
    suite.runpytest("-p", "no:xdist").assert_outcomes(failed=2)
    configure(suite, server.url, more=", budget=12 * 42")
    suite.runpytest("-p", "no:xdist").assert_outcomes(passed=2)
    assert sum(server.asked.values()) == 72


def test_a_server_that_dies_fails_the_run_soon(suite: pytest.Pytester, server: ScriptedServer) -> None:
    hung: list[float] = []

    def script(question: str, count: int) -> Any:
        if sum(server.answered.values()) < 10:
            return answer(question, count)
        hung.append(time.monotonic())
        return 3.0

    server.script = script
    configure(suite, server.url, concurrency=2)
    result = suite.runpytest_subprocess("-p", "no:xdist")
    # Two attempts of half a second each and a pause of at most half a second between them, for two in a row.
    assert hung[-1] - hung[0] < 3.0
    result.assert_outcomes(failed=2)
    down = (
        f"E       pytest_emid.errors.UnavailableError: {server.url}, model 'm': 2 requests in a row failed (no answer "
        "within 0.5 s). 10 of 24 questions were answered and are kept; the next run asks for the others only. "
    )
    result.stdout.fnmatch_lines(
        [
            f"{down}Of the 24 answers to 'keyboard:1', 10 are cached.",
            f"{down}Of the 24 answers to 'keyboard:5', 0 are cached.",
        ]
    )
    # Two in a row with two attempts each, and perhaps a third that was under way; the second test asks nothing.
    assert len(hung) <= 3 * 2


def test_no_process_of_a_run_tries_a_dead_server_for_long(suite: pytest.Pytester, server: ScriptedServer) -> None:
    server.script = lambda question, count: 3.0
    configure(suite, server.url, concurrency=2)
    suite.makepyfile(test_it=TESTS.replace('"keyboard:5"]', '"keyboard:5", "keyboard:2", "keyboard:3", "keyboard:4"]'))
    result = suite.runpytest("-n2")
    result.assert_outcomes(failed=5)
    # Both may find out at the same time.
    assert sum(server.asked.values()) <= 2 * 3 * 2


def test_a_server_that_is_not_there_is_named(suite: pytest.Pytester) -> None:
    with serving(answer) as gone:
        url = gone.url
    configure(suite, url)
    result = suite.runpytest_subprocess("-p", "no:xdist", "-k", "keyboard:1")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(
        [f"E *UnavailableError: {url}, model 'm': 1 requests in a row failed (no connection: *"]
    )
