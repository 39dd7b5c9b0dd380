"""What is refused before anything is asked or fitted."""

from __future__ import annotations

from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import image_digest
from pytest_emid.errors import DataError, EstimationError

__all__ = ["FEWEST_CLUSTERS", "FEWEST_SAMPLES", "check_disjoint", "check_size", "same_samples"]

FEWEST_SAMPLES: Final = 10
"""Fewer give no interval at all. `verdicts.MINIMUM_SAMPLES` is how many a PASS takes."""
FEWEST_CLUSTERS: Final = 4


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


def same_samples(clean: Dataset, other: Dataset) -> bool:
    """Equal ids alone do not make a pair: two unrelated tables may both be numbered from 0."""
    return [(s.id, s.reference) for s in clean] == [(s.id, s.reference) for s in other]


def check_disjoint(calibration: Dataset, tested: Dataset) -> None:
    """Refuse a calibration set that holds tested pairs: it would flatter the critic.

    Raises:
        DataError: a sample of the same question, reference and picture stands in both; the message names the first.
    """
    asked = {(sample.question, sample.reference): sample for sample in tested}
    for sample in calibration:
        twin = asked.get((sample.question, sample.reference))
        # pictures are opened only where the texts already agree
        if twin is not None and image_digest(sample.open_image()) == image_digest(twin.open_image()):
            raise DataError(
                f"calibration sample {sample.id!r} is also tested sample {twin.id!r} of {tested.name!r}. Leave tested "
                "samples out of the calibration set, or return None from emid_calibration to fit on the tested "
                "references on purpose."
            )
