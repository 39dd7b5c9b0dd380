"""Shifts of samples with several pictures, and without one."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pytest_emid import shifts
from pytest_emid.data import Dataset, Sample

ONE, OTHER = (Image.fromarray(np.random.default_rng(i).integers(0, 256, (24, 24, 3), dtype=np.uint8)) for i in range(2))
ALONE = Sample("s", ONE, "What is it?", "That.")
PAIR = Sample("s", None, "Is <image 1> like <image 2>?", "Yes.", images=(ONE, OTHER))
TWINS = PAIR.with_(images=(ONE, ONE))
NONE = Sample("none", None, "What is two and two?", "Four.")


def pixels(sample: Sample) -> list[bytes]:
    return [picture.tobytes() for picture in sample.open_images()]


def test_every_picture_is_shifted_with_draws_of_its_own() -> None:
    shift = shifts.parse("gaussian_noise:3")
    (alone,) = pixels(shift.apply_sample(ALONE, 0))
    first, second = pixels(shift.apply_sample(PAIR, 0))
    assert first == alone  # what one picture becomes does not depend on a second
    assert second != OTHER.tobytes()
    twins = pixels(shift.apply_sample(TWINS, 0))
    assert twins[0] == alone != twins[1]
    assert pixels(shift.apply_sample(PAIR, 0)) == [first, second] != pixels(shift.apply_sample(PAIR, 1))


def test_a_set_is_shifted_as_its_samples_are() -> None:
    shift = shifts.parse("gaussian_noise:3+case:5")
    dataset = Dataset("d", [PAIR, NONE])
    shifted = shift.apply(dataset, 0)
    assert pixels(shifted[0]) == pixels(shift.apply_sample(PAIR, 0))
    assert shifted[0].question == "IS <image 1> LIKE <image 2>?"
    assert (shifted[1].pictures, shifted[1].question) == ((), "WHAT IS TWO AND TWO?")
    swapped = Dataset("d", [PAIR.with_(images=(OTHER, ONE)), NONE])
    assert shift.apply(swapped, 0).fingerprint != shifted.fingerprint


def test_a_shift_of_one_s_own_gets_one_picture_at_a_time() -> None:
    seen = []

    @shifts.register_visual("mirror_of_each", severities=(1,))
    def mirror(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
        seen.append(image.size)
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    try:
        shifted = shifts.parse("mirror_of_each:1").apply(Dataset("d", [PAIR]), 0)
        assert pixels(shifted[0]) == [p.transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes() for p in (ONE, OTHER)]
        assert set(seen) == {(24, 24)}
    finally:
        shifts.unregister("mirror_of_each")
