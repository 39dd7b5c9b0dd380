"""EMID from what both sides tell, at any confidence: in nats with its share, or on a critic's own scale."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.critics.contrast import Told
from pytest_emid.information.intervals import nats
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.critic import Amounts
from pytest_emid.measuring.results import EmidResult, Side

__all__ = ["Losses"]

Float = NDArray[np.float64]
Clusters = Sequence[Hashable]


@dataclass(frozen=True)
class Losses:
    """Both sides of a comparison in nats.

    Attributes:
        clean, shifted: what answers and references tell.
        clusters: of the clean side.
        others: of the shifted side; None where both sides hold the same samples.
    """

    clean: Amounts
    shifted: Amounts
    clusters: Clusters
    others: Clusters | None

    @classmethod
    def of(cls, result: EmidResult) -> Losses:
        """From the records of a result whose critic is in nats."""
        k = result.critic.candidates
        others = None if result.paired else _clusters(result.shifted)
        return cls(_amounts(result.clean, k), _amounts(result.shifted, k), _clusters(result.clean), others)

    def told(self, confidence: float) -> Estimate:
        """What the clean answers tell about their queries: the whole that a share is of."""
        return nats.nats_told(_told(self.clean), self.clusters, confidence)

    def emi(self, confidence: float) -> tuple[Estimate, Estimate]:
        """EMI of the clean and of the shifted side."""
        others = self.clusters if self.others is None else self.others
        return (
            nats.nats_told(self._emi(self.clean), self.clusters, confidence),
            nats.nats_told(self._emi(self.shifted), others, confidence),
        )

    def emid(self, confidence: float) -> Estimate:
        """EMI clean minus EMI shifted. What references tell is the same on both sides of a paired comparison."""
        if self.others is None:
            return nats.nats_lost(_told(self.clean), _told(self.shifted), self.clusters, confidence)
        sides = self._emi(self.clean), self._emi(self.shifted)
        return nats.unpaired_nats_lost(*sides, self.clusters, self.others, confidence)

    def share(self, confidence: float) -> Estimate:
        """EMID over what the clean answers tell."""
        if self.others is None:
            return nats.share_lost(_told(self.clean), _told(self.shifted), self.clusters, confidence)
        sides = self._emi(self.clean), self._emi(self.shifted), _told(self.clean)
        return nats.unpaired_share_lost(*sides, self.clusters, self.others, confidence)

    def contrast(self, at_most: float, confidence: float) -> Estimate:
        """What is tested for "a share of at most": above 0 when more than that is lost."""
        if self.others is None:
            return nats.share_contrast(_told(self.clean), _told(self.shifted), at_most, self.clusters, confidence)
        sides = self._emi(self.clean), self._emi(self.shifted), _told(self.clean)
        return nats.unpaired_share_contrast(*sides, at_most, self.clusters, self.others, confidence)

    @staticmethod
    def _emi(side: Amounts) -> Told:
        return Told(side.response - side.reference, side.candidates, ())


def _told(side: Amounts) -> Told:
    return Told(side.response, side.candidates, ())


def _amounts(side: Side, candidates: int) -> Amounts:
    told = np.array([record.told for record in side.records])
    return Amounts(told, told - np.array([record.emi for record in side.records]), candidates)


def _clusters(side: Side) -> list[str]:
    return [record.cluster for record in side.records]
