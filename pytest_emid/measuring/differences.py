"""What changed from the clean to the shifted side, of every measure, with the interval that fits the design."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pytest_emid.information.critics.contrast import Told
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.information.intervals.nats import nats_lost
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.critic import NATS
from pytest_emid.measuring.design import Design
from pytest_emid.measuring.losses import Losses
from pytest_emid.measuring.scores import Float, Scored

__all__ = ["Differences", "differences"]


@dataclass(frozen=True)
class Differences:
    """EMI of both sides and what changed from the clean to the shifted one."""

    emi_clean: Estimate
    emi_shifted: Estimate
    emid: Estimate
    anchored_emid: Estimate | None
    anchored: tuple[float, ...] | None
    emid_share: Estimate | None
    information_lost: Estimate
    information_retained: Estimate
    decoded_retained: Estimate | None
    cosine_drop: Estimate
    exact_drop: Estimate

    def by_name(self) -> dict[str, Any]:
        """The fields that `EmidResult` has of the same names."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("emi_clean", "emi_shifted")}


def differences(clean: Scored, shifted: Scored, calibration: Calibration, design: Design) -> Differences:
    """Clean minus shifted (or shifted over clean) of every measure."""
    critic, anchored = calibration.critic, None
    if design.is_paired:
        anchored = clean.amounts.response - critic.anchored(clean.answered, shifted.answered, shifted.amounts)
    if critic.unit == NATS:
        losses = Losses(clean.amounts, shifted.amounts, design.clusters, design.others)
        emid, share = losses.emid(design.confidence), losses.share(design.confidence)
        emi = losses.emi(design.confidence)
    else:
        sides = ((clean, design.clusters), (shifted, design.others or design.clusters))
        emi_of = [mean_interval(one.emi, clusters, design.confidence, unit=critic.unit) for one, clusters in sides]
        emi = (emi_of[0], emi_of[1])
        emid, share = design.drop(clean.emi, shifted.emi, critic.unit), None
    decoded = None
    if clean.decoded is not None and shifted.decoded is not None:
        decoded = design.retained(clean.decoded, shifted.decoded)
    return Differences(
        emi_clean=emi[0],
        emi_shifted=emi[1],
        emid=emid,
        anchored_emid=None if anchored is None else _anchored(anchored, clean, design, critic.unit),
        anchored=None if anchored is None else tuple(float(value) for value in anchored),
        emid_share=share,
        information_lost=design.drop(clean.information, shifted.information, "cosine"),
        information_retained=design.retained(clean.information, shifted.information),
        decoded_retained=decoded,
        cosine_drop=design.drop(clean.cosine, shifted.cosine, "cosine"),
        exact_drop=design.drop(clean.exact, shifted.exact, "fraction", (0.0, 1.0)),
    )


def _anchored(values: Float, clean: Scored, design: Design, unit: str) -> Estimate:
    if unit != NATS:
        return mean_interval(values, clean.clusters, design.confidence, unit=unit)
    k = clean.amounts.candidates
    before, after = Told(clean.amounts.response, k, ()), Told(clean.amounts.response - values, k, ())
    return nats_lost(before, after, clean.clusters, design.confidence)
