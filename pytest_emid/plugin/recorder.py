"""What each test measured and decided, and how it travels: as plain data on the reports that pytest sends anyway.

A report's payload holds the keys of the results that were measured, the decisions on them, and each result in full
the first time that this process sends it. Keys follow from content, so equal numbers from two workers are one row,
and different numbers for one scenario are two.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_emid.plugin.config import CONFIG, KEYWORD, PAYLOAD, EmidConfig, from_item
from pytest_emid.plugin.outbox import OUTBOX, Outbox

if TYPE_CHECKING:
    from pytest_emid.measuring.plan import Need
    from pytest_emid.measuring.results import EmidResult
    from pytest_emid.measuring.sources import Source
    from pytest_emid.measuring.staging import Staged
    from pytest_emid.measuring.verdicts import Decision
    from pytest_emid.plugin.answering import Raised

__all__ = ["RECORDER", "SHORT", "Recorder", "Recording", "activated", "current", "enter", "start"]

PROPERTY: Final = "emid."
"""How the names of JUnit properties begin."""
SHORT: Final = "emid_short"
"""The attribute of a gate's error that holds its line in pytest's short summary."""
ENDED_WIDTH: Final = 300
"""Characters that are kept of what a test ended with."""


class Recorder:
    """What one test measured and decided.

    Attributes:
        nodeid: of the test.
        item: the test itself, for looking up fixtures.
        config: the options of this test, its markers included.
        attempt: 1, or more where a plugin ran the test again.
        asked: whether anything was to be measured, whatever came of it.
        calling: whether the test's own function runs, and not a fixture that sets it up.
    """

    def __init__(self, item: pytest.Item, config: EmidConfig, outbox: Outbox) -> None:
        self.nodeid = item.nodeid
        self.item = item
        self.config = config
        self.attempt = 1
        self.asked = False
        self.calling = False
        self._outbox = outbox
        self._results: list[EmidResult] = []
        self._decisions: list[Decision] = []
        self._needs: list[Need] = []
        self._answers: list[dict[str, Any]] = []
        self._unmeasured: list[dict[str, str]] = []
        self._searches: list[dict[str, Any]] = []
        self._gated: set[str] = set()  # scenarios on which a gate decided
        self._staged: list[tuple[EmidResult, Staged]] = []  # what is measured in stages, with its first stage
        self._raised: list[Raised] = []
        self._unanswered: list[tuple[str, bool]] = []
        """What raised, in words, and whether that was a verdict."""
        self._drained = (0, 0)

    @property
    def results(self) -> tuple[EmidResult, ...]:
        return (*self._results, *(result for result, _ in self._staged))

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(self._decisions)

    @property
    def is_empty(self) -> bool:
        return not (self.asked or self._results or self._decisions or self._needs or self._unmeasured)

    def fixture(self, name: str) -> Any:
        """The value of a fixture, as the test's own directory, module and class define it."""
        # A session-scoped fixture's own request resolves names as the first test saw them; only the item's is right.
        request: pytest.FixtureRequest = self.item._request  # type: ignore[attr-defined]
        return request.getfixturevalue(name)

    def begin_attempt(self) -> None:
        """The test is set up again. Reports of earlier attempts may never have been seen.

        A verdict stands; a measurement that could not be made may be made now.
        """
        self.attempt += 1
        self._staged = []
        self._unanswered = [found for found in self._unanswered if found[1]]
        self._drained = (0, 0)

    def measured(self, result: EmidResult) -> None:
        """Take note of a result; the same object is noted once."""
        if not any(known is result for known in self._results):
            self._results.append(result)

    def begun(self, result: EmidResult, staged: Staged) -> None:
        """Take note of the first stage of a measurement. It is reported where no gate asks for another."""
        if not any(known is result for known, _ in self._staged):
            self._staged.append((result, staged))

    def staged(self, result: EmidResult) -> Staged | None:
        """The stages of which a result is the first; None where it was measured whole."""
        return next((staged for known, staged in self._staged if known is result), None)

    def searched(self, found: dict[str, Any]) -> None:
        """Take note of what a search for the breaking severity found."""
        if found not in self._searches:
            self._searches.append(found)

    def planned(self, needs: Iterable[Need]) -> None:
        """Take note of what a measurement would ask."""
        self._needs.extend(needs)

    def answered(self, source: Source) -> None:
        """Take note of where answers came from."""
        from pytest_emid.measuring.plain import plain

        self._answers.append(plain(source))

    def unmeasured(self, scenario: str, reason: str) -> None:
        """Take note of a measurement that could not be made, and leaves its gates undecided."""
        from pytest_emid.measuring.plain import scrub

        self._unmeasured.append({"scenario": scrub(scenario), "reason": scrub(reason)})

    def settled(self, decision: Decision, result: EmidResult) -> tuple[Decision, EmidResult]:
        """Take note of a gate's decision, and return the one that stands, with its result.

        A test that is run again does not get another chance: where an earlier attempt of this test decided the same
        gate and did not pass, that verdict stands. A gate that may be tried until it passes has no error rate.
        """
        from dataclasses import replace

        self.measured(result)
        self._gated.add(result.scenario)
        decision = replace(decision, attempt=self.attempt, result=self._outbox.key(result))
        for earlier in self._decisions:
            if earlier.attempt < self.attempt and earlier.verdict != "PASS" and _same_gate(earlier, decision):
                return earlier, next(known for known in self._results if self._outbox.key(known) == earlier.result)
        self._decisions.append(decision)
        return decision, result

    def raised(self, what: str, error: BaseException) -> None:
        """Take note of an error that somebody must answer for, and of what raised it, in words."""
        from pytest_emid.plugin.answering import raised

        found = raised(what, error)
        if found is not None:
            self._raised.append(found)

    def drain(self, call: pytest.CallInfo[Any] | None = None) -> dict[str, Any]:
        """What is new since the last report of this attempt, as plain data.

        Args:
            call: the phase that is reported.
        """
        from pytest_emid.measuring.plain import scrub
        from pytest_emid.plugin.naming import gates_named, measures_itself

        # errors hold frames, and these whatever the test held: they are let go of with each phase
        self._unanswered += [
            (scrub(found.what), isinstance(found.error, AssertionError)) for found in self._raised if not found.is_seen
        ]
        self._raised = []
        results, decisions = self._results[self._drained[0] :], self._decisions[self._drained[1] :]
        self._drained = (len(self._results), len(self._decisions))
        needs, self._needs = self._outbox.needs(self._needs), []
        unmeasured, self._unmeasured = self._unmeasured, []
        answers, self._answers = self._answers, []
        searches, self._searches = self._searches, []
        return {
            "attempt": self.attempt,
            "direct": measures_itself(self.item),
            "gates": self.asked and bool(gates_named(self.item)),
            "measured": [self._outbox.key(result) for result in results],
            "results": self._outbox.bodies(results, again=self.attempt > 1),
            "decisions": [decision.to_dict() for decision in decisions],
            "needs": needs,
            "unmeasured": unmeasured,
            "answers": answers,
            "searches": searches,
            "asked": self.asked,
            "unanswered": [what for what, _ in self._unanswered],
            "allowed": self.config.unanswered == "allow",
            "ended": None if call is None or call.excinfo is None else self._ended(call.excinfo),
        }

    def _ended(self, error: pytest.ExceptionInfo[BaseException]) -> dict[str, str]:
        """How a phase ended. `unittest.expectedFailure` swallows the error, and pytest makes an xfail of it."""
        from pytest_emid.plugin.answering import is_expected_by_unittest

        ended = _ended(error)
        if ended["kind"] != "xfail" or not is_expected_by_unittest(self.item):
            return ended
        if self._unanswered:
            return {"kind": "error", "text": self._unanswered[-1][0]}
        return {"kind": "assertion", "text": "an error that unittest does not tell"}

    def publish(self, properties: list[tuple[str, object]]) -> None:
        """Bring the test's `user_properties` (JUnit) up to date: flat scalars, `emid.*`, then `emid.2.*` and so on."""
        for first, _ in self._staged:
            if first.scenario not in self._gated:
                self.measured(first)
        if not self._results:
            return
        from pytest_emid.measuring.plain import scrub
        from pytest_emid.plugin.reports.asked import asked

        properties[:] = [pair for pair in properties if not pair[0].startswith(PROPERTY)]
        for position, result in enumerate(self._results, start=1):
            prefix = PROPERTY if position == 1 else f"{PROPERTY}{position}."
            values: dict[str, object] = {
                "scenario": scrub(result.scenario),
                "n": int(result.n),
                "seed": int(result.seed),
                "emi_clean": float(result.emi_clean),
                "emi_shifted": float(result.emi_shifted),
                "value": float(result.emid),
                "ci_low": float(result.emid.low),
                "ci_high": float(result.emid.high),
                "retained": float(result.information_retained),
                "retained_ci_low": float(result.information_retained.low),
                "retained_ci_high": float(result.information_retained.high),
            }
            for name, found in result.metrics.items():
                values[f"metric.{name}.clean"] = float(found.clean)
                values[f"metric.{name}.shifted"] = float(found.shifted)
                values[f"metric.{name}.drop_ci_low"] = float(found.drop.low)
                values[f"metric.{name}.drop_ci_high"] = float(found.drop.high)
            key = self._outbox.key(result)
            for decision in self._decisions:
                if decision.result == key:
                    gate = decision.gate.replace(" ", "_")
                    values[f"{gate}.verdict"] = str(decision.verdict)
                    values[f"{gate}.threshold"] = float(decision.threshold)
                    values[f"{gate}.asked"] = asked(decision)
                    values[f"{gate}.value"] = float(decision.estimate.value)
                    values[f"{gate}.ci_low"] = float(decision.estimate.low)
                    values[f"{gate}.ci_high"] = float(decision.estimate.high)
            values |= self._shown(key)
            properties.extend((prefix + name, value) for name, value in values.items())

    def _shown(self, key: str) -> dict[str, object]:
        """Where the page shows a result, and the picture beside the page where it did not pass."""
        if self.config.html is None:
            return {}
        from pytest_emid.plugin.reports.asked import anchor
        from pytest_emid.plugin.reports.strips import place_of

        failed = any(d.result == key and d.verdict != "PASS" for d in self._decisions)
        pictures: dict[str, object] = {"pictures": place_of(self.config.html, key)} if failed else {}
        return {"page": f"{self.config.html}#{anchor(key)}", **pictures}

    def attach(self) -> None:
        """Name the pictures in what a JUnit report keeps of a test's output, as GitLab and Jenkins read it."""
        config = self.item.config
        if not config.getoption("xmlpath", None):
            return
        if config.getini("junit_logging") in ("system-out", "out-err", "all"):
            for result in self._results:
                found = self._shown(self._outbox.key(result)).get("pictures")
                if found is not None:
                    self.item.add_report_section("call", "stdout", f"[[ATTACHMENT|{found}]]\n")


def _shorten(report: pytest.TestReport, call: pytest.CallInfo[Any]) -> None:
    """What a gate said, in a line of the short summary that keeps scenario and number where the terminal is narrow."""
    said = None if call.excinfo is None else getattr(call.excinfo.value, SHORT, None)
    crash = getattr(report.longrepr, "reprcrash", None)
    if said is not None and crash is not None:
        crash.message = said


def _ended(error: pytest.ExceptionInfo[BaseException]) -> dict[str, str]:
    """How a phase ended that did not pass: its kind, and what it said in a line."""
    from pytest_emid.measuring.format import clip
    from pytest_emid.measuring.plain import scrub

    kinds = ((pytest.xfail.Exception, "xfail"), (pytest.skip.Exception, "skip"), (AssertionError, "assertion"))
    kind = next((kind for types, kind in kinds if isinstance(error.value, types)), "error")
    return {"kind": kind, "text": scrub(clip(f"{error.typename}: {error.value}", ENDED_WIDTH))}


def _same_gate(a: Decision, b: Decision) -> bool:
    return (a.gate, a.scenario, a.threshold, a.direction, a.seed) == (
        b.gate,
        b.scenario,
        b.threshold,
        b.direction,
        b.seed,
    )


RECORDER: Final = pytest.StashKey[Recorder]()
"""Where a test holds its recorder, once there is something to record."""

_item: pytest.Item | None = None


def current() -> Recorder | None:
    """The recorder of the test that runs; None outside of one.

    Made when it is first asked for: most tests of most suites have nothing to record.

    Raises:
        pytest.UsageError: a marker of the test is wrong.
    """
    if _item is None:
        return None
    recorder = _item.stash.get(RECORDER, None)
    if recorder is None:
        stash = _item.config.stash
        outbox = stash.setdefault(OUTBOX, Outbox())
        recorder = _item.stash[RECORDER] = Recorder(_item, from_item(stash[CONFIG], _item), outbox)
    return recorder


def enter(item: pytest.Item | None) -> pytest.Item | None:
    """Make `item` the running test (None: nothing is recorded), and return the one that ran."""
    global _item
    previous, _item = _item, item
    return previous


@contextmanager
def activated(item: pytest.Item | None) -> Iterator[None]:
    """Make `item` the running test for a while: pytest can run inside a test."""
    previous = enter(item)
    try:
        yield
    finally:
        enter(previous)


def start(config: pytest.Config) -> bool:
    """Record from now on; False where that is done already."""
    if config.pluginmanager.has_plugin("emid-recording"):
        return False
    config.pluginmanager.register(Recording(), "emid-recording")
    return True


class Recording:
    """Attributes what is measured and decided to the test that runs, and lets it travel on that test's reports."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Everything that happens in a test is recorded as that test's."""
        with activated(item):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A new attempt begins; a wrong marker is an error of its test, if it measures."""
        __tracebackhide__ = True
        recorder = item.stash.get(RECORDER, None)
        if recorder is not None:
            recorder.begin_attempt()
        elif KEYWORD in item.keywords:
            current()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """What the test itself measures may be measured in stages; what a fixture measures is whole."""
        recorder = item.stash.get(RECORDER, None)
        if recorder is None:
            return (yield)
        recorder.calling = True
        try:
            return (yield)
        finally:
            recorder.calling = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Results and decisions ride on the report as plain data, serially and from pytest-xdist's workers alike."""
        recorder = item.stash.get(RECORDER, None)
        if recorder is None:
            return (yield)
        recorder.publish(item.user_properties)
        if call.when == "call" and call.excinfo is not None:
            recorder.attach()
        report = yield
        _shorten(report, call)
        if KEYWORD in item.keywords or not recorder.is_empty:
            setattr(report, PAYLOAD, recorder.drain(call))
        return report
