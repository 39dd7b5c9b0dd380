"""The scores of one side, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.arrays import require_varied
from pytest_emid.information.companions import cosine_to_reference, exact_match
from pytest_emid.information.reference.decoded import decoded_between, decoded_obstacle
from pytest_emid.information.reference.direct import direct_between, reliability_between
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.critic import Amounts
from pytest_emid.measuring.embedding import Answered

__all__ = ["COMMON_EXPONENT", "Float", "Scored", "as_comparable", "mean_amounts", "mean_of", "score"]

Float = NDArray[np.float64]

COMMON_EXPONENT: Final = 0.5
"""Of the direct form on the scale that all models share: of equal weights and one exponent, whatever a model answers.
Weights and exponent that follow a model's own clean answers would forgive it what it never gets right."""


@dataclass(frozen=True)
class Scored:
    """An answered set with its per-sample scores, each (n,), and the reliability that `information` was weighted by.

    Where the set was asked again, scores are means over the `repeats`, and `answered` holds the first answers.
    `common` is `information` without that reliability, for comparisons with other models.
    """

    answered: Answered
    amounts: Amounts
    information: Float
    common: Float
    decoded: Float | None
    cosine: Float
    exact: Float
    reliability: Reliability
    repeats: tuple[Answered, ...] = ()

    @property
    def clusters(self) -> tuple[str, ...]:
        return self.answered.dataset.clusters

    @property
    def emi(self) -> Float:
        """Contributions to EMI."""
        return self.amounts.response - self.amounts.reference


def score(
    answered: Answered,
    calibration: Calibration,
    condition: NDArray[np.float32],
    seed: int = 0,
    reliability: Reliability | None = None,
    most: int | None = None,
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
        most: candidates that a critic in nats holds each answer against, where another side is to be compared with.
    """
    dataset = answered.dataset
    clusters = dataset.clusters
    if answered.only_answer is None:
        require_varied("response", answered.response)  # an encoder that ignores its input
    pairs = calibration.whitening.pairs(answered.response, answered.reference, condition)
    if reliability is None:
        reliability = reliability_between(pairs, clusters=clusters, seed=seed)
    can_decode = decoded_obstacle(len(dataset), len(set(clusters))) is None
    if answered.only_answer is not None:
        # What answers everything alike says nothing, exactly: I(Y_ref; constant) = 0.
        information, common = np.zeros(len(dataset)), np.zeros(len(dataset))
        readable = np.zeros(len(dataset)) if can_decode else None
    else:
        information = direct_between(pairs, reliability=reliability, clusters=clusters, seed=seed)
        common = direct_between(pairs, clusters=clusters, exponent=COMMON_EXPONENT, seed=seed)
        readable = decoded_between(pairs, clusters=clusters, seed=seed) if can_decode else None
    del pairs  # the critic makes as many arrays of its own
    return Scored(
        answered=answered,
        amounts=calibration.critic.amounts(answered, condition, most),
        information=information,
        common=common,
        decoded=readable,
        cosine=cosine_to_reference(answered.response, answered.reference),
        exact=exact_match([r.text for r in answered.responses], [s.reference for s in dataset]),
        reliability=reliability,
    )


def as_comparable(clean: Scored, shifted: Scored, calibration: Calibration) -> Scored:
    """The clean side, held against as many candidates as the shifted one: nats compare at one number only."""
    if clean.amounts.candidates == shifted.amounts.candidates:
        return clean
    k = shifted.amounts.candidates
    sides = clean.repeats or (clean.answered,)
    return replace(clean, amounts=mean_amounts([calibration.critic.amounts(side, side.text, k) for side in sides]))


def mean_amounts(sides: Sequence[Amounts]) -> Amounts:
    """By sample, the mean of what several sets of answers to the same queries tell."""
    response, reference = (mean_of([getattr(side, name) for side in sides]) for name in ("response", "reference"))
    return Amounts(response, reference, sides[0].candidates)


def mean_of(sides: Sequence[Float]) -> Float:
    """By sample, the mean of several sets of scores."""
    mean: Float = np.mean(sides, axis=0)
    return mean
