"""A model that was trained on damaged pictures against the one in use: better under the shift, and no worse without."""

import pytest

from pytest_emid import assert_no_regression, models


@pytest.fixture(scope="session")
def emid_model():
    return models.load("tiny-llava-robust")


@pytest.mark.parametrize("shift", ["frost:1", "keyboard:1"])
def test_it_is_no_worse(measure_emid, in_use, shift):
    """By information, and by a metric: exact matches."""
    result, baseline = measure_emid(shift), measure_emid.against(in_use, shift)
    assert_no_regression(result, 0.0, baseline=baseline)
    assert_no_regression(result, 0.0, "exact", baseline=baseline)


def test_the_shift_costs_less_than_it_did(measure_emid, in_use):
    """The difference in differences: the gain is robustness, and not a gain on clean data alone."""
    baseline = measure_emid.against(in_use, "frost:1")
    assert_no_regression(measure_emid("frost:1"), 0.0, beyond_clean=True, baseline=baseline)
