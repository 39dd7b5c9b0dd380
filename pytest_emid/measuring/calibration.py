"""What is fitted once, on clean references, and then frozen: the critic and the whitening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.base import Critic
from pytest_emid.information.guards.echo import unasked_whitening
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.measuring.critic import EmiCritic, critic_named
from pytest_emid.measuring.embedding import Embedded
from pytest_emid.measuring.results import CriticReport

__all__ = ["Calibration"]


@dataclass(frozen=True)
class Calibration:
    """A critic and a whitening, fitted on one set of clean reference pairs.

    Attributes:
        critic: for EMI and EMID.
        whitening: the space in which responses meet references, for reference information.
        unasked: the same without what references share with their questions, for the echo guard.
        references: their embeddings, (m, d_text): what answer classes are made of.
        fitted_on: which pairs, in words.
    """

    critic: EmiCritic
    whitening: Whitening
    unasked: Whitening
    references: NDArray[np.float32]
    fitted_on: str

    @classmethod
    def fit(cls, pairs: Embedded, fitted_on: str, seed: int = 0, critic: str | Critic = "witness") -> Calibration:
        """Fit all on ID reference pairs; no answer of any model takes part. For `critic` see `critic_named`.

        Raises:
            EstimationError: too few pairs, or references that are all alike.
        """
        try:
            whitening = Whitening.fit(pairs.reference, pairs.text, clusters=pairs.dataset.clusters, seed=seed)
            unasked = unasked_whitening(pairs.reference, pairs.text, clusters=pairs.dataset.clusters, seed=seed)
            chosen = critic_named(critic, pairs, whitening, seed)
        except EstimationError as error:
            raise EstimationError(
                f"cannot calibrate on the {len(pairs.dataset)} reference pairs of {pairs.dataset.name!r}: {error}"
            ) from None
        return cls(chosen, whitening, unasked, pairs.reference, fitted_on)

    def report(self) -> CriticReport:
        """What the result says about the critic."""
        return self.critic.report(self.fitted_on, len(self.references))
