"""The scores of one side, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.companions import cosine_to_reference, exact_match
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.reference.decoded import decoded_between, decoded_obstacle
from pytest_emid.information.reference.direct import direct_between, reliability_between
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.embedding import Answered

__all__ = ["Float", "Scored", "score", "told"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """An answered set with its per-sample scores, each (n,), and the reliability that `information` was weighted by."""

    answered: Answered
    psi_response: Float
    psi_reference: Float
    information: Float
    decoded: Float | None
    cosine: Float
    exact: Float
    reliability: Reliability

    @property
    def clusters(self) -> tuple[str, ...]:
        return self.answered.dataset.clusters

    @property
    def emi(self) -> Float:
        return self.psi_response - self.psi_reference


def score(
    answered: Answered,
    calibration: Calibration,
    condition: NDArray[np.float32],
    seed: int = 0,
    reliability: Reliability | None = None,
) -> Scored:
    """Score every sample of one side.

    Args:
        answered: the side.
        calibration: the frozen critic and whitening.
        condition: embeddings of the questions that reference information is conditional on, (n, d_text): the clean
            ones where the sets are paired, so that a corrupted question is no excuse.
        seed: of the folds.
        reliability: which directions of the answer space clean answers get right. None finds it in this side, which
            is then the clean one; the shifted side is scored with the clean side's.
    """
    dataset = answered.dataset
    clusters = dataset.clusters
    pairs = calibration.whitening.pairs(answered.response, answered.reference, condition)
    if reliability is None:
        reliability = reliability_between(pairs, clusters=clusters, seed=seed)
    can_decode = decoded_obstacle(len(dataset), len(set(clusters))) is None
    if answered.only_answer is not None:
        # What answers everything alike says nothing, exactly: I(Y_ref; constant) = 0.
        information, readable = np.zeros(len(dataset)), np.zeros(len(dataset)) if can_decode else None
    else:
        information = direct_between(pairs, reliability=reliability, clusters=clusters, seed=seed)
        readable = decoded_between(pairs, clusters=clusters, seed=seed) if can_decode else None
    return Scored(
        answered=answered,
        psi_response=told(calibration, answered, answered),
        psi_reference=contributions(calibration.critic, answered.query, answered.reference),
        information=information,
        decoded=readable,
        cosine=cosine_to_reference(answered.response, answered.reference),
        exact=exact_match([r.text for r in answered.responses], [s.reference for s in dataset]),
        reliability=reliability,
    )


def told(calibration: Calibration, asked: Answered, answered: Answered) -> Float:
    """Contributions to what answers say about queries.

    A model that answers everything alike says nothing: I(X; constant) = 0, and so is every contribution, whatever the
    critic. Embeddings that do not vary though the answers do are an encoder's failure, and an error.
    """
    if answered.only_answer is not None:
        return np.zeros(len(answered.responses))
    return contributions(calibration.critic, asked.query, answered.response)
