"""Robustness tests of a served model: the clean questions and six shifts, each asked once, within a budget."""

import pytest

from pytest_emid import Outcome, assert_information_retained, shifts


@pytest.mark.parametrize("shift", shifts.visual("defocus_blur", severity=[1, 3]), ids=str)
def test_blurred_photos(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.7)


@pytest.mark.parametrize("shift", shifts.visual("jpeg_compression", severity=[3]), ids=str)
def test_what_uploads_do_to_photos(measure_emid, shift):
    """Re-encoding on the way to the server: the requests themselves are lossless."""
    assert_information_retained(measure_emid(shift), 0.8)


@pytest.mark.parametrize("shift", shifts.textual("keyboard", severity=[1, 2]), ids=str)
def test_typos(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.6)


@pytest.mark.parametrize("shift", shifts.joint("defocus_blur:1", "keyboard:1"), ids=str)
def test_blur_and_typos_together(measure_emid, shift):
    result = measure_emid(shift)
    assert_information_retained(result, 0.5)
    cut = [record.id for record in result.shifted.records if record.outcome == Outcome.TRUNCATED]
    assert not cut, f"answers reached max_tokens: {cut[:5]}"
