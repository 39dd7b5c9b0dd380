"""Two answered datasets in, one result out: every number that a report shows is put together here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import EstimationError
from pytest_emid.information.companions import cosine_to_reference, exact_match
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import (
    mean_interval,
    paired_interval,
    retained_interval,
    unpaired_interval,
    unpaired_retained_interval,
)
from pytest_emid.information.reference.decoded import decoded, decoded_obstacle
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.results import Record, Side

__all__ = [
    "MINIMUM_CLUSTERS",
    "MINIMUM_SAMPLES",
    "Scored",
    "check_size",
    "collapsed",
    "differences",
    "foreign_questions",
    "score",
    "side",
]

Float = NDArray[np.float64]

MINIMUM_SAMPLES: Final = 10
MINIMUM_CLUSTERS: Final = 4
FOREIGN: Final = 0.1
"""A smaller loss of explained variance than this moves no share retained by much."""


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


def check_size(dataset: Dataset) -> None:
    """Refuse a set that is too small for any interval.

    Raises:
        EstimationError: fewer than `MINIMUM_SAMPLES` samples or `MINIMUM_CLUSTERS` clusters.
    """
    n, clusters = len(dataset), len(set(dataset.clusters))
    if n < MINIMUM_SAMPLES or clusters < MINIMUM_CLUSTERS:
        raise EstimationError(
            f"dataset {dataset.name!r} has {n} samples in {clusters} clusters; at least {MINIMUM_SAMPLES} samples in "
            f"{MINIMUM_CLUSTERS} clusters are needed for an interval, and 60 or more for a useful one. "
            "Raise the limit, or add samples."
        )


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
    arrays = (calibration.whitening, answered.response, answered.reference, condition)
    if reliability is None:
        reliability = reliability_of(*arrays, clusters=clusters, seed=seed)
    can_decode = decoded_obstacle(len(dataset), len(set(clusters))) is None
    # What answers everything alike says nothing, exactly: I(Y_ref; constant) = 0.
    silent = np.zeros(len(dataset)) if answered.only_answer is not None else None
    return Scored(
        answered=answered,
        psi_response=_told(calibration, answered, answered),
        psi_reference=contributions(calibration.critic, answered.query, answered.reference),
        information=direct(*arrays, reliability=reliability, clusters=clusters, seed=seed)
        if silent is None
        else silent,
        reliability=reliability,
        decoded=(decoded(*arrays, clusters=clusters, seed=seed) if silent is None else silent) if can_decode else None,
        cosine=cosine_to_reference(answered.response, answered.reference),
        exact=exact_match([r.text for r in answered.responses], [s.reference for s in dataset]),
    )


def foreign_questions(answered: Answered, calibration: Calibration) -> str | None:
    """Why reference information of an unpaired set reads too high, in a sentence; None where it does not.

    What a question gives away is taken out of answers by a regression that was fitted on clean questions. Of questions
    of another kind (another language) it knows nothing, and what they give away counts as information of the answer.
    """
    fitted = calibration.whitening.explained
    if not np.ptp(answered.reference, axis=0).any():
        return None
    found = calibration.whitening.explains(answered.reference, answered.text)
    if fitted - found <= FOREIGN or found >= fitted / 2:
        return None
    return (
        "These questions are of another kind than the clean ones: what they give away about the references is not what "
        f"was learned there (explained variance {found:.2f}, on clean questions {fitted:.2f}), so that the share "
        "retained reads too high. Compare with a set that asks the same samples, or with a clean set in this language."
    )


def _told(calibration: Calibration, asked: Answered, answered: Answered) -> Float:
    """Contributions to what answers say about queries.

    A model that answers everything alike says nothing: I(X; constant) = 0, and so is every contribution, whatever the
    critic. Embeddings that do not vary though the answers do are an encoder's failure, and an error.
    """
    if answered.only_answer is not None:
        return np.zeros(len(answered.responses))
    return contributions(calibration.critic, asked.query, answered.response)


def side(scored: Scored, confidence: float) -> Side:
    """The scores of one side as means with intervals, and as records."""
    dataset, clusters = scored.answered.dataset, scored.clusters

    def mean(values: Float, unit: str, support: tuple[float, float] | None = None) -> Estimate:
        return mean_interval(values, clusters, confidence, support=support, unit=unit)

    records = tuple(
        Record(
            id=sample.id,
            cluster=sample.cluster_id,
            category=sample.category,
            question=sample.question,
            reference=sample.reference,
            response=response.text,
            outcome=str(response.outcome),
            emi=float(scored.emi[i]),
            information=float(scored.information[i]),
            decoded=None if scored.decoded is None else float(scored.decoded[i]),
            cosine=float(scored.cosine[i]),
            exact=float(scored.exact[i]),
        )
        for i, (sample, response) in enumerate(zip(dataset, scored.answered.responses, strict=True))
    )
    return Side(
        dataset=dataset.name,
        fingerprint=dataset.fingerprint,
        records=records,
        mi_response=float(scored.psi_response.mean()),
        mi_reference=float(scored.psi_reference.mean()),
        emi=mean(scored.emi, "critic scale"),
        information=mean(scored.information, "cosine"),
        decoded=None if scored.decoded is None else mean(scored.decoded, "cosine"),
        cosine=mean(scored.cosine, "cosine"),
        exact=mean(scored.exact, "fraction", (0.0, 1.0)),
    )


def collapsed(clean: Scored, shifted: Scored) -> tuple[str, ...]:
    """Sentences about sides on which every answer is the same."""
    sides = (
        (clean, "clean", "there is nothing that a shift could take away. Check the model, its prompt and its pictures"),
        (shifted, "shifted", "they say nothing about the samples"),
    )
    return tuple(
        f"All {len(side.answered.responses)} {name} answers are the same ({answer[:60]!r}): {meaning}."
        for side, name, meaning in sides
        if (answer := side.answered.only_answer) is not None
    )


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


def differences(
    clean: Scored, shifted: Scored, calibration: Calibration, paired: bool, confidence: float
) -> Differences:
    """Clean minus shifted (or shifted over clean) of every measure, each with the interval that fits the design."""
    clusters, others = clean.clusters, shifted.clusters

    def drop(a: Float, b: Float, unit: str, support: tuple[float, float] | None = None) -> Estimate:
        if paired:
            return paired_interval(a, b, clusters, confidence, support=support, unit=unit)
        return unpaired_interval(a, b, clusters, others, confidence, unit=unit)

    def retained(a: Float, b: Float) -> Estimate:
        if paired:
            return retained_interval(a, b, clusters, confidence)
        return unpaired_retained_interval(a, b, clusters, others, confidence)

    anchored = None
    if paired:
        anchored = clean.psi_response - _told(calibration, clean.answered, shifted.answered)
    return Differences(
        emid=drop(clean.emi, shifted.emi, "critic scale"),
        anchored_emid=None if anchored is None else mean_interval(anchored, clusters, confidence),
        anchored=None if anchored is None else tuple(float(value) for value in anchored),
        information_lost=drop(clean.information, shifted.information, "cosine"),
        information_retained=retained(clean.information, shifted.information),
        decoded_retained=(
            None if clean.decoded is None or shifted.decoded is None else retained(clean.decoded, shifted.decoded)
        ),
        cosine_drop=drop(clean.cosine, shifted.cosine, "cosine"),
        exact_drop=drop(clean.exact, shifted.exact, "fraction", (0.0, 1.0)),
    )
