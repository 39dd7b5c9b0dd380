"""The paper's scenarios, one test each: what one CI job can take, and what several share.

Swap the dataset in pytest.ini for a fixture `emid_dataset` in conftest.py, and these tests test your data.
"""

import pytest

from pytest_emid import assert_information_retained, shifts

CLEAN, *SYNTHETIC = shifts.scenarios("scenes-synthetic")
_, *NATURAL = shifts.scenarios("scenes-natural")

# What holds today, by kind of scenario: pictures, questions, both. Tighten when your model gets better.
AT_LEAST = {"V": 0.5, "T": 0.4, "J": 0.15}


def test_clean(measure_emid):
    """Asks the clean questions only. Run it alone first, and all shards begin with its answers."""
    assert measure_emid(CLEAN).information_retained.value == 1.0


@pytest.mark.parametrize("scenario", SYNTHETIC, ids=str)
def test_synthetic_shift(measure_emid, scenario):
    assert_information_retained(measure_emid(scenario), AT_LEAST[scenario.kind])


@pytest.mark.parametrize("scenario", NATURAL, ids=str)
def test_natural_shift(measure_emid, scenario):
    """Other languages and domains: measured and reported; gate those that you promise."""
    measure_emid(scenario)
