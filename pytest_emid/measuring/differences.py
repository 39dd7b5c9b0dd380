"""What changed from the clean to the shifted side, of every measure, with the interval that fits the design."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.design import Design
from pytest_emid.measuring.scores import Scored, told

__all__ = ["Differences", "differences"]


@dataclass(frozen=True)
class Differences:
    """What changed from the clean to the shifted side; the fields of `EmidResult` of the same names."""

    emid: Estimate
    anchored_emid: Estimate | None
    anchored: tuple[float, ...] | None
    information_lost: Estimate
    information_retained: Estimate
    decoded_retained: Estimate | None
    cosine_drop: Estimate
    exact_drop: Estimate

    def by_name(self) -> dict[str, Any]:
        """Every field, as it is."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def differences(clean: Scored, shifted: Scored, calibration: Calibration, design: Design) -> Differences:
    """Clean minus shifted (or shifted over clean) of every measure."""
    anchored = None
    if design.is_paired:
        anchored = clean.psi_response - told(calibration, clean.answered, shifted.answered)
    decoded = None
    if clean.decoded is not None and shifted.decoded is not None:
        decoded = design.retained(clean.decoded, shifted.decoded)
    return Differences(
        emid=design.drop(clean.emi, shifted.emi, "critic scale"),
        anchored_emid=None if anchored is None else mean_interval(anchored, clean.clusters, design.confidence),
        anchored=None if anchored is None else tuple(float(value) for value in anchored),
        information_lost=design.drop(clean.information, shifted.information, "cosine"),
        information_retained=design.retained(clean.information, shifted.information),
        decoded_retained=decoded,
        cosine_drop=design.drop(clean.cosine, shifted.cosine, "cosine"),
        exact_drop=design.drop(clean.exact, shifted.exact, "fraction", (0.0, 1.0)),
    )
