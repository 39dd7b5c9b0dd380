"""A run is not green where a test passed, or was expected to fail, and no verdict stands behind it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HEAD = """
import pytest
from pytest_emid import assert_emid_below, assert_information_retained
from pytest_emid.errors import ModelError

def gate(measure_emid, scenario="blur:60", at_least=0.9):
    assert_information_retained(measure_emid(scenario), at_least)

def dead(measure_emid):
    raise ModelError("the server is down")
"""

SWALLOWED = (
    "test_x.py::test_x passed, though its gate said {}: information retained under blur:{}. The error was "
    "swallowed, in the test or by what rewrites its outcome. Let it through, expect it with pytest.raises, or allow "
    'it: @pytest.mark.emid(unanswered="allow").'
)
EXPECTED = (
    "test_x.py::test_x is expected to fail (xfail), and no verdict made it fail but {}. Nothing that it gates was "
    "decided. With raises=AssertionError, pytest tells the two apart itself."
)
IDLE = (
    "test_x.py::test_x passed without measuring anything, though it names measure_emid. Call it, leave it out of the "
    'test\'s arguments, or allow it: @pytest.mark.emid(unanswered="allow").'
)
UNITTEST = """
import unittest

class Test(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def measure(self, measure_emid): self.measure = measure_emid

    @unittest.expectedFailure
    def test_x(self): {}
"""
UNDECIDED = (
    "test_x.py::test_x passed, and no gate decided anything, though it names one. Call the gate on what was measured, "
    'or allow it: @pytest.mark.emid(unanswered="allow").'
)
EMPTY = (
    "test_x.py::test_x[NOTSET] was skipped, for there is nothing to run it with: Skipped: got empty parameter set for "
    "(shift). Nothing that it gates was measured. Give it parameters, or allow it: "
    '@pytest.mark.emid(unanswered="allow").'
)
REWRITES = """

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        report.outcome, report.longrepr = {outcome!r}, None
    return report
"""


def problems(project: pytest.Pytester, body: str, *arguments: str) -> tuple[int, list[str]]:
    """Exit status, and what the report says is wrong."""
    project.makepyfile(test_x=HEAD + body)
    run = project.runpytest("--emid-json=out.json", "-p", "no:cacheprovider", *arguments)
    found: list[str] = json.loads((project.path / "out.json").read_text())["problems"]
    said = " ".join(run.stdout.str().split())
    assert all(" ".join(f"MISSING: {problem}".split()) in said for problem in found)
    return int(run.ret), found


NOBODY = [
    (
        "def test_x(measure_emid):\n    try: gate(measure_emid)\n    except AssertionError: pass",
        SWALLOWED.format("FAIL", 60),
    ),
    (
        "def test_x(measure_emid):\n    try: gate(measure_emid, 'blur:89')\n    except AssertionError: pass",
        SWALLOWED.format("UNDECIDED", 89),
    ),
    (
        "def test_x(request):\n    m = request.getfixturevalue('measure_emid')\n"
        "    try: gate(m)\n    except AssertionError: pass",
        SWALLOWED.format("FAIL", 60),
    ),
    (
        # the gate that pytest.raises saw is another one
        "def test_x(measure_emid):\n    with pytest.raises(AssertionError): gate(measure_emid, 'blur:50')\n"
        "    try: gate(measure_emid)\n    except AssertionError: pass",
        SWALLOWED.format("FAIL", 60),
    ),
    (
        # pytest.raises waits for an error, and gets another one than the gate's
        "def test_x(measure_emid):\n    with pytest.raises(AssertionError):\n"
        "        try: gate(measure_emid)\n        except AssertionError: pass\n        assert not measure_emid",
        SWALLOWED.format("FAIL", 60),
    ),
    (
        "def test_x(measure_emid):\n    try: measure_emid('blurr')\n    except ModelError: pass",
        SWALLOWED.replace("its gate said {}: information retained under blur:{}", "{}").format(
            "its measurement of blurr raised ModelError"
        ),
    ),
    ("def test_x(measure_emid): pass", IDLE),
    ("@pytest.mark.usefixtures('measure_emid')\ndef test_x(): pass", IDLE),
    ("def test_x(measure_emid):\n    measure_emid('blur:60'), assert_information_retained", UNDECIDED),
    (
        # decided where nobody sees it
        "import multiprocessing\n\ndef test_x(measure_emid):\n    result = measure_emid('blur:60')\n"
        "    run = multiprocessing.get_context('fork').Process\n"
        "    other = run(target=assert_information_retained, args=(result, 0.9))\n    other.start(), other.join()",
        UNDECIDED,
    ),
    ("@pytest.mark.parametrize('shift', [])\ndef test_x(measure_emid, shift): gate(measure_emid, shift)", EMPTY),
    (
        UNITTEST.format("gate(self.measure, 'blurr')"),
        EXPECTED.replace("::test_x", "::Test::test_x").format("its measurement of blurr raised ModelError"),
    ),
    ("@pytest.mark.xfail\ndef test_x(measure_emid): dead(0)", EXPECTED.format("ModelError: the server is down")),
    (
        "@pytest.mark.xfail(strict=True, raises=Exception)\ndef test_x(measure_emid): dead(0)",
        EXPECTED.format("ModelError: the server is down"),
    ),
    (
        # an error after a gate that passed is no expected failure
        "@pytest.mark.xfail\ndef test_x(measure_emid):\n    gate(measure_emid, 'blur:99')\n    dead(0)",
        EXPECTED.format("ModelError: the server is down"),
    ),
    (
        "@pytest.mark.xfail\ndef test_x(measure_emid): assert not 'measured'",
        EXPECTED.format("AssertionError: assert not 'measured'"),
    ),
    (
        "@pytest.fixture\ndef result(measure_emid): dead(0)\n\n@pytest.mark.xfail\ndef test_x(result): pass",
        EXPECTED.format("ModelError: the server is down"),
    ),
]


@pytest.mark.parametrize(("body", "problem"), NOBODY, ids=lambda value: "")
def test_what_nobody_answers_for_fails_the_run(project: pytest.Pytester, body: str, problem: str) -> None:
    assert problems(project, body) == (1, [problem])


def test_in_another_process_it_does_too(project: pytest.Pytester) -> None:
    project.makepyfile(**{f"test_case_{case}": HEAD + body for case, (body, _) in enumerate(NOBODY)})
    run = project.runpytest("--emid-json=out.json", "-p", "no:cacheprovider", "-n1")
    assert run.ret == 1
    assert json.loads((project.path / "out.json").read_text())["problems"] == sorted(
        problem.replace("test_x.py", f"test_case_{case}.py") for case, (_, problem) in enumerate(NOBODY)
    )


@pytest.mark.parametrize("outcome", ["passed", "skipped"])
def test_a_conftest_that_rewrites_outcomes_changes_no_verdict(project: pytest.Pytester, outcome: str) -> None:
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text() + REWRITES.format(outcome=outcome))
    found = problems(project, "def test_x(measure_emid): gate(measure_emid)")
    assert found == (1, [SWALLOWED.format("FAIL", 60).replace("passed", outcome, 1)])


@pytest.mark.parametrize(
    "body",
    [
        "def test_x(measure_emid):\n    with pytest.raises(AssertionError): gate(measure_emid)",
        "def test_x(measure_emid): pytest.raises(AssertionError, gate, measure_emid)",
        "def test_x(measure_emid):\n    with pytest.raises(ModelError): measure_emid('blurr')",
        (
            "def test_x(measure_emid):\n    with pytest.raises(ValueError):\n"
            "        try: gate(measure_emid)\n        except AssertionError as error: raise ValueError from error"
        ),
        (
            "import unittest\n\ndef test_x(measure_emid):\n"
            "    with unittest.TestCase().assertRaises(AssertionError): gate(measure_emid)"
        ),
        "def test_x(measure_emid):\n    try: gate(measure_emid)\n    except AssertionError: pytest.skip('known')",
        (
            "@pytest.mark.emid(unanswered='allow')\ndef test_x(measure_emid):\n"
            "    try: gate(measure_emid)\n    except AssertionError: pass"
        ),
        "@pytest.mark.emid(unanswered='allow')\ndef test_x(measure_emid): pass",
        (
            "from hypothesis import HealthCheck, find, settings, strategies as st\n\ndef test_x(measure_emid):\n"
            "    def breaks(percent):\n        try: gate(measure_emid, f'blur:{percent}')\n"
            "        except AssertionError: return True\n        return False\n"
            "    quick = settings(max_examples=20, database=None, derandomize=True, deadline=None,\n"
            "                     suppress_health_check=list(HealthCheck))\n"
            "    assert find(st.integers(30, 99), breaks, settings=quick) <= 89"
        ),
        "@pytest.mark.xfail\ndef test_x(measure_emid): gate(measure_emid)",
        UNITTEST.format("gate(self.measure)"),
        UNITTEST.format("self.assertGreater(self.measure('blur:60').information_retained.value, 0.9)"),
        "@pytest.mark.emid(unanswered='allow')\n@pytest.mark.parametrize('x', [])\ndef test_x(measure_emid, x): pass",
        "def test_x(measure_emid): assert measure_emid('blur:60').n == 90",
        "@pytest.mark.xfail\ndef test_x(measure_emid): assert measure_emid('blur:60').emid < -1",
        "@pytest.mark.xfail(run=False)\ndef test_x(measure_emid): dead(0)",
        "@pytest.mark.skip\ndef test_x(measure_emid): dead(0)",
        "def test_x(measure_emid): pytest.xfail('known to hang')",
        "@pytest.mark.emid(undecided='xfail')\ndef test_x(measure_emid): gate(measure_emid, 'blur:89')",
        (
            "@pytest.fixture(scope='module')\ndef result(measure_emid): return measure_emid('blur:60')\n\n"
            "@pytest.mark.xfail\ndef test_a(result): assert result.emid < -1\n\n"
            "@pytest.mark.xfail\ndef test_x(result): assert result.emid < -1"
        ),
    ],
    ids=lambda value: "",
)
def test_what_somebody_answers_for_does_not(project: pytest.Pytester, body: str) -> None:
    assert problems(project, body, "-Wdefault") == (0, [])


def test_a_failure_found_by_hypothesis_fails_its_own_test(project: pytest.Pytester) -> None:
    body = """
from hypothesis import HealthCheck, given, settings, strategies as st

@settings(max_examples=10, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(percent=st.integers(60, 99))
def test_x(measure_emid, percent): gate(measure_emid, f"blur:{percent}")
"""
    assert problems(project, body, "-Wdefault") == (1, [])


def test_a_plan_asks_nobody_to_measure(project: pytest.Pytester) -> None:
    assert problems(project, "def test_x(measure_emid): pass", "--emid-plan") == (0, [])


def test_a_gate_in_a_subtest_fails_the_test_in_the_report_too(project: pytest.Pytester) -> None:
    body = """
def test_x(measure_emid, subtests):
    for percent in (100, 60, 99):
        with subtests.test(msg=str(percent)):
            gate(measure_emid, f"blur:{percent}")
"""
    pytest.importorskip("_pytest.subtests")
    assert problems(project, body) == (1, [])
    (test,) = json.loads((project.path / "out.json").read_text())["tests"]
    assert test["outcome"] == "failed"
    assert [decision["verdict"] for decision in test["decisions"]] == ["PASS", "FAIL", "PASS"]


STOPS = """
def test_a(measure_emid): gate(measure_emid, "blur:99")
def test_b(measure_emid): {}
def test_c(measure_emid): gate(measure_emid, "blur:99")
"""


@pytest.mark.parametrize(
    ("stop", "arguments", "incomplete"),
    [
        ("gate(measure_emid, 'blur:98')", [], None),
        ("raise KeyboardInterrupt", [], "KeyboardInterrupt"),
        ("pytest.exit('enough', 0)", [], "Exit: enough"),
        ("gate(measure_emid)", ["-x"], "stopping after 1 failures"),
    ],
)
def test_a_report_of_a_run_that_was_stopped_says_so(
    project: pytest.Pytester, stop: str, arguments: list[str], incomplete: str | None
) -> None:
    project.makepyfile(test_x=HEAD + STOPS.format(stop))
    project.runpytest_inprocess("--emid-json=out.json", *arguments, no_reraise_ctrlc=True)
    document = json.loads((project.path / "out.json").read_text())
    assert (document["complete"], document.get("incomplete")) == (incomplete is None, incomplete)


def test_a_device_that_a_report_is_written_to_stays_one(project: pytest.Pytester) -> None:
    link = project.path / "link.json"
    link.symlink_to("real.json")
    project.makepyfile(test_x=HEAD + "def test_x(measure_emid): gate(measure_emid, 'blur:99')")
    for path in ("/dev/null", "link.json"):
        project.runpytest(f"--emid-json={path}").assert_outcomes(passed=1)
    assert Path("/dev/null").is_char_device()
    assert link.is_symlink()
    assert json.loads((project.path / "real.json").read_text())["complete"] is True
