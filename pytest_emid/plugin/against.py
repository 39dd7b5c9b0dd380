"""Which samples speak against a gate, once it has decided: what a report shows first."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision

__all__ = ["against"]


def against(decision: Decision | None, result: EmidResult) -> Sequence[float]:
    """By shifted sample, what speaks against the gate; the loss of information where it rests on nothing else."""
    clean, shifted = result.clean.records, result.shifted.records
    gate = "" if decision is None else decision.gate.removeprefix("robust by ")
    if gate == "EMI on shifted data" or (gate.startswith("EMID") and not result.paired):
        return [-record.emi for record in shifted]
    if gate == "anchored EMID" and result.anchored is not None:
        return result.anchored
    if gate.startswith("EMID"):
        return [before.emi - after.emi for before, after in zip(clean, shifted, strict=True)]
    name = gate.removeprefix("drop of ").removesuffix(" retained")
    at_least = decision.threshold if decision is not None and gate.endswith(" retained") else 1.0
    found = result.metrics.get(name)
    if found is None:
        values = ([record.information for record in side] for side in (clean, shifted))
    else:
        values = (list(side) for side in (found.on_clean, found.on_shifted))
    before_all, after_all = values
    if not result.paired:
        return [-after for after in after_all]
    return [at_least * before - after for before, after in zip(before_all, after_all, strict=True)]
