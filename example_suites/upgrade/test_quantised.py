"""Quantised against full precision: 8 bits a weight must not cost more than 5 % of the information, under any shift."""

from pathlib import Path

import pytest
import rounding

import pytest_emid
from pytest_emid import assert_no_regression, models

BUILT_IN = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"


@pytest.fixture(scope="session")
def emid_model(tmp_path_factory):
    folder = rounding.round_to_int8(BUILT_IN, tmp_path_factory.mktemp("int8"))
    return models.load(folder, name="tiny-llava-int8")


@pytest.mark.parametrize("shift", ["defocus_blur:3", "frost:1"])
def test_eight_bits_are_enough(measure_emid, in_use, shift):
    baseline = measure_emid.against(in_use, shift)
    assert_no_regression(measure_emid(shift), 0.05, baseline=baseline)
