"""What is fitted once on clean references, from what, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from spelled_world import Side, pairs

from pytest_emid.data import Dataset
from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.embedding import Embedded
from pytest_emid.measuring.results import CriticReport

DATASET = Dataset("pairs", pairs(120, 7, "c", per_cluster=4)[0])
ARRAYS = Side(DATASET, [[sample.reference for sample in DATASET]]).arrays()
EMBEDDED = Embedded(DATASET, ARRAYS.image, ARRAYS.text, ARRAYS.reference)


def numbers(whitening: Whitening) -> list[bytes]:
    return [array.tobytes() for array in (whitening.slope, whitening.intercept, whitening.whitener)]


@pytest.mark.parametrize("seed", [0, 4])
def test_both_are_fitted_on_references_by_clusters_and_seed(seed: int) -> None:
    found = Calibration.fit(EMBEDDED, "some pairs", seed, "club-ridge")
    critic = RidgeCritic.fit(ARRAYS.query, ARRAYS.reference, clusters=ARRAYS.clusters, seed=seed)
    whitening = Whitening.fit(ARRAYS.reference, ARRAYS.text, clusters=ARRAYS.clusters, seed=seed)
    assert found.report().fingerprint == critic.fingerprint
    assert numbers(found.whitening) == numbers(whitening)
    assert found.references is EMBEDDED.reference
    assert found.report() == CriticReport(critic.kind, critic.fingerprint, "some pairs", 120, critic.held_out_r2)
    if seed == 0:
        unseeded = Calibration.fit(EMBEDDED, "some pairs", critic="club-ridge")
        assert unseeded.report().fingerprint == critic.fingerprint
        assert numbers(unseeded.whitening) == numbers(whitening)


def test_pairs_that_cannot_be_fitted_are_named() -> None:
    alike = Embedded(DATASET, ARRAYS.image, ARRAYS.text, np.repeat(ARRAYS.reference[:1], 120, axis=0))
    with pytest.raises(EstimationError, match=r"^cannot calibrate on the 120 reference pairs of 'pairs': .") as caught:
        Calibration.fit(alike, "some pairs")
    assert caught.value.__suppress_context__
