"""Ten shifts of pictures with writing, one test each: an OCR model reads signs, receipts and product labels."""

from importlib.util import find_spec

import pytest

from pytest_emid import assert_information_retained

MISSING = [name for name in ("rapidocr", "onnxruntime", "skimage", "matplotlib") if find_spec(name) is None]
if MISSING:
    pytest.skip(f"the OCR suite needs {', '.join(MISSING)}: pip install 'pytest-emid[ocr]'", allow_module_level=True)

ROBUST = ("brightness:3", "fog:3", "frost:3", "jpeg_compression:3")
WEAK = {}


@pytest.mark.parametrize("shift", ROBUST)
def test_still_reads(measure_emid, shift):
    assert_information_retained(measure_emid(shift), 0.9)
