"""What every built-in shift makes of one sample, kept: a change of it must raise the version of the shifts' code.

Caches of answers trust the fingerprint of a shifted dataset, and with it `CODE_VERSIONS`. When a change is meant, raise
the modality's in `pytest_emid/shifts/definition.py` and write the file anew:

    EMID_WRITE_GOLDENS=1 python -m pytest tests/unit/shifts/test_shift_goldens.py
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import shift_pictures

from pytest_emid import shifts
from pytest_emid.data.scenes.scene import draw, generator, scene
from pytest_emid.shifts.definition import CODE_VERSIONS

FILE = Path(__file__).with_name("shift_goldens.json")
CODECS = ("webp", "avif")
"""Their bytes follow the library that Pillow was built with; fonts and lines follow Pillow."""
DRAWN = ("frost", "watermark", *(name for name in shifts.names("visual") if name.startswith("text_")))
CHOICE = "Which animal is it?\nA. a cat\nB. a dog\nC. a bird"
TEXT = "What is the color of the 2 large suitcases in <image>? Größe, χρώμα, رنگ, रंग, 색상, 颜色."
PICTURE = draw(scene(generator(0, "goldens"), count=3)).resize((96, 80))


def made(shift: shifts.SyntheticShift) -> list[float] | str:
    """The text, or per channel the mean of each quarter of the picture."""
    if shift.modality == "textual":
        return shift.apply_text(CHOICE if shift.id.startswith("option_") else TEXT, 7, "golden")
    pixels = np.asarray(shift_pictures.made(shift, PICTURE, 7, "golden"), dtype=np.float64)
    return [round(float(v), 3) for v in pixels.reshape(2, 40, 2, 48, 3).mean((1, 3)).ravel()]


ALL = [
    *(s for s in shifts.visual() if s.components[0].name not in CODECS),
    *shifts.visual("elastic_transform", form="imagenet_c"),
    *shifts.textual(),
]
PUBLISHED = [
    s
    for name in shifts.names("textual")
    if "rates" in shifts.get(name).options
    for s in shifts.textual(name, rates="published")
]


def test_write() -> None:
    if os.environ.get("EMID_WRITE_GOLDENS"):
        kept = {"code_versions": CODE_VERSIONS, "made": {str(s): made(s) for s in [*ALL, *PUBLISHED]}}
        FILE.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert json.loads(FILE.read_text(encoding="utf-8"))["code_versions"] == CODE_VERSIONS


@pytest.mark.parametrize("shift", [*ALL, *PUBLISHED], ids=str)
def test_what_a_shift_makes_is_what_it_made(shift: shifts.SyntheticShift) -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))["made"][str(shift)]
    if isinstance(kept, str):
        assert made(shift) == kept
    else:
        # What Pillow draws, lines of frost and letters, differs a little between its versions.
        tolerance = 0.5 if shift.components[0].name in DRAWN else 0.02
        np.testing.assert_allclose(made(shift), kept, atol=tolerance)
