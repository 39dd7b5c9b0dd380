"""By shifted sample, what speaks against a gate: what its message names the worst samples by."""

from __future__ import annotations

from pytest_emid.measuring.results import EmidResult

__all__ = ["emi_lost", "emid", "information_lost"]


def information_lost(result: EmidResult, at_least: float) -> list[float]:
    """Against a share of the information that must be retained."""
    if not result.paired:
        return [-record.information for record in result.shifted.records]
    pairs = zip(result.clean.records, result.shifted.records, strict=True)
    return [at_least * clean.information - shifted.information for clean, shifted in pairs]


def emid(result: EmidResult) -> list[float]:
    """Against a limit to EMID."""
    if not result.paired:
        return emi_lost(result)
    pairs = zip(result.clean.records, result.shifted.records, strict=True)
    return [clean.emi - shifted.emi for clean, shifted in pairs]


def emi_lost(result: EmidResult) -> list[float]:
    """Against a least EMI on shifted data."""
    return [-record.emi for record in result.shifted.records]
