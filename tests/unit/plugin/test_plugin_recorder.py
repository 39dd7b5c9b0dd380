"""What a test's recorder takes note of, sends, and lets stand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from emid_factory import estimate, make_result

from pytest_emid.measuring.plan import Need
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.sources import Source
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin.config import CONFIG, EmidConfig
from pytest_emid.plugin.outbox import OUTBOX, Outbox
from pytest_emid.plugin.recorder import RECORDER, Recorder, activated, current, enter
from pytest_emid.plugin.reports.asked import asked

PASS, FAIL, UNDECIDED = Verdict.PASS, Verdict.FAIL, Verdict.UNDECIDED


class Item:
    """As much of a pytest item as a recorder looks at."""

    def __init__(self, nodeid: str = "test_x.py::test_a", function: Any = lambda measure_emid: None) -> None:
        self.nodeid, self.stash, self.function = nodeid, pytest.Stash(), function
        self.config = SimpleNamespace(stash=pytest.Stash())
        self.config.stash[CONFIG] = EmidConfig(seed=7)

    def iter_markers(self, name: str) -> list[Any]:
        return [SimpleNamespace(args=(), kwargs={"limit": 20})]


def recorder(outbox: Outbox | None = None, **item: Any) -> Recorder:
    return Recorder(Item(**item), EmidConfig(), outbox or Outbox())  # type: ignore[arg-type]


def decision(verdict: Verdict, **changes: Any) -> Decision:
    plain = Decision("EMID", verdict, "blur:1", estimate(0.1), 0.5, Direction.BELOW, 0, "Because.")
    return replace(plain, **changes)


def need(label: str = "clean") -> Need:
    return Need("m", "f", "mine", "c", label, "", "0" * 16, None, None, False)


ONE, TWO = make_result("blur:1", n=60), make_result("blur:2", n=60)


# the outbox


def test_keys_follow_from_content_alone() -> None:
    first, again = make_result("blur:1", n=60), make_result("blur:1", n=60)
    keys = [Outbox().key(result) for result in (first, again, TWO)]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0].isalnum()
    assert len(keys[0]) == 16
    # Reports of several runs are merged by these keys: they do not change without a reason.
    reordered = replace(first, settings=dict(reversed({"a": "1", "b": "2"}.items())))
    assert Outbox().key(reordered) == Outbox().key(replace(first, settings={"a": "1", "b": "2"}))


def test_a_result_is_sent_in_full_once_unless_again() -> None:
    outbox = Outbox()
    key, other = outbox.key(ONE), outbox.key(TWO)
    assert outbox.bodies([ONE], again=False) == {key: ONE.to_dict()}
    assert outbox.bodies([ONE, TWO], again=False) == {other: TWO.to_dict()}
    assert outbox.bodies([ONE], again=False) == {}
    assert outbox.bodies([ONE, TWO], again=True).keys() == {key, other}


def test_a_need_is_sent_once() -> None:
    outbox = Outbox()
    assert outbox.needs([need(), need("blur:1")]) == [need().to_dict(), need("blur:1").to_dict()]
    assert outbox.needs([need(), need("blur:2")]) == [need("blur:2").to_dict()]


# what is noted and drained


def test_everything_drained_is_plain_and_told_once() -> None:
    outbox = Outbox()
    notes = recorder(outbox)
    assert notes.is_empty
    notes.measured(ONE)
    notes.measured(ONE)
    stands, result = notes.settled(decision(PASS), ONE)
    notes.planned(iter([need()]))
    notes.unmeasured("blur:\ud83d", "why \udfff")
    counts: dict[str, Any] = {"asked": 3, "cache": 2, "pack": 0, "served": {"m-1": 5}}
    notes.answered(Source("m", "d", "blur:\ud83d", "f", **counts))
    notes.searched({"said": "blur holds up to 3"})
    notes.searched({"said": "blur holds up to 3"})
    assert not notes.is_empty
    assert (notes.results, notes.decisions, result) == ((ONE,), (stands,), ONE)
    key = outbox.key(ONE)
    calm = {"asked": False, "gates": False, "unanswered": [], "allowed": False, "ended": None}
    assert (stands.attempt, stands.result) == (1, key)
    assert notes.drain() == {
        "attempt": 1,
        "direct": True,
        "measured": [key],
        "results": {key: ONE.to_dict()},
        "decisions": [stands.to_dict()],
        "needs": [need().to_dict()],
        "unmeasured": [{"scenario": "blur:?", "reason": "why ?"}],
        "answers": [{"model": "m", "dataset": "d", "label": "blur:?", "content": "f", **counts}],
        "searches": [{"said": "blur holds up to 3"}],
        **calm,
    }
    empty = {"measured": [], "results": {}, "decisions": [], "needs": [], "unmeasured": [], "answers": []}
    empty["searches"] = []
    assert notes.drain() == {"attempt": 1, "direct": True, **empty, **calm}
    notes.measured(TWO)
    later = notes.drain()
    assert (later["measured"], list(later["results"])) == ([outbox.key(TWO)], [outbox.key(TWO)])
    third = make_result("blur:3", n=60)
    notes.settled(decision(PASS), third)
    last = notes.drain()
    assert (last["measured"], len(last["decisions"])) == ([outbox.key(third)], 1)


@pytest.mark.parametrize(
    "note",
    [
        lambda notes: notes.measured(ONE),
        lambda notes: notes.settled(decision(PASS), ONE),
        lambda notes: notes.planned([need()]),
        lambda notes: notes.unmeasured("blur:1", "why"),
    ],
)
def test_what_makes_a_recorder_worth_a_report(note: Any) -> None:
    notes = recorder()
    note(notes)
    assert not notes.is_empty


def test_an_equal_result_is_another_one() -> None:
    notes = recorder()
    notes.measured(ONE)
    notes.measured(make_result("blur:1", n=60))
    assert len(notes.results) == 2


def test_another_attempt_sends_all_again() -> None:
    notes = recorder()
    notes.settled(decision(PASS), ONE)
    first = notes.drain()
    notes.begin_attempt()
    again = notes.drain()
    assert (first["attempt"], again["attempt"], notes.attempt) == (1, 2, 2)
    assert {**again, "attempt": 1} == first


@pytest.mark.parametrize(
    ("function", "direct"),
    [(lambda measure_emid: None, True), (lambda result: None, False), (None, False)],
)
def test_a_test_that_takes_a_fixture_s_result_measures_nothing_itself(function: Any, direct: bool) -> None:
    assert recorder(function=function).drain()["direct"] is direct


# what stands


@pytest.mark.parametrize("first", [FAIL, UNDECIDED])
@pytest.mark.parametrize("second", [PASS, FAIL, UNDECIDED])
def test_a_verdict_that_did_not_pass_stands_whatever_comes_after(first: Verdict, second: Verdict) -> None:
    notes = recorder()
    before, _ = notes.settled(decision(first), ONE)
    notes.begin_attempt()
    lucky = make_result("blur:1", n=60, retained=0.99)
    stands, result = notes.settled(decision(second), lucky)
    assert stands == before
    assert stands.verdict is first
    assert result is ONE
    assert notes.decisions == (before,)
    assert notes.results == (ONE, lucky)


def test_a_verdict_stands_with_the_result_that_it_was_made_on() -> None:
    notes = recorder()
    notes.measured(TWO)
    notes.settled(decision(FAIL), ONE)
    notes.begin_attempt()
    assert notes.settled(decision(PASS), make_result("blur:1", n=60, retained=0.99))[1] is ONE


def test_a_pass_can_be_lost_by_running_again() -> None:
    notes = recorder()
    notes.settled(decision(PASS), ONE)
    notes.begin_attempt()
    stands, result = notes.settled(decision(FAIL), TWO)
    assert (stands.verdict, stands.attempt, result) == (FAIL, 2, TWO)
    assert len(notes.decisions) == 2


def test_within_one_attempt_every_verdict_counts() -> None:
    notes = recorder()
    notes.settled(decision(FAIL), ONE)
    assert notes.settled(decision(PASS), ONE)[0].verdict is PASS


@pytest.mark.parametrize(
    "other",
    [
        {"gate": "information retained"},
        {"scenario": "blur:2"},
        {"threshold": 0.6},
        {"direction": Direction.ABOVE},
        {"seed": 1},
    ],
)
def test_another_gate_is_decided_anew(other: dict[str, Any]) -> None:
    notes = recorder()
    notes.settled(decision(FAIL), ONE)
    notes.begin_attempt()
    assert notes.settled(decision(PASS, **other), ONE)[0].verdict is PASS
    same = {"estimate": estimate(0.3), "reason": "Luck.", "needed": 90, "p": 0.1, "note": "x"}
    assert notes.settled(decision(PASS, **same), ONE)[0].verdict is FAIL


# JUnit


def test_properties_are_flat_numbers_by_result_and_replace_their_own_kind() -> None:
    notes = recorder()
    properties: list[tuple[str, object]] = [("emid.old", 1), ("emidx", 2), ("other", 3)]
    notes.publish(properties)
    assert len(properties) == 3
    two = replace(TWO, scenario="blur:\ud83d")
    lost = decision(FAIL, gate="information retained", threshold=np.float64(0.9))
    notes.settled(lost, ONE)
    notes.measured(two)
    notes.settled(decision(PASS), two)
    notes.publish(properties)

    def gate(name: str, verdict: str, threshold: float, words: str, decided: Decision) -> dict[str, object]:
        found = {"verdict": verdict, "threshold": threshold, "asked": words, "value": decided.estimate.value}
        limits = {"ci_low": decided.estimate.low, "ci_high": decided.estimate.high}
        return {f"{name}.{key}": value for key, value in {**found, **limits}.items()}

    def values(prefix: str, result: EmidResult, scenario: str, **gate: object) -> list[tuple[str, object]]:
        retained = result.information_retained
        return [
            (prefix + name, value)
            for name, value in {
                "scenario": scenario,
                "n": 60,
                "seed": 0,
                "emi_clean": result.clean.emi.value,
                "emi_shifted": result.shifted.emi.value,
                "value": result.emid.value,
                "ci_low": result.emid.low,
                "ci_high": result.emid.high,
                "retained": retained.value,
                "retained_ci_low": retained.low,
                "retained_ci_high": retained.high,
                **gate,
            }.items()
        ]

    assert properties == [
        ("emidx", 2),
        ("other", 3),
        *values(
            "emid.",
            ONE,
            "blur:1",
            **gate("information_retained", "FAIL", 0.9, asked(lost), lost),
        ),
        *values("emid.2.", two, "blur:?", **gate("EMID", "PASS", 0.5, "EMID <= 0.5", decision(PASS))),
    ]
    assert {type(value) for _, value in properties} == {str, int, float}
    before = list(properties)
    notes.publish(properties)
    assert properties == before


# whose test it is


def test_the_running_test_has_one_recorder_with_its_own_options() -> None:
    item = Item()
    assert current() is None
    with activated(item):  # type: ignore[arg-type]
        notes = current()
        assert notes is not None
        assert current() is notes is item.stash[RECORDER]
        assert (notes.nodeid, notes.item, notes.config.seed, notes.config.limit) == (item.nodeid, item, 7, 20)
        notes.measured(ONE)
        notes.drain()
        assert item.config.stash[OUTBOX].bodies([ONE], again=False) == {}
        with activated(None):
            assert current() is None
        assert current() is notes
    assert current() is None


def test_all_tests_of_a_process_share_an_outbox() -> None:
    first, second = Item("a"), Item("b")
    second.config = first.config
    bodies = []
    for item in (first, second):
        with activated(item):  # type: ignore[arg-type]
            notes = current()
            assert notes is not None
            notes.measured(ONE)
            bodies.append(notes.drain()["results"])
    assert (len(bodies[0]), bodies[1]) == (1, {})


def test_entering_returns_who_ran_before_even_after_an_error() -> None:
    item: Any = Item()
    assert enter(item) is None
    assert enter(None) is item
    with pytest.raises(KeyError), activated(item):
        raise KeyError
    assert current() is None
