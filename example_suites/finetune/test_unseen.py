"""A fine-tuned model under shifts that it was not trained on, against the model that it came from."""

import pytest

from pytest_emid import assert_no_regression, models

UNSEEN = ["fog:3", "brightness:3"]


@pytest.fixture(scope="session")
def before():
    return models.load("tiny-llava")


@pytest.mark.parametrize("shift", UNSEEN)
def test_it_is_no_worse_than_before(measure_emid, before, shift):
    assert_no_regression(measure_emid(shift), 0.05, baseline=measure_emid.against(before, shift))
