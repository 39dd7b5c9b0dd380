"""What is refused before anything is asked or fitted."""

from __future__ import annotations

from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample, pictures_digest
from pytest_emid.errors import DataError, EstimationError
from pytest_emid.measuring.verdicts import MINIMUM_CLUSTERS, MINIMUM_SAMPLES

__all__ = [
    "FEWEST_CLUSTERS",
    "FEWEST_SAMPLES",
    "FEWEST_TO_FIT",
    "check_can_pass",
    "check_disjoint",
    "check_fits",
    "check_size",
    "same_samples",
]

FEWEST_SAMPLES: Final = 10
"""Fewer give no interval at all. `verdicts.MINIMUM_SAMPLES` is how many a PASS takes."""
FEWEST_CLUSTERS: Final = 4
FEWEST_TO_FIT: Final = 20
"""Reference pairs from which critic and whitening can be fitted."""


def check_size(dataset: Dataset) -> None:
    """Refuse a set that is too small for any interval.

    Raises:
        EstimationError: fewer than `FEWEST_SAMPLES` samples or `FEWEST_CLUSTERS` clusters.
    """
    n, clusters = len(dataset), len(set(dataset.clusters))
    if n < FEWEST_SAMPLES or clusters < FEWEST_CLUSTERS:
        raise EstimationError(
            f"dataset {dataset.name!r} has {n} samples in {clusters} clusters; at least {FEWEST_SAMPLES} samples in "
            f"{FEWEST_CLUSTERS} clusters are needed for an interval, and 60 or more for a useful one. "
            "Raise the limit, or add samples."
        )


def check_fits(pairs: Dataset) -> None:
    """Refuse reference pairs that are too few to fit critic and whitening on.

    Args:
        pairs: the calibration set, or the tested set where there is none.

    Raises:
        EstimationError: fewer than `FEWEST_TO_FIT`.
    """
    if len(pairs) < FEWEST_TO_FIT:
        raise EstimationError(
            f"cannot calibrate on the {len(pairs)} reference pairs of {pairs.name!r}: at least {FEWEST_TO_FIT} are "
            "needed. Nothing was asked. Raise the limit, or let emid_calibration return a set of 300 or more."
        )


def check_can_pass(*sets: Dataset) -> None:
    """Refuse sets that are too small for any gate to pass.

    Raises:
        EstimationError: fewer than `MINIMUM_SAMPLES` samples or `MINIMUM_CLUSTERS` clusters.
    """
    for dataset in sets:
        n, clusters = len(dataset), len(set(dataset.clusters))
        if n < MINIMUM_SAMPLES or clusters < MINIMUM_CLUSTERS:
            raise EstimationError(
                f"dataset {dataset.name!r} has {n} samples in {clusters} clusters: no gate passes on fewer than "
                f"{MINIMUM_SAMPLES} samples in {MINIMUM_CLUSTERS} clusters. Nothing was asked. Raise the limit, or "
                "look without a verdict: --emid-undecided=warn."
            )


def same_samples(clean: Dataset, other: Dataset) -> bool:
    """Equal ids alone do not make a pair: two unrelated tables may both be numbered from 0."""
    return [(s.id, s.reference) for s in clean] == [(s.id, s.reference) for s in other]


def check_disjoint(calibration: Dataset, tested: Dataset) -> None:
    """Refuse a calibration set that holds tested pairs: it would flatter the critic.

    Raises:
        DataError: a sample of the same question, reference and picture stands in both; the message names the first.
    """
    asked = {(sample.question, sample.reference): sample for sample in tested}
    seen: dict[tuple[int, ...], str] = {}

    def pictures(sample: Sample) -> str:
        """Their digest; of what several samples share, made once."""
        key = tuple(map(id, sample.pictures))
        if key not in seen:
            seen[key] = pictures_digest(sample.open_images())
        return seen[key]

    for sample in calibration:
        twin = asked.get((sample.question, sample.reference))
        # pictures are opened only where the texts already agree
        if twin is not None and pictures(sample) == pictures(twin):
            raise DataError(
                f"calibration sample {sample.id!r} is also tested sample {twin.id!r} of {tested.name!r}. Leave tested "
                "samples out of the calibration set, or return None from emid_calibration to fit on the tested "
                "references on purpose."
            )
