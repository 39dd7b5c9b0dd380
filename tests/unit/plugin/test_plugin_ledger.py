"""What the run received: rows, what is missing, and the document that another run can take up."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from emid_factory import estimate, make_result

from pytest_emid.measuring.plan import Need
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin.ledger import Ledger, Row, decided_early

RESULTS = {name: make_result(name, n=60) for name in ("blur:2", "blur:10", "frost:1")}


def report(nodeid: str, outcome: str = "passed", when: str = "call", **more: Any) -> Any:
    return SimpleNamespace(nodeid=nodeid, outcome=outcome, when=when, **more)


def decided(key: str, verdict: str = "PASS", gate: str = "EMID", **changes: Any) -> dict[str, Any]:
    plain = Decision(gate, Verdict(verdict), key, estimate(0.1), 0.5, Direction.BELOW, 0, "Because.", result=key)
    return replace(plain, **changes).to_dict()


def payload(*measured: str, decisions: Any = (), sent: Any = None, **more: Any) -> dict[str, Any]:
    results = {key: RESULTS[key].to_dict() for key in (measured if sent is None else sent)}
    plain = {"attempt": 1, "direct": True, "needs": [], "unmeasured": [], "asked": bool(measured or decisions)}
    conduct = {"unanswered": [], "allowed": False, "ended": None}
    found = {"measured": list(measured), "results": results, "decisions": list(decisions)}
    return {**plain, **conduct, **found, **more}


def ledger(*received: tuple[Any, dict[str, Any]]) -> Ledger:
    made = Ledger()
    for one, sent in received:
        assert made.receive(one, sent, measures=True)
    return made


# rows


def test_one_row_a_measurement_in_natural_order() -> None:
    book = ledger(
        (report("b"), payload("frost:1", "blur:10", decisions=[decided("blur:10", "FAIL")])),
        (report("a"), payload("blur:2", "blur:10", decisions=[decided("blur:10", "UNDECIDED", "retained")])),
    )
    rows = book.rows()
    assert [(row.key, row.result) for row in rows] == [(key, RESULTS[key]) for key in ("blur:2", "blur:10", "frost:1")]
    assert [row.nodeids for row in rows] == [("a",), ("a", "b"), ("b",)]
    assert [[d.verdict for d in row.decisions] for row in rows] == [[], [Verdict.UNDECIDED, Verdict.FAIL], []]
    assert [row.verdict for row in rows] == [None, Verdict.FAIL, None]


def early(result: EmidResult, n: int, whole: int) -> Row:
    decision = Decision("EMID", Verdict.PASS, "x", estimate(0.1, n=n), 0.5, Direction.BELOW, 0, "", whole=whole)
    return Row("k", result, (decision,), ("a",), ())


def test_what_early_stopping_saved_counts_each_side_by_itself() -> None:
    paired = make_result("x", n=60)
    assert decided_early([early(paired, 60, 200)]) == (120, 400)
    assert decided_early([early(paired, 60, 60)]) is None
    # of other samples: how many clean ones there are is not known
    apart = replace(make_result("x", n=90, paired=False), shifted=paired.shifted)
    assert decided_early([early(apart, 60, 200)]) == (150, 290)


def keyed(**changes: Any) -> EmidResult:
    return replace(RESULTS["blur:2"], **changes)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (keyed(model="a", scenario="z:1"), keyed(model="b", scenario="a:1")),
        (
            keyed(clean=replace(keyed().clean, dataset="a"), scenario="z:1"),
            keyed(clean=replace(keyed().clean, dataset="b"), scenario="a:1"),
        ),
        (keyed(scenario="blur:9", seed=5), keyed(scenario="blur:10", seed=1)),
        (keyed(scenario="9:1"), keyed(scenario="a:1")),
        (keyed(seed=1), keyed(seed=2)),
        (keyed(), make_result("blur:2", n=61)),
    ],
    ids=["model", "dataset", "scenario", "number and word", "seed", "n"],
)
@pytest.mark.parametrize("keys", [("k1", "k2"), ("k2", "k1")])
def test_the_order_of_rows(first: EmidResult, second: EmidResult, keys: tuple[str, str]) -> None:
    book = Ledger()
    for key, result in zip(keys[::-1], (second, first), strict=True):
        book.receive(report("a"), {**payload(), "measured": [key], "results": {key: result.to_dict()}}, True)
    assert [row.result for row in book.rows()] == [first, second]


def test_equal_results_of_two_keys_are_ordered_by_key() -> None:
    book = Ledger()
    for key in ("k2", "k1"):
        book.receive(report("a"), {**payload(), "measured": [key], "results": {key: keyed().to_dict()}}, True)
    assert [row.key for row in book.rows()] == ["k1", "k2"]


def test_the_same_gate_counts_once_whoever_asked_it() -> None:
    asked = decided("blur:2")
    book = ledger(
        (report("t10"), payload("blur:2", decisions=[asked])),
        (report("t9"), payload("blur:2", decisions=[asked, decided("blur:2", gate="retained")], sent=())),
    )
    [row] = book.rows()
    assert [decision.gate for decision in row.decisions] == ["EMID", "retained"]
    assert row.nodeids == ("t9", "t10")
    assert row.expected == ()


def test_decisions_stay_with_their_result() -> None:
    book = ledger((report("a"), payload("blur:2", "frost:1", decisions=[decided("frost:1")])))
    assert [len(row.decisions) for row in book.rows()] == [0, 1]


def test_weaknesses_are_expected_where_only_xfailed_tests_found_them() -> None:
    xfailed = report("x", "skipped", wasxfail="known")
    known, new = decided("blur:2", "FAIL"), decided("blur:10", "FAIL")
    mild = decided("blur:2", "PASS", gate="retained")
    book = ledger(
        (xfailed, payload("blur:2", "blur:10", decisions=[known, new])),
        (report("y", "failed"), payload("blur:2", "blur:10", decisions=[mild, new], sent=())),
    )
    first, second = book.rows()
    assert [d.gate for d in first.expected] == ["EMID"]
    assert (first.is_expected, first.verdict) == (True, Verdict.FAIL)
    assert (second.expected, second.is_expected) == ((), False)
    harsher = ledger(
        (xfailed, payload("blur:2", decisions=[decided("blur:2", "UNDECIDED")])),
        (report("y", "failed"), payload("blur:2", decisions=[decided("blur:2", "FAIL", gate="retained")])),
    )
    assert not harsher.rows()[0].is_expected


@pytest.mark.parametrize("skipped", [report("x", "skipped"), report("x", "passed", wasxfail="known")])
def test_a_plain_skip_or_an_unexpected_pass_expects_nothing(skipped: Any) -> None:
    book = ledger((skipped, payload("blur:2", decisions=[decided("blur:2", "FAIL")])))
    assert not book.rows()[0].is_expected
    assert book.document()["tests"][0]["expected"] is False


# what a report counts for


@pytest.mark.parametrize(
    ("measures", "when", "outcome", "fine", "missing"),
    [
        (True, "call", "passed", False, True),
        (True, "call", "failed", True, True),
        (True, "setup", "passed", True, False),
        (True, "teardown", "passed", True, False),
        (False, "call", "passed", True, False),
    ],
)
def test_a_report_without_a_payload(measures: bool, when: str, outcome: str, fine: bool, missing: bool) -> None:
    book = Ledger()
    assert book.receive(report("a", outcome, when), None, measures) is fine
    sentence = "a ran, but its results did not arrive. Nothing that it gates was checked."
    assert book.problems() == ([sentence] if missing else [])
    assert [(t["nodeid"], t["outcome"]) for t in book.document()["tests"]] == ([("a", outcome)] if missing else [])


def test_a_test_that_measures_nothing_and_sends_nothing_is_not_held() -> None:
    book = Ledger()
    assert book.receive(report("a"), payload(), measures=False)
    assert book.document() == {"results": [], "tests": [], "answers": [], "problems": []}
    for sent in (payload("blur:2"), payload(decisions=[decided("blur:2")]), payload(asked=True)):
        other = Ledger()
        assert other.receive(report("a"), sent, measures=False)
        assert [test["nodeid"] for test in other.document()["tests"]] == ["a"]


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        ([("setup", "passed"), ("call", "passed"), ("teardown", "passed")], "passed"),
        ([("setup", "failed"), ("teardown", "passed")], "failed"),
        ([("setup", "passed"), ("call", "passed"), ("teardown", "failed")], "failed"),
        ([("setup", "passed")], "unknown"),
    ],
)
def test_the_outcome_of_a_test_is_that_of_its_call_or_of_what_broke(phases: Any, outcome: str) -> None:
    book = ledger(*((report("a", result, when), payload()) for when, result in phases))
    assert [test["outcome"] for test in book.document()["tests"]] == [outcome]


def test_what_several_phases_and_attempts_send_adds_up() -> None:
    one, two = decided("blur:2"), decided("blur:10", "FAIL")
    book = ledger(
        (report("a", "rerun"), payload("blur:2", decisions=[one])),
        (report("a"), payload("blur:2", "blur:10", decisions=[one, two], attempt=3)),
        (report("a", when="teardown"), payload(attempt=2)),
        (report("b"), payload()),
    )
    [first, second] = book.document()["tests"]
    assert (first["measured"], first["decisions"], first["attempts"]) == (["blur:2", "blur:10"], [one, two], 3)
    assert second["attempts"] == 1
    assert book.rerun() == ["a"]


def test_a_payload_of_a_release_that_knew_less() -> None:
    sent = payload("blur:2")
    for name in ("attempt", "needs", "unmeasured"):
        del sent[name]
    book = ledger((report("a"), sent))
    assert book.document()["tests"][0]["attempts"] == 1


# what is missing


def test_results_that_did_not_arrive_are_counted() -> None:
    book = ledger(
        (report("a"), payload("blur:2", "blur:10", "frost:1", sent=["blur:10"])),
        (report("b"), payload("blur:10", sent=())),
    )
    assert book.problems() == [
        "a measured 3 results, of which 2 did not arrive. Another plugin dropped or replaced the report that carried "
        "them."
    ]
    assert book.document()["problems"] == book.problems()
    book.receive(report("c"), payload("blur:2", "frost:1"), True)
    assert book.problems() == []


IDLE = (
    "idle passed without measuring anything, though it names measure_emid. Call it, leave it out of the test's "
    'arguments, or allow it: @pytest.mark.emid(unanswered="allow").'
)


def test_idle_is_what_passed_and_measured_nothing_though_it_could() -> None:
    book = ledger(
        (report("measured"), payload("blur:2")),
        (report("idle"), payload()),
        (report("indirect"), payload(direct=False)),
        (report("failed", "failed"), payload()),
        (report("skipped", "skipped"), payload()),
        (report("asked"), payload(asked=True)),
    )
    assert book.problems() == [IDLE]


def test_why_something_was_not_measured_by_scenario() -> None:
    def because(*reasons: tuple[str, str]) -> dict[str, Any]:
        return payload(unmeasured=[{"scenario": scenario, "reason": reason} for scenario, reason in reasons])

    book = ledger(
        (report("t10"), because(("blur:10", "late"), ("blur:9", "spent"))),
        (report("t9"), because(("blur:10", "early"))),
        (report("t9"), because(("frost:1", "again"))),
    )
    assert list(book.unmeasured().items()) == [("blur:9", "spent"), ("blur:10", "early"), ("frost:1", "again")]


def test_needs_of_any_test_make_the_plan() -> None:
    need = Need("m", "f", "mine", "c", "clean", "", "0" * 16, None, None, False)
    book = Ledger()
    assert not book.plan
    assert book.receive(report("a", "skipped"), payload(needs=[need.to_dict()]), measures=False)
    assert book.plan.totals() == (0, 1)
    assert book.plan is book.plan


# the document


SILENT = "silent ran, but its results did not arrive. Nothing that it gates was checked."
LOST = (
    "lost measured 1 results, of which 1 did not arrive. Another plugin dropped or replaced the report that carried "
    "them."
)


def full() -> Ledger:
    book = ledger(
        (report("t10"), payload("blur:2", decisions=[decided("blur:2", "FAIL")], attempt=2)),
        (report("t9", "skipped", wasxfail="known"), payload("blur:10", decisions=[decided("blur:10", "FAIL")])),
        (report("idle"), payload()),
        (report("indirect"), payload(direct=False)),
        (report("spent", "failed"), payload(unmeasured=[{"scenario": "frost:1", "reason": "spent"}])),
        (report("lost"), payload("frost:1", sent=())),
    )
    book.receive(report("silent"), None, True)
    return book


def test_the_document() -> None:
    document = full().document()
    assert [result["key"] for result in document["results"]] == ["blur:2", "blur:10"]
    assert document["results"][0] == {"key": "blur:2", **RESULTS["blur:2"].to_dict()}
    blank = {"outcome": "passed", "measured": [], "decisions": [], "expected": False, "direct": True, "attempts": 1}
    assert document["tests"] == [
        {**blank, "nodeid": "idle"},
        {**blank, "nodeid": "indirect", "direct": False},
        {**blank, "nodeid": "lost", "measured": ["frost:1"]},
        {**blank, "nodeid": "silent"},
        {
            **blank,
            "nodeid": "spent",
            "outcome": "failed",
            "unmeasured": [{"scenario": "frost:1", "reason": "spent"}],
        },
        {
            **blank,
            "nodeid": "t9",
            "outcome": "skipped",
            "measured": ["blur:10"],
            "decisions": [decided("blur:10", "FAIL")],
            "expected": True,
        },
        {
            **blank,
            "nodeid": "t10",
            "measured": ["blur:2"],
            "decisions": [decided("blur:2", "FAIL")],
            "attempts": 2,
        },
    ]
    assert document["problems"] == [SILENT, LOST, IDLE]
    json.dumps(document)


def test_a_document_is_restored_but_for_problems_that_only_the_run_itself_could_see() -> None:
    book, again = full(), Ledger()
    again.restore(json.loads(json.dumps(book.document())))
    assert again.document()["results"] == book.document()["results"]
    assert again.document()["tests"] == book.document()["tests"]
    assert again.rows() == book.rows()
    assert again.document()["results"][0]["key"] == "blur:2"
    assert (again.rerun(), again.unmeasured()) == (book.rerun(), book.unmeasured())
    assert again.problems() == [LOST]


def test_a_restored_ledger_goes_on_and_leaves_the_document_alone() -> None:
    document = full().document()
    before = json.dumps(document)
    again = Ledger()
    again.restore(document)
    more = payload("frost:1", decisions=[decided("frost:1")], unmeasured=[{"scenario": "x:1", "reason": "y"}])
    again.receive(report("spent"), more, True)
    again.receive(report("lost"), more, True)
    assert json.dumps(document) == before
    assert set(again.unmeasured()) == {"frost:1", "x:1"}


def test_documents_of_several_runs_add_up() -> None:
    book = Ledger()
    for key in ("blur:10", "blur:2"):
        book.restore(ledger((report(key), payload(key))).document())
    assert [row.key for row in book.rows()] == ["blur:2", "blur:10"]
    assert [test["nodeid"] for test in book.document()["tests"]] == ["blur:2", "blur:10"]
