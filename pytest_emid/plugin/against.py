"""Which samples speak against a gate, once it has decided: what messages and reports show first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_emid.measuring.metrics.registry import LIBRARY
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.results import EmidResult, Record
from pytest_emid.measuring.verdicts import Decision

__all__ = ["against", "asks_of_samples", "changed_most", "costs", "costs_by_any_gate"]

PREFERENCES = ("relative preference on shifted data", "win rate on shifted data")


def asks_of_samples(decision: Decision) -> bool:
    """Whether single shifted samples speak against the gate; none do against one on clean data, or on input drift."""
    return not decision.gate.endswith(" on clean data") and not decision.gate.startswith("input drift")


def against(decision: Decision | None, result: EmidResult) -> Sequence[float]:
    """By shifted sample, what speaks against the gate; the loss of information where it rests on nothing else."""
    gate = _gate(decision)
    return _by(gate, decision.threshold if decision is not None and gate.endswith(" retained") else 1.0, result)


def costs(decision: Decision | None, result: EmidResult) -> Sequence[float]:
    """By shifted sample, what the shift cost in what the gate asks about, whatever share of it the gate lets go.

    An answer that lost nothing costs nothing, and thresholds, which are unknown while pictures are kept, change no
    order.
    """
    return _by(_gate(decision), 1.0, result)


def costs_by_any_gate(result: EmidResult) -> list[Sequence[float]]:
    """`costs` by every gate that may be asked about a result, but those on metrics that were not measured."""
    gates = ["", "EMID", "anchored EMID", "EMI on shifted data"]
    gates += PREFERENCES[:1] if result.judged is not None else ()
    found = [_by(gate, 1.0, result) for gate in (*gates, *(f"{name} retained" for name in result.metrics))]
    if result.paired:
        pairs = zip(result.clean.records, result.shifted.records, strict=True)
        found.append([before.exact - after.exact for before, after in pairs])
    return found


def _gate(decision: Decision | None) -> str:
    return "" if decision is None else decision.gate.removeprefix("robust by ")


def _by(gate: str, at_least: float, result: EmidResult) -> Sequence[float]:
    clean, shifted = result.clean.records, result.shifted.records
    if gate == "EMI on shifted data" or (gate.startswith("EMID") and not result.paired):
        return [-record.emi for record in shifted]
    if gate == "anchored EMID" and result.anchored is not None:
        return result.anchored
    if gate.startswith("EMID"):
        return [before.emi - after.emi for before, after in zip(clean, shifted, strict=True)]
    if gate in PREFERENCES and result.judged is not None:
        return [_or_nothing(1.0 - ratio) for ratio in result.judged.shifted.ratios]
    found = _metric(result, gate.removeprefix("drop of ").removesuffix(" retained"))
    if found is None:
        before_all, after_all = ([record.information for record in side] for side in (clean, shifted))
    else:
        before_all, after_all = list(found.on_clean), list(found.on_shifted)
    if not result.paired:
        return [_or_nothing(-after) for after in after_all]
    return [_or_nothing(at_least * before - after) for before, after in zip(before_all, after_all, strict=True)]


def changed_most(result: EmidResult, speaks: Sequence[float], count: int) -> list[int]:
    """Positions of the samples that speak most against a gate; of paired ones those whose answers changed."""
    clean = {record.id: record for record in result.clean.records} if result.paired else {}
    records = result.shifted.records
    changed = [i for i in range(len(speaks)) if _changed(clean.get(records[i].id), records[i])]
    return sorted(changed, key=lambda i: (-speaks[i], i))[:count]


def _changed(clean: Record | None, shifted: Record) -> bool:
    """Whether anything of an answer is another one under the shift; unknown where nothing is paired."""
    return clean is None or (clean.response, clean.outcome) != (shifted.response, shifted.outcome)


def _metric(result: EmidResult, name: str) -> MetricResult | None:
    """The metric of this name, where there is one: measured, or of the library and scored now, as its gate does."""
    if name in result.metrics or name not in LIBRARY:
        return result.metrics.get(name)
    from pytest_emid.measuring.metrics.measured import metric_of

    return metric_of(result, name)


def _or_nothing(value: float) -> float:
    """0 for a sample that has no number."""
    return 0.0 if math.isnan(value) else value
