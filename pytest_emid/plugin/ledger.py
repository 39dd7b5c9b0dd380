"""What the run received: the results and decisions of all tests, and what is missing.

Lives in the process that reports: the only one, or the controller of pytest-xdist. It is filled from the payloads of
reports alone, serially as in parallel, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_emid.measuring.plain import in_natural_order

if TYPE_CHECKING:
    import pytest

    from pytest_emid.measuring.plan import Plan
    from pytest_emid.measuring.results import EmidResult
    from pytest_emid.measuring.verdicts import Decision, Verdict

__all__ = ["Ledger", "Row"]


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
    """The results and decisions of all tests of the run."""

    def __init__(self) -> None:
        self._results: dict[str, dict[str, Any]] = {}
        self._measured: dict[str, list[str]] = {}
        self._decisions: dict[str, list[dict[str, Any]]] = {}
        self._outcomes: dict[str, str] = {}
        self._expected: set[str] = set()
        self._indirect: set[str] = set()
        self._without_payload: list[str] = []
        self._attempts: dict[str, int] = {}
        self._unmeasured: dict[str, list[dict[str, str]]] = {}
        self._plan: Plan | None = None

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
        if measures or payload["measured"] or payload["decisions"]:
            if report.when == "call" or report.outcome != "passed":
                self._outcomes[nodeid] = report.outcome
                if report.outcome == "skipped" and hasattr(report, "wasxfail"):
                    self._expected.add(nodeid)
            self._results.update(payload["results"])
            seen = self._measured.setdefault(nodeid, [])
            seen.extend(key for key in payload["measured"] if key not in seen)
            held = self._decisions.setdefault(nodeid, [])
            held.extend(decision for decision in payload["decisions"] if decision not in held)
            if payload.get("unmeasured"):
                self._unmeasured.setdefault(nodeid, []).extend(payload["unmeasured"])
            if not payload["direct"]:
                self._indirect.add(nodeid)
            self._attempts[nodeid] = max(self._attempts.get(nodeid, 1), payload.get("attempt", 1))
        return True

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
        return sentences

    def rerun(self) -> list[str]:
        """Tests that were run again after a verdict that did not pass."""
        return [nodeid for nodeid, attempts in self._attempts.items() if attempts > 1]

    def idle(self) -> list[str]:
        """Tests that passed and name `measure_emid`, but measured nothing."""
        known = {*self._indirect, *self._without_payload}
        return [
            nodeid
            for nodeid, outcome in self._outcomes.items()
            if outcome == "passed" and not self._measured.get(nodeid) and nodeid not in known
        ]

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
                    decisions += [d for d in map(Decision.from_dict, mine) if d not in decisions]
                    unexpected += map(Decision.from_dict, mine) if nodeid not in self._expected else ()
            expected = tuple(decision for decision in decisions if decision not in unexpected)
            rows.append(Row(key, EmidResult.from_dict(body), tuple(decisions), tuple(nodeids), expected))
        return sorted(rows, key=_order)

    def document(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "results": [{"key": row.key, **self._results[row.key]} for row in self.rows()],
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
                }
                for nodeid in sorted({*self._outcomes, *self._measured}, key=in_natural_order)
            ],
            "problems": self.problems(),
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """Take what another run's `document` says, apart from its problems: the inverse, for any number of them."""
        for result in document["results"]:
            self._results[result["key"]] = {name: value for name, value in result.items() if name != "key"}
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


def _order(row: Row) -> tuple[Any, ...]:
    result = row.result
    return (result.model, result.clean.dataset, in_natural_order(result.scenario), result.seed, result.n, row.key)
