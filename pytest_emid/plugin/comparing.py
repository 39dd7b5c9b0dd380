"""Two saved runs against each other, as data: what `python -m pytest_emid compare` shows in whatever form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_emid.errors import BaselineError
from pytest_emid.measuring.matching import counterpart, matched
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.plain import plain
from pytest_emid.measuring.regression import EMID, RETAINED, Regression, regression
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Verdict
from pytest_emid.plugin.baselines import changed_since
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.regression_gate import regression_decision
from pytest_emid.plugin.runs import SavedRun

__all__ = ["Compared", "Comparison", "compare_runs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One scenario in both runs.

    Attributes:
        result: the later measurement.
        decision: the verdict; None where they cannot be compared.
        found: the losses, with both measurements cut to the samples that they share; None likewise.
        refused: why they cannot be compared, in a sentence; empty where they can.
    """

    result: EmidResult
    decision: Decision | None
    found: Regression | None
    refused: str

    @property
    def verdict(self) -> Verdict:
        """UNDECIDED where they cannot be compared: what was not measured never passes."""
        return Verdict.UNDECIDED if self.decision is None else self.decision.verdict


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs, scenario by scenario.

    Attributes:
        old, new: the runs.
        measure, at_most: what was asked of each scenario.
        comparisons: one a measurement of the later run, in its order.
        vanished: measurements that only the earlier run holds, in words.
        since: what changed beside the answers, in a line; empty where nothing did.
    """

    old: SavedRun
    new: SavedRun
    measure: str
    at_most: float
    comparisons: tuple[Comparison, ...]
    vanished: tuple[str, ...]
    since: str

    @property
    def verdict(self) -> Verdict:
        """The most severe one; UNDECIDED where something of the earlier run was not measured again, or nothing was."""
        verdicts = [comparison.verdict for comparison in self.comparisons]
        if self.vanished or not verdicts:
            verdicts.append(Verdict.UNDECIDED)
        return max(verdicts, key=lambda verdict: verdict.severity)

    @property
    def status(self) -> int:
        """0 for no regression, 1 for a regression, 2 for undecided."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNDECIDED: 2}[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """Plain types: verdicts and estimates, without samples."""
        rows = []
        for comparison in self.comparisons:
            found, decision = comparison.found, comparison.decision
            rows.append(
                {
                    "scenario": comparison.result.scenario,
                    "verdict": str(comparison.verdict),
                    "refused": comparison.refused,
                    "decision": None if decision is None else decision.to_dict(),
                    "beyond_clean": None if found is None else plain(found.estimate(beyond_clean=True)),
                    "lost": None if found is None else found.lost,
                    "gained": None if found is None else found.gained,
                }
            )
        return {
            "verdict": str(self.verdict),
            "measure": self.measure,
            "at_most": self.at_most,
            "since": self.since,
            "comparisons": rows,
            "vanished": list(self.vanished),
        }


def compare_runs(
    old: SavedRun,
    new: SavedRun,
    *,
    at_most: float = 0.02,
    measure: str = RETAINED,
    beyond_clean: bool = False,
    confidence: float | None = None,
) -> Compared:
    """Ask `assert_no_regression` of every measurement that both runs hold; raises nothing for what does not pass.

    Args:
        old: the earlier run.
        new: the later one, whose options decide but for those that are given here.
        at_most, measure, beyond_clean, confidence: as for `assert_no_regression`.
    """
    config = EmidConfig(**new.options).for_call(confidence=confidence)
    compared: list[EmidResult] = []
    comparisons = []
    for result in new.results:
        try:
            before = counterpart(result, old.results, str(old.path))
            compared.append(before)
            found = regression(matched(before, result, measure in (RETAINED, EMID)), measure)
        except (BaselineError, MetricError) as error:
            comparisons.append(Comparison(result, None, None, str(error)))
            continue
        decision = regression_decision(found, at_most, config, beyond_clean=beyond_clean)
        comparisons.append(Comparison(result, decision, found, ""))
    return Compared(
        old=old,
        new=new,
        measure=measure,
        at_most=at_most,
        comparisons=tuple(comparisons),
        vanished=tuple(_named(result) for result in old.results if not _is_among(result, compared)),
        since=changed_since(old, new.results),
    )


def _is_among(result: EmidResult, compared: Sequence[EmidResult]) -> bool:
    return any(one is result for one in compared)


def _named(result: EmidResult) -> str:
    return f"{result.scenario} on {result.clean.dataset} with seed {result.seed}"
