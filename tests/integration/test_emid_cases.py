"""Whole small suites, with the built-in model and with a server that is not there: what each must say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from seeded_vectors import ENCODER

pytestmark = pytest.mark.usefixtures("loaded", "warm")

INI = "[pytest]\nemid_model = tiny-llava\nemid_dataset = scenes\nemid_limit = {}\n"
HEAD = """
import pytest
from pytest_emid import assert_emi_above, assert_emid_below, assert_information_retained

"""
BOTH_WAYS = """
def test_static(measure_emid): assert_information_retained(measure_emid("keyboard:3"), 0.9)
def test_dynamic(request): assert_information_retained(request.getfixturevalue("measure_emid")("keyboard:3"), 0.9)
"""
ECHO = """
import pytest

@pytest.fixture(scope="session")
def emid_model(): return lambda images, questions: list(questions)

@pytest.fixture(scope="session")
def emid_encoders():
    from pytest_emid.encoders import Encoders
    return Encoders(Encoder(), Encoder())
"""
SERVER = """
import pytest, pytest_emid

@pytest.fixture(scope="session")
def emid_model():
    url = "http://127.0.0.1:9/v1"
    return pytest_emid.models.load("openai:m", base_url=url, retries=0, concurrency=2, timeout=2)

@pytest.fixture(scope="session")
def emid_dataset(): return pytest_emid.data.scenes_dataset(60)
"""
ASKED = "\n\n@pytest.fixture(scope='session')\ndef emid_calibration(): return None\n"


def report(pytester: pytest.Pytester) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((pytester.path / "out.json").read_text("utf-8"))
    return found


def test_one_scenario_asked_in_two_ways_is_one_row(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI.format(60))
    pytester.makeconftest(ENCODER + ECHO)
    pytester.makepyfile(test_x=HEAD + BOTH_WAYS)
    run = pytester.runpytest("-n2", "--emid-json=out.json")
    run.assert_outcomes(failed=2)
    rows = [line for line in run.stdout.lines if line.startswith("keyboard:3 ")]
    assert len(rows) == len(report(pytester)["results"]) == 1
    assert [test["outcome"] for test in report(pytester)["tests"]] == ["failed", "failed"]


def test_the_built_in_model_keeps_everything_where_nothing_is_shifted(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI.format(60))
    pytester.makepyfile(
        test_x=HEAD + 'def test_x(measure_emid): assert_information_retained(measure_emid("identity"), 0.9)\n'
    )
    pytester.runpytest("-p", "no:xdist", "--emid-json=out.json").assert_outcomes(passed=1)
    (result,) = report(pytester)["results"]
    assert result["information_retained"]["value"] == 1.0
    assert result["obstacles"] == []


@pytest.mark.parametrize("arguments", [["-p", "no:xdist"], ["-n1"]], ids=["serial", "parallel"])
def test_a_server_that_is_not_there_is_no_expected_failure(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytest.importorskip("openai")
    pytester.makeconftest(SERVER)
    gate = 'assert_information_retained(measure_emid("keyboard:3"), 0.9)'
    marks = ['xfail(reason="typos", strict=True)', "xfail", "xfail(raises=Exception)"]
    tests = [f"@pytest.mark.{mark}\ndef test_{i}(measure_emid): {gate}\n" for i, mark in enumerate(marks)]
    pytester.makepyfile(test_x=HEAD + "\n".join(tests))
    run = pytester.runpytest("--emid-json=out.json", *arguments)
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    run.assert_outcomes(xfailed=3)
    problems = report(pytester)["problems"]
    assert len(problems) == 3
    for i, problem in enumerate(problems):
        assert problem.startswith(
            f"test_x.py::test_{i} is expected to fail (xfail), and no verdict made it fail but UnavailableError: "
        )
        assert problem.endswith(
            ". Nothing that it gates was decided. With raises=AssertionError, pytest tells the two apart itself."
        )


@pytest.mark.parametrize(
    ("limit", "calibration", "arguments", "error"),
    [
        (
            12,
            "",
            [],
            "dataset 'scenes' has 12 samples in 4 clusters: no gate passes on fewer than 60 samples in 20 clusters. "
            "Nothing was asked. Raise the limit, or look without a verdict: --emid-undecided=warn.",
        ),
        (
            12,
            ASKED,
            ["--emid-undecided=warn"],
            "cannot calibrate on the 12 reference pairs of 'scenes': at least 20 are needed. Nothing was asked. Raise "
            "the limit, or let emid_calibration return a set of 300 or more.",
        ),
    ],
)
def test_what_cannot_be_decided_is_one_line_and_asks_nothing(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    calibration: str,
    arguments: list[str],
    error: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    asks = "import pytest\n\n@pytest.fixture(scope='session')\ndef emid_model():\n    def ask(images, questions):\n"
    pytester.makeconftest(f"{asks}        raise RuntimeError('asked')\n    return ask\n{calibration}")
    pytester.makeini(INI.format(limit))
    pytester.makepyfile(
        test_x=f"{HEAD}def test_x(measure_emid):\n    assert_emid_below(measure_emid('keyboard:3'), 1)\n"
    )
    run = pytester.runpytest("-p", "no:xdist", "--emid-json=out.json", *arguments)
    run.assert_outcomes(failed=1)
    said = [line for line in run.stdout.lines if line.startswith("E  ")]
    assert said == [f"E       pytest_emid.errors.EstimationError: {error}"]
    assert "The above exception" not in run.stdout.str()


@pytest.mark.parametrize(
    ("gate", "argument", "outcome"),
    [
        ("result.n == 30", "--emid-undecided=fail", "passed"),
        ("assert_information_retained(result, 0.01)", "--emid-undecided=warn", "passed"),
        ("assert_information_retained(result, 0.01)", "--emid-undecided=xfail", "xfailed"),
    ],
)
def test_fewer_samples_may_be_looked_at_without_a_verdict(
    pytester: pytest.Pytester, gate: str, argument: str, outcome: str
) -> None:
    answers = "lambda images, questions: [str(sum(map(ord, question)) % 9) for question in questions]"
    fixture = "import pytest\n\n@pytest.fixture(scope='session')\n"
    pytester.makeconftest(f"{fixture}def emid_model(): return {answers}\n")
    pytester.makeini(INI.format(30))
    pytester.makepyfile(
        test_x=f"{HEAD}def test_x(measure_emid):\n    result = measure_emid('identity')\n    assert {gate}\n"
    )
    found = pytester.runpytest("-p", "no:xdist", "-Wignore", argument).parseoutcomes()
    assert {name: count for name, count in found.items() if name != "warnings"} == {outcome: 1}
