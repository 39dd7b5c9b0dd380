"""How two sides are compared: by sample where they hold the same samples, by their means where they do not."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.divergence.nulls import permutation_test, swap_test
from pytest_emid.information.divergence.rjsd import EmbeddingSet
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import (
    paired_interval,
    retained_interval,
    unpaired_interval,
    unpaired_retained_interval,
)
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.measuring.embedding import Embedded

__all__ = ["Design", "Paired", "Unpaired", "design_of"]

Float = NDArray[np.float64]
Rows = NDArray[np.float32]
Clusters = Sequence[Hashable]
Support = tuple[float, float] | None


class Design(Protocol):
    """What follows from whether both sides hold the same samples."""

    @property
    def is_paired(self) -> bool:
        """Whether they do."""

    @property
    def clusters(self) -> Clusters:
        """Clusters of the clean side."""

    @property
    def others(self) -> Clusters | None:
        """Clusters of the shifted side, where they are others than the clean side's."""

    @property
    def confidence(self) -> float:
        """Of every interval."""

    def condition(self, clean: Embedded, shifted: Embedded) -> Rows:
        """Embeddings of the questions that the shifted side's reference information is conditional on."""

    def trust(self, clean: Reliability) -> Reliability:
        """The weights of directions that the shifted side is scored with: always the clean side's."""

    def drop(self, clean: Float, shifted: Float, unit: str, support: Support = None) -> Estimate:
        """Mean of the clean scores minus mean of the shifted ones."""

    def retained(self, clean: Float, shifted: Float) -> Estimate:
        """Mean of the shifted scores over mean of the clean ones."""

    def drift_p(self, clean: Rows, shifted: Rows, permutations: int, seed: int) -> float | None:
        """p-value of "nothing drifted"; None where nothing differs by construction."""


@dataclass(frozen=True)
class Paired:
    """Both sides hold the same samples in the same order, so that differences are taken sample by sample."""

    clusters: Clusters
    confidence: float
    is_paired = True
    others = None

    def condition(self, clean: Embedded, shifted: Embedded) -> Rows:
        """The clean questions: a corrupted question is no excuse."""
        return clean.text

    def trust(self, clean: Reliability) -> Reliability:
        return clean

    def drop(self, clean: Float, shifted: Float, unit: str, support: Support = None) -> Estimate:
        return paired_interval(clean, shifted, self.clusters, self.confidence, support=support, unit=unit)

    def retained(self, clean: Float, shifted: Float) -> Estimate:
        return retained_interval(clean, shifted, self.clusters, self.confidence)

    def drift_p(self, clean: Rows, shifted: Rows, permutations: int, seed: int) -> float | None:
        """By swapping clean and shifted within pairs, clusters whole."""
        if np.array_equal(clean, shifted):
            return None
        sets = EmbeddingSet(clean, "clean"), EmbeddingSet(shifted, "shifted")
        return swap_test(*sets, resamples=permutations, seed=seed, clusters=self.clusters).p_value


@dataclass(frozen=True)
class Unpaired:
    """The sides hold other samples, so that their means are compared."""

    clusters: Clusters
    others: Clusters
    confidence: float
    is_paired = False

    def condition(self, clean: Embedded, shifted: Embedded) -> Rows:
        """The questions that were asked: there are no others."""
        return shifted.text

    def trust(self, clean: Reliability) -> Reliability:
        return clean.unpaired()

    def drop(self, clean: Float, shifted: Float, unit: str, support: Support = None) -> Estimate:
        return unpaired_interval(clean, shifted, self.clusters, self.others, self.confidence, unit=unit)

    def retained(self, clean: Float, shifted: Float) -> Estimate:
        return unpaired_retained_interval(clean, shifted, self.clusters, self.others, self.confidence)

    def drift_p(self, clean: Rows, shifted: Rows, permutations: int, seed: int) -> float | None:
        """By relabelling the pooled rows, clusters whole."""
        sets = EmbeddingSet(clean, "clean"), EmbeddingSet(shifted, "shifted")
        return permutation_test(
            *sets, resamples=permutations, seed=seed, clusters_p=self.clusters, clusters_q=self.others
        ).p_value


def design_of(clean: Embedded, shifted: Embedded, paired: bool, confidence: float) -> Design:
    """The design of a comparison."""
    if paired:
        return Paired(clean.dataset.clusters, confidence)
    return Unpaired(clean.dataset.clusters, shifted.dataset.clusters, confidence)
