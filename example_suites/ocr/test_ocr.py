"""Ten shifts of pictures with writing, one test each: an OCR model reads signs, receipts and product labels."""

from importlib.util import find_spec

import pytest

from pytest_emid import assert_information_retained

MISSING = [name for name in ("rapidocr", "onnxruntime", "skimage", "matplotlib") if find_spec(name) is None]
if MISSING:
    pytest.skip(f"the OCR suite needs {', '.join(MISSING)}: pip install 'pytest-emid[ocr]'", allow_module_level=True)

AT_LEAST = 0.9
"""The share of what was read of clean pictures that must still be read."""

ROBUST = ("brightness:3", "fog:3", "jpeg_compression:3")
KNOWN_WEAKNESSES = {
    "frost:3": "a third of the totals is not found under the ice",
    "snow:3": "half of the shops are misread, half of the totals not found",
    "contrast:4": "three of four totals are not found",
    "gaussian_noise:3": "two of three totals are not found",
    "motion_blur:1": "of receipts hardly a total is found, and half of the prices are not",
    "pixelate:1": "receipts and prices, written small, are misread or not found",
    "defocus_blur:1": "no total is found, and hardly a shop or a price",
}
"""What breaks the model today, with the reason; a model that has got over a weakness fails until its line is out."""


@pytest.mark.parametrize("shift", ROBUST)
def test_still_reads(measure_emid, shift):
    assert_information_retained(measure_emid(shift), AT_LEAST)


@pytest.mark.parametrize(
    "shift", [pytest.param(s, marks=pytest.mark.xfail(reason=why, strict=True)) for s, why in KNOWN_WEAKNESSES.items()]
)
def test_known_weakness(measure_emid, shift):
    assert_information_retained(measure_emid(shift), AT_LEAST)
