"""What the run received: the results and decisions of all tests, and what is missing.

Lives in the process that reports: the only one, or the controller of pytest-xdist. It is filled from the payloads of
reports alone, serially as in parallel, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_emid.measuring.plain import in_natural_order
from pytest_emid.measuring.sources import Sources

if TYPE_CHECKING:
    import pytest

    from pytest_emid.measuring.plan import Plan
    from pytest_emid.measuring.results import EmidResult
    from pytest_emid.measuring.verdicts import Decision, Verdict

__all__ = ["Ledger", "Row", "decided_early", "gates"]

ALLOW: Final = '@pytest.mark.emid(unanswered="allow")'
EMPTY: Final = "got empty parameter set"
"""What pytest says of a test that is parametrized with nothing."""


class Conduct(NamedTuple):
    """How a test went about its gates.

    Attributes:
        unanswered: what raised an error that nothing in the test asked for, in words.
        has_asked: whether anything was to be measured.
        names_gates: whether it measured, and names a gate.
        is_allowed: whether the test may pass all the same.
        ended: of the last phase that did not pass, its kind and what it said.
    """

    unanswered: list[str]
    has_asked: bool
    names_gates: bool
    is_allowed: bool
    ended: Mapping[str, str] | None

    @property
    def kind(self) -> str:
        """`assertion`, `error`, `skip` or `xfail`; empty where every phase passed."""
        return "" if self.ended is None else self.ended["kind"]

    def after(self, earlier: Conduct | None) -> Conduct:
        """This phase's, which knows all that earlier ones knew but how they ended."""
        return self if earlier is None or self.ended is not None else self._replace(ended=earlier.ended)

    def swallowed(self, nodeid: str, outcome: str) -> list[str]:
        """What raised in a test that did not fail. A test that skips itself afterwards says so itself."""
        if not self.unanswered or outcome == "failed" or (outcome == "skipped" and self.kind == "skip"):
            return []
        more = f" (and {len(self.unanswered) - 1} more)" if len(self.unanswered) > 1 else ""
        return [
            f"{nodeid} {outcome}, though {self.unanswered[0]}{more}. The error was swallowed, in the test or by what "
            "rewrites its outcome. Let it through, "
            f"expect it with pytest.raises, or allow it: {ALLOW}."
        ]

    def without_parameters(self, nodeid: str, outcome: str) -> list[str]:
        """An empty list of parameters, which pytest makes a skip of: nobody asked for that."""
        if outcome != "skipped" or self.ended is None or EMPTY not in self.ended["text"]:
            return []
        return [
            f"{nodeid} was skipped, for there is nothing to run it with: {self.ended['text']}. Nothing that it gates "
            f"was measured. Give it parameters, or allow it: {ALLOW}."
        ]

    def expected_failure(self, nodeid: str, has_decided: bool) -> list[str]:
        """An expected failure that no verdict made. `pytest.xfail` in the test's body says what it means itself."""
        if has_decided or self.kind in ("", "xfail"):
            return []
        text = "" if self.ended is None else self.ended["text"].rstrip(".")
        return [
            f"{nodeid} is expected to fail (xfail), and no verdict made it fail but {text}. Nothing that it gates was "
            "decided. With raises=AssertionError, pytest tells the two apart itself."
        ]


class Row(NamedTuple):
    """One measurement with the decisions on it.

    Attributes:
        key: of the result.
        result: what was measured.
        decisions: each gate once, whatever number of tests asked it.
        nodeids: the tests that measured it.
        expected: decisions that only tests marked `xfail` made: known weaknesses.
    """

    key: str
    result: EmidResult
    decisions: tuple[Decision, ...]
    nodeids: tuple[str, ...]
    expected: tuple[Decision, ...]

    @property
    def verdict(self) -> Verdict | None:
        """The most severe verdict on it; None when no gate was asked."""
        verdicts = [decision.verdict for decision in self.decisions]
        return max(verdicts, key=lambda verdict: verdict.severity, default=None)

    @property
    def is_expected(self) -> bool:
        """Whether every decision as severe as the row's verdict was expected."""
        return all(d in self.expected for d in self.decisions if d.verdict is self.verdict)


class Ledger:
    """The results and decisions of all tests of the run.

    Args:
        planned: whether the run only says what it would ask, so that no test can measure.

    Attributes:
        sources: where the answers came from.
    """

    def __init__(self, planned: bool = False) -> None:
        self._planned = planned
        self._results: dict[str, dict[str, Any]] = {}
        self._measured: dict[str, list[str]] = {}
        self._decisions: dict[str, list[dict[str, Any]]] = {}
        self._outcomes: dict[str, str] = {}
        self._expected: set[str] = set()
        self._indirect: set[str] = set()
        self._without_payload: list[str] = []
        self._attempts: dict[str, int] = {}
        self._unmeasured: dict[str, list[dict[str, str]]] = {}
        self._carriers: dict[str, str] = {}
        self._conduct: dict[str, Conduct] = {}
        self._searches: dict[str, list[dict[str, Any]]] = {}
        self._plan: Plan | None = None
        self.sources = Sources()

    def receive(self, report: pytest.TestReport, payload: Mapping[str, Any] | None, measures: bool) -> bool:
        """Take what a report carries.

        Args:
            report: of one phase of a test.
            payload: what the recorder of the test sent with it, if it sent anything.
            measures: whether the test requests `measure_emid`, so that it must send something.

        Returns:
            False where the test has passed and sent nothing though it must.
        """
        nodeid = report.nodeid
        if payload is None:
            if not measures or report.when != "call":
                return True
            self._outcomes[nodeid] = report.outcome
            self._without_payload.append(nodeid)
            return report.outcome != "passed"
        if payload.get("needs"):
            self.plan.add(payload["needs"])
        self.sources.add(payload.get("answers", ()))
        if measures or payload["asked"] or payload["measured"] or payload["decisions"]:
            self._note_outcome(report, payload)
            for key, body in payload["results"].items():
                self._hold(key, body, nodeid)
            seen = self._measured.setdefault(nodeid, [])
            seen.extend(key for key in payload["measured"] if key not in seen)
            held = self._decisions.setdefault(nodeid, [])
            held.extend(decision for decision in payload["decisions"] if decision not in held)
            if payload.get("unmeasured"):
                self._unmeasured.setdefault(nodeid, []).extend(payload["unmeasured"])
            if payload.get("searches"):
                held_searches = self._searches.setdefault(nodeid, [])
                held_searches.extend(found for found in payload["searches"] if found not in held_searches)
            if not payload["direct"]:
                self._indirect.add(nodeid)
        return True

    def _note_outcome(self, report: pytest.TestReport, payload: Mapping[str, Any]) -> None:
        """The outcome of the last attempt: a part that failed (a subtest, the teardown) fails the whole."""
        nodeid = report.nodeid
        attempt = payload.get("attempt", 1)
        if attempt > self._attempts.get(nodeid, 1):
            self._outcomes.pop(nodeid, None)
            self._expected.discard(nodeid)
        self._attempts[nodeid] = max(self._attempts.get(nodeid, 1), attempt)
        told = Conduct(
            payload["unanswered"],
            payload["asked"],
            payload.get("gates", False),
            payload["allowed"],
            payload["ended"],
        )
        self._conduct[nodeid] = told.after(self._conduct.get(nodeid))
        if report.when == "call" or report.outcome != "passed":
            if self._outcomes.get(nodeid) != "failed":
                self._outcomes[nodeid] = report.outcome
            if report.outcome == "skipped" and hasattr(report, "wasxfail"):
                self._expected.add(nodeid)

    def _hold(self, key: str, body: dict[str, Any], nodeid: str) -> None:
        """Equal results from several processes differ at most in where options came from: the first test's are told."""
        carrier = self._carriers.get(key)
        if carrier is None or in_natural_order(nodeid) < in_natural_order(carrier):
            self._results[key], self._carriers[key] = body, nodeid

    @property
    def plan(self) -> Plan:
        """What the tests would ask, under `--emid-plan`."""
        if self._plan is None:
            from pytest_emid.measuring.plan import Plan

            self._plan = Plan()
        return self._plan

    def unmeasured(self) -> dict[str, str]:
        """Why, by scenario, something could not be measured, which leaves its gates undecided."""
        reasons: dict[str, str] = {}
        for nodeid in sorted(self._unmeasured, key=in_natural_order):
            for found in self._unmeasured[nodeid]:
                reasons.setdefault(found["scenario"], found["reason"])
        return {scenario: reasons[scenario] for scenario in sorted(reasons, key=in_natural_order)}

    def searches(self) -> list[str]:
        """What searches for a breaking severity found, a line each."""
        nodeids = sorted(self._searches, key=in_natural_order)
        return list(dict.fromkeys(found["said"] for nodeid in nodeids for found in self._searches[nodeid]))

    def problems(self) -> list[str]:
        """What is missing, as sentences: reasons to fail the run."""
        sentences = [
            f"{nodeid} ran, but its results did not arrive. Nothing that it gates was checked."
            for nodeid in self._without_payload
        ]
        for nodeid, keys in self._measured.items():
            lost = [key for key in keys if key not in self._results]
            if lost:
                sentences.append(
                    f"{nodeid} measured {len(keys)} results, of which {len(lost)} did not arrive. "
                    "Another plugin dropped or replaced the report that carried them."
                )
        if not self._planned:
            for nodeid in self._outcomes:
                sentences += self._not_green(nodeid)
        return sentences

    def _not_green(self, nodeid: str) -> list[str]:
        """Why a test that did not fail must not leave the run green, in sentences."""
        conduct, outcome = self._conduct.get(nodeid), self._outcomes[nodeid]
        if conduct is None or conduct.is_allowed:
            return []
        if nodeid in self._expected:
            return conduct.expected_failure(nodeid, self._has_decided(nodeid))
        direct = nodeid not in self._indirect
        if outcome == "passed" and direct and not self._measured.get(nodeid) and not conduct.has_asked:
            return [
                f"{nodeid} passed without measuring anything, though it names measure_emid. Call it, leave it out of "
                f"the test's arguments, or allow it: {ALLOW}."
            ]
        found = conduct.swallowed(nodeid, outcome) or conduct.without_parameters(nodeid, outcome)
        if not found and outcome == "passed" and direct and conduct.names_gates and not self._decisions.get(nodeid):
            found = [
                f"{nodeid} passed, and no gate decided anything, though it names one. Call the gate on what was "
                f"measured, or allow it: {ALLOW}."
            ]
        return found

    def _has_decided(self, nodeid: str) -> bool:
        """Whether what an expected failure says is a verdict, or a comparison of what was measured."""
        if any(decision["verdict"] != "PASS" for decision in self._decisions.get(nodeid, [])):
            return True
        measured = bool(self._measured.get(nodeid)) or nodeid in self._indirect
        return measured and self._conduct[nodeid].kind == "assertion"

    def rerun(self) -> list[str]:
        """Tests that were run again after a verdict that did not pass."""
        return [nodeid for nodeid, attempts in self._attempts.items() if attempts > 1]

    def rows(self) -> list[Row]:
        """One row a measurement, in an order that does not depend on who ran what first."""
        from pytest_emid.measuring.results import EmidResult
        from pytest_emid.measuring.verdicts import Decision

        rows = []
        for key, body in self._results.items():
            decisions: list[Decision] = []
            unexpected: list[Decision] = []
            nodeids: list[str] = []
            for nodeid in sorted(self._measured, key=in_natural_order):
                if key in self._measured[nodeid]:
                    nodeids.append(nodeid)
                    mine = [data for data in self._decisions.get(nodeid, []) if data["result"] == key]
                    once = [replace(decision, attempt=1) for decision in decisions]
                    for decision in map(Decision.from_dict, mine):
                        if replace(decision, attempt=1) not in once:
                            decisions.append(decision)
                            once.append(replace(decision, attempt=1))
                    unexpected += map(Decision.from_dict, mine) if nodeid not in self._expected else ()
            seriously = [replace(decision, attempt=1) for decision in unexpected]
            expected = tuple(decision for decision in decisions if replace(decision, attempt=1) not in seriously)
            rows.append(Row(key, EmidResult.from_dict(body), tuple(decisions), tuple(nodeids), expected))
        return sorted(rows, key=_order)

    def document(self) -> dict[str, Any]:
        """All of it as plain data."""
        rows = self.rows()
        stopped = decided_early(rows)
        return {
            **_agreement([row.result for row in rows]),
            **({"decided_early": {"answers": stopped[0], "whole": stopped[1]}} if stopped is not None else {}),
            "results": [{"key": row.key, **self._results[row.key]} for row in rows],
            "tests": [
                {
                    "nodeid": nodeid,
                    "outcome": self._outcomes.get(nodeid, "unknown"),
                    "measured": self._measured.get(nodeid, []),
                    "decisions": self._decisions.get(nodeid, []),
                    "expected": nodeid in self._expected,
                    "direct": nodeid not in self._indirect,
                    "attempts": self._attempts.get(nodeid, 1),
                    **({"unmeasured": self._unmeasured[nodeid]} if nodeid in self._unmeasured else {}),
                    **({"searches": self._searches[nodeid]} if nodeid in self._searches else {}),
                }
                for nodeid in sorted({*self._outcomes, *self._measured}, key=in_natural_order)
            ],
            "answers": self.sources.to_list(),
            "problems": self.problems(),
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """Take what another run's `document` says, apart from its problems: the inverse, for any number of them."""
        for result in document["results"]:
            self._results[result["key"]] = {name: value for name, value in result.items() if name != "key"}
        self.sources.add(document.get("answers", ()))
        for test in document["tests"]:
            nodeid = test["nodeid"]
            self._outcomes[nodeid] = test["outcome"]
            self._measured[nodeid] = list(test["measured"])
            self._decisions[nodeid] = list(test["decisions"])
            self._attempts[nodeid] = test["attempts"]
            if test["expected"]:
                self._expected.add(nodeid)
            if not test["direct"]:
                self._indirect.add(nodeid)
            if "unmeasured" in test:
                self._unmeasured[nodeid] = list(test["unmeasured"])
            if "searches" in test:
                self._searches[nodeid] = list(test["searches"])


def _agreement(results: Sequence[EmidResult]) -> dict[str, Any]:
    """How measures move together over the scenarios, where a judge said what it prefers."""
    if all(result.judged is None for result in results):
        return {}
    from pytest_emid.plugin.reports.agreement import agreement

    return {"agreement": agreement(results)}


def decided_early(rows: Sequence[Row]) -> tuple[int, int] | None:
    """How many answers early stopping took, clean and shifted, and of how many; None where no gate stopped early.

    What several scenarios share counts once: the clean answers, as far as any scenario of the set needed them.
    """
    took: dict[tuple[str, ...], tuple[int, int]] = {}
    for row in rows:
        result = row.result
        whole = max((decision.whole for decision in row.decisions), default=0)
        about = (result.model, result.clean.dataset, str(result.seed))
        # how many clean samples there are is known where they are the shifted ones
        clean = (*about, ""), result.clean.n, whole if result.paired else 0
        for side, n, there in (clean, ((*about, result.scenario), result.n, whole)):
            before = took.get(side, (0, 0))
            took[side] = (max(before[0], n), max(before[1], there, n))
    needed, whole = (sum(column) for column in zip(*took.values(), strict=True)) if took else (0, 0)
    return (needed, whole) if needed < whole else None


def gates(rows: Sequence[Row]) -> list[list[Decision]]:
    """The decisions by gate: one that was decided again, in another attempt or by another test, is one gate."""
    grouped: dict[tuple[Any, ...], list[Decision]] = {}
    for row in rows:
        result = row.result
        about = (result.model, result.encoders, result.clean.dataset, result.clean.fingerprint, result.n)
        for decision in row.decisions:
            asked = (decision.gate, decision.scenario, decision.threshold, decision.seed, decision.estimate.confidence)
            grouped.setdefault((*about, *asked), []).append(decision)
    return list(grouped.values())


def _order(row: Row) -> tuple[Any, ...]:
    result = row.result
    return (result.model, result.clean.dataset, in_natural_order(result.scenario), result.seed, result.n, row.key)
