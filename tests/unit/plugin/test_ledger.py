"""What the ledger makes of the reports of a test."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_emid.plugin.ledger import Ledger

PAYLOAD: dict[str, Any] = {
    "attempt": 1,
    "direct": True,
    "measured": [],
    "results": {},
    "decisions": [],
    "needs": [],
    "unmeasured": [],
    "asked": True,
    "unanswered": [],
    "allowed": False,
    "ended": None,
}
FAIL = {"verdict": "FAIL", "result": "k"}
GATE = "its gate said FAIL: information retained under x:1"
DOWN = {"kind": "error", "text": "UnavailableError: nobody answers."}


def ledger(*reports: tuple[str, dict[str, Any]], **options: Any) -> Ledger:
    """Of the call phases of one test: each an outcome (`xfailed` too), and what differs in its payload."""
    found = Ledger(**options)
    for outcome, changes in reports:
        report = pytest.TestReport("t.py::t", ("t.py", 1, "t"), {}, "failed", None, "call")
        report.outcome = {"xfailed": "skipped"}.get(outcome, outcome)  # type: ignore[assignment]
        if outcome == "xfailed":
            report.wasxfail = "reason"
        assert found.receive(report, {**PAYLOAD, **changes}, True)
    return found


def outcome(found: Ledger) -> str:
    (test,) = found.document()["tests"]
    return str(test["outcome"])


SWALLOWED = (
    f"t.py::t {{}}, though {GATE}. The error was swallowed, in the test or by what rewrites its outcome. Let it "
    'through, expect it with pytest.raises, or allow it: @pytest.mark.emid(unanswered="allow").'
)


@pytest.mark.parametrize(
    ("reports", "problems"),
    [
        ([("passed", {"unanswered": [GATE]})], [SWALLOWED.format("passed")]),
        ([("failed", {"unanswered": [GATE], "ended": {"kind": "assertion", "text": ""}})], []),
        ([("xfailed", {"unanswered": [GATE], "decisions": [FAIL], "ended": {"kind": "assertion", "text": ""}})], []),
        ([("skipped", {"unanswered": [GATE], "ended": {"kind": "skip", "text": ""}})], []),
        (
            [("skipped", {"unanswered": [GATE], "ended": {"kind": "assertion", "text": ""}})],
            [SWALLOWED.format("skipped")],
        ),
        ([("passed", {"unanswered": [GATE], "allowed": True})], []),
        # a subtest failed by it, and the test went on
        ([("failed", {"unanswered": [GATE]}), ("passed", {"unanswered": [GATE]})], []),
        # another attempt passed without asking again: the first verdict stands
        (
            [("rerun", {"unanswered": [GATE]}), ("passed", {"unanswered": [GATE], "attempt": 2})],
            [SWALLOWED.format("passed")],
        ),
        (
            [("passed", {"asked": False})],
            [
                "t.py::t passed without measuring anything, though it names measure_emid. Call it, leave it out of the "
                'test\'s arguments, or allow it: @pytest.mark.emid(unanswered="allow").'
            ],
        ),
        ([("passed", {"asked": False, "allowed": True})], []),
        ([("passed", {"asked": False, "direct": False})], []),
        ([("skipped", {"asked": False, "ended": {"kind": "skip", "text": ""}})], []),
        (
            [("xfailed", {"ended": DOWN})],
            [
                "t.py::t is expected to fail (xfail), and no verdict made it fail but UnavailableError: nobody "
                "answers. Nothing that it gates was decided. With raises=AssertionError, pytest tells the two apart "
                "itself."
            ],
        ),
        ([("xfailed", {"ended": DOWN, "decisions": [FAIL]})], []),
        ([("xfailed", {"ended": DOWN, "allowed": True})], []),
        ([("xfailed", {"ended": {"kind": "xfail", "text": ""}})], []),
        ([("xfailed", {"ended": {"kind": "assertion", "text": ""}, "direct": False})], []),
    ],
)
def test_what_must_not_be_green(reports: list[tuple[str, dict[str, Any]]], problems: list[str]) -> None:
    assert ledger(*reports).problems() == problems


def test_a_plan_needs_no_measurement() -> None:
    assert ledger(("passed", {"asked": False}), planned=True).problems() == []


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([("passed", {})], "passed"),
        ([("failed", {}), ("passed", {})], "failed"),
        ([("rerun", {}), ("passed", {"attempt": 2})], "passed"),
        ([("failed", {}), ("passed", {"attempt": 2})], "passed"),
        ([("xfailed", {}), ("failed", {"attempt": 2})], "failed"),
    ],
)
def test_the_outcome_is_that_of_the_last_attempt_and_its_worst_part(
    reports: list[tuple[str, dict[str, Any]]], expected: str
) -> None:
    assert outcome(ledger(*reports)) == expected
