"""What is too small is known before anything is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_emid import EstimationError
from pytest_emid.data import scenes_dataset
from pytest_emid.data.dataset import Dataset
from pytest_emid.measuring.checks import check_can_pass, check_fits, check_size

MANY = Dataset("many", [sample.with_(cluster=f"c{i % 19}") for i, sample in enumerate(scenes_dataset(90))])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: check_size(scenes_dataset(9)),
            "dataset 'scenes' has 9 samples in 3 clusters; at least 10 samples in 4 clusters are needed for an "
            "interval, and 60 or more for a useful one. Raise the limit, or add samples.",
        ),
        (
            lambda: check_fits(scenes_dataset(19)),
            "cannot calibrate on the 19 reference pairs of 'scenes': at least 20 are needed. Nothing was asked. Raise "
            "the limit, or let emid_calibration return a set of 300 or more.",
        ),
        (
            lambda: check_can_pass(scenes_dataset(60), scenes_dataset(57)),
            "dataset 'scenes' has 57 samples in 19 clusters: no gate passes on fewer than 60 samples in 20 clusters. "
            "Nothing was asked. Raise the limit, or look without a verdict: --emid-undecided=warn.",
        ),
        (
            lambda: check_can_pass(MANY),
            "dataset 'many' has 90 samples in 19 clusters: no gate passes on fewer than 60 samples in 20 clusters. "
            "Nothing was asked. Raise the limit, or look without a verdict: --emid-undecided=warn.",
        ),
    ],
)
def test_too_few(call: Callable[[], None], message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message


def test_enough() -> None:
    check_size(scenes_dataset(12))
    check_fits(scenes_dataset(20))
    check_can_pass(scenes_dataset(60))
