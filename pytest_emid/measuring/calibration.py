"""What is fitted once, on clean references, and then frozen: the critic and the whitening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.base import GaussianCritic
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.measuring.embedding import Embedded
from pytest_emid.measuring.results import CriticReport

__all__ = ["Calibration"]


@dataclass(frozen=True)
class Calibration:
    """A critic and a whitening, fitted on one set of clean reference pairs.

    Attributes:
        critic: of the query and the response, for EMI and EMID.
        whitening: the space in which responses meet references, for reference information.
        references: their embeddings, (m, d_text): what answer classes are made of.
        fitted_on: which pairs, in words.
    """

    critic: GaussianCritic
    whitening: Whitening
    references: NDArray[np.float32]
    fitted_on: str

    @classmethod
    def fit(cls, pairs: Embedded, fitted_on: str, seed: int = 0) -> Calibration:
        """Fit both on ID reference pairs; no answer of any model takes part.

        Raises:
            EstimationError: too few pairs, or references that are all alike.
        """
        try:
            critic = RidgeCritic.fit(pairs.query, pairs.reference, clusters=pairs.dataset.clusters, seed=seed)
            whitening = Whitening.fit(pairs.reference, pairs.text, clusters=pairs.dataset.clusters, seed=seed)
        except EstimationError as error:
            raise EstimationError(
                f"cannot calibrate on the {len(pairs.dataset)} reference pairs of {pairs.dataset.name!r}: {error}"
            ) from None
        return cls(critic, whitening, pairs.reference, fitted_on)

    def report(self) -> CriticReport:
        """What the result says about the critic."""
        critic = self.critic
        return CriticReport(critic.kind, critic.fingerprint, self.fitted_on, len(self.references), critic.held_out_r2)
