"""Every visual shift beyond ImageNet-C: any size and mode, the same each time, stronger at higher levels."""

import hashlib
import itertools
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image, __version__
from refusals import refused
from shift_pictures import array, distance, installed_photographs, made, photograph, random_picture, scenes

from pytest_emid import shifts
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.builtin import BUILTIN
from pytest_emid.shifts.light.curves import light_of
from pytest_emid.shifts.light.exposure import LOW_LIGHT
from pytest_emid.shifts.overlays.marks import OCCLUSION
from pytest_emid.shifts.transmission.sensor import DEAD

NAMES = [name for name in shifts.names("visual") if ".corruptions." not in BUILTIN[name].module]
if "AVIF" not in Image.registered_extensions().values():
    NAMES.remove("avif")
DRAWN = [
    *("rotation", "perspective", "crop", "aspect_ratio", "pixel_shift", "low_light"),
    *("rolling_shutter", "banding", "dead_pixels", "occlusion", "watermark", "screen_photo", "fax"),
]
"""Those whose draws differ from sample to sample; the others are the same for all."""
OPTIONS = [
    *(f"{name}(fill={fill}):4" for name in ("rotation", "perspective") for fill in ("grey", "white", "mirror")),
    *("pad(fill=white):2", "aspect_ratio(fill=grey):3", "flip(axis=vertical)", "occlusion(fill=black):3"),
    *(f"downsample(filter={f}):3" for f in ("box", "bilinear", "hamming", "bicubic", "lanczos")),
    *("low_resolution(scale=published):3", "pixel_shift(scale=published):1", "colour_temperature(to=cold):5"),
    *("colour_blindness(form=protanopia):5", "colour_blindness(form=tritanopia):5", "text_neutral(like=label):5"),
]


def few_levels(name: str) -> list[shifts.SyntheticShift]:
    return shifts.visual(name)[:: 4 if shifts.get(name).severities else 1]


@pytest.mark.parametrize("name", NAMES)
def test_every_size(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in [(1, 1), (1, 9), (9, 1), (2, 3), (50, 37), (260, 12)]:
            for image in (random_picture(*size), Image.new("RGB", size)):
                for shift in few_levels(name):
                    shifted = made(shift, image, 3)
                    assert (shifted.size, shifted.mode) == (size, "RGB"), shift


@pytest.mark.parametrize("written", OPTIONS)
def test_every_option(written: str) -> None:
    shift, image = shifts.parse(written), photograph(60)
    assert str(shift) == written
    plain = shifts.parse(f"{shift.components[0].name}{'' if shift.severity is None else f':{shift.severity}'}")
    assert made(shift, image).size == image.size
    small = made(shift, random_picture(1, 2))
    assert small.size == (1, 2)
    same = written.startswith("text_neutral") or "scale=published" in written  # alike where the picture is small
    assert same or made(shift, image).tobytes() != made(plain, image).tobytes()


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "I;16", "F", "P"])
def test_every_mode(mode: str) -> None:
    image = random_picture(30, 20, "L" if mode in ("I;16", "F") else mode if mode != "P" else "RGB").convert(mode)
    for name in NAMES:
        shifted = made(few_levels(name)[-1], image)
        assert (shifted.mode, shifted.size) == ("RGB" if mode == "P" else mode, image.size), name


@pytest.mark.parametrize("name", NAMES)
def test_seed_and_sample_decide(name: str) -> None:
    image = photograph(48)
    shift = shifts.visual(name)[min(3, len(shifts.visual(name)) - 1)]
    once = made(shift, image, 1, "a").tobytes()
    assert made(shift, image, 1, "a").tobytes() == once
    others = {
        made(shift, image, seed, key).tobytes() for seed, key in [(2, "a"), (1, "b"), (3, "c"), (4, "d"), (5, "e")]
    }
    assert (others != {once}) == (name in DRAWN)


@pytest.mark.parametrize("name", NAMES)
def test_distance_from_clean_rises_with_severity_on_scenes(name: str) -> None:
    assert_rising(name, scenes())


@pytest.mark.parametrize("name", NAMES)
def test_distance_from_clean_rises_with_severity_on_photographs(name: str) -> None:
    assert_rising(name, installed_photographs())


def assert_rising(name: str, pictures: list[Image.Image]) -> None:
    levels = [
        float(np.mean([distance(p, made(shift, p, 0, str(i))) for i, p in enumerate(pictures)]))
        for shift in shifts.visual(name)
    ]
    assert levels[0] > 0
    assert all(b > a for a, b in itertools.pairwise(levels)), levels


def test_another_process_makes_the_same() -> None:
    code = (
        "import hashlib; from shift_pictures import made, photograph; from pytest_emid import shifts\n"
        f"image, names = photograph(40), {NAMES[::-1]!r}\n"
        "made_all = [made(shifts.visual(name)[-1], image, 7).tobytes() for name in names]\n"
        "print(hashlib.sha256(b''.join(made_all[::-1])).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_env())
    image = photograph(40)
    here = hashlib.sha256(b"".join(made(shifts.visual(name)[-1], image, 7).tobytes() for name in NAMES)).hexdigest()
    assert run.stdout.strip() == here


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONHASHSEED": "7"}


# -- what each is by definition --


def test_a_rotation_turns_about_the_middle_and_keeps_what_is_there() -> None:
    image = Image.new("RGB", (101, 101))
    image.paste((255, 255, 255), (50, 10, 51, 11))  # 40 above the middle
    spots = set()
    for key in range(12):
        turned = array(made(shifts.parse("rotation:5"), image, 0, str(key)))[..., 0]
        rows, columns = np.indices(turned.shape)
        y, x = (turned * rows).sum() / turned.sum() - 50, (turned * columns).sum() / turned.sum() - 50
        spots.add((round(x / 3) * 3, round(y / 3) * 3))
    far = 40 * np.sin(np.deg2rad(25)), -40 * np.cos(np.deg2rad(25))
    assert spots == {(round(s * far[0] / 3) * 3, round(far[1] / 3) * 3) for s in (1, -1)}


def test_perspective_loses_no_corner() -> None:
    image = Image.new("RGB", (80, 60), "white")
    shares = [(array(made(s, image)).mean() / 255) for s in shifts.visual("perspective")]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx((1 - 2 * 0.75 * 0.18) ** 2, abs=0.1)


def test_a_higher_crop_lies_within_a_lower_one() -> None:
    ramp = Image.fromarray(np.indices((100, 120))[1].astype(np.uint8)).convert("RGB")
    spans = []
    for shift in shifts.visual("crop"):
        values = array(made(shift, ramp))
        spans.append((values.min(), values.max()))
    assert all(a[0] <= b[0] and b[1] <= a[1] for a, b in itertools.pairwise(spans))
    assert spans[-1][1] - spans[-1][0] == pytest.approx(60, abs=3)


def test_padding_and_squeezing_keep_the_whole_picture() -> None:
    image = Image.new("RGB", (200, 100), "white")
    assert array(made(shifts.parse("pad:5"), image)).mean() / 255 == pytest.approx(0.09, abs=0.01)
    assert array(made(shifts.parse("aspect_ratio:5"), image)).mean() / 255 == pytest.approx(0.37, abs=0.01)


def test_a_pixel_shift_is_whole() -> None:
    image = random_picture(224, 224)
    moved = array(made(shifts.parse("pixel_shift:5"), image))
    clean = array(image)
    views = {
        (y, x): clean[32 - y * 32 : 192 - y * 32, 32 - x * 32 : 192 - x * 32] for y in (-1, 0, 1) for x in (-1, 0, 1)
    }
    same = [place for place, view in views.items() if np.array_equal(view, moved[32:192, 32:192])]
    assert len(same) == 1
    assert same != [(0, 0)]


def test_low_light_is_darker_by_the_stated_share_of_light() -> None:
    grey = Image.new("RGB", (150, 150), (180, 180, 180))
    before = light_of(grey).mean()
    for shift, (share, full, read) in zip(shifts.visual("low_light")[:3], LOW_LIGHT, strict=False):
        after = light_of(made(shift, grey))
        assert after.mean() / before == pytest.approx(share, rel=0.05)
        assert after.std() == pytest.approx(np.sqrt(share * before / full + (read / full) ** 2), rel=0.15)


def test_full_levels_are_the_full_effect() -> None:
    image = random_picture(40, 30)
    grey = array(made(shifts.parse("greyscale:5"), image))
    assert (grey.max(2) == grey.min(2)).all()
    assert np.array_equal(array(made(shifts.parse("invert:5"), image)), 255 - array(image))
    assert set(np.unique(array(made(shifts.parse("posterise:5"), image)))) == {0, 128}
    faxed = set(np.unique(array(made(shifts.parse("fax:5"), image))))
    assert faxed == {0, 255}


def test_white_stays_no_colder_than_it_says() -> None:
    white = Image.new("RGB", (2, 2), "white")
    warm, cold = (
        made(shifts.parse(f"colour_temperature(to={to}):5"), white).getpixel((0, 0)) for to in ("warm", "cold")
    )
    assert warm[0] == 255 > warm[1] > warm[2]
    assert cold[2] == 255 > cold[1] > cold[0]


def test_greys_are_grey_to_the_colour_blind() -> None:
    for form in ("deuteranopia", "protanopia", "tritanopia"):
        for value in (0, 60, 128, 255):
            seen = made(shifts.parse(f"colour_blindness(form={form}):5"), Image.new("RGB", (1, 1), (value,) * 3))
            assert max(abs(channel - value) for channel in seen.getpixel((0, 0))) <= 2
    red, green = (
        np.array(made(shifts.parse("colour_blindness:5"), Image.new("RGB", (1, 1), colour)).getpixel((0, 0)), float)
        for colour in ((200, 60, 60), (112, 112, 40))
    )
    assert np.abs(red - green).max() < 40 < np.abs(np.array((200, 60, 60)) - (112, 112, 40)).max()


def test_covered_shares_are_what_they_say() -> None:
    black = Image.new("RGB", (200, 200))
    before = np.zeros((200, 200), bool)
    for shift, share in zip(shifts.visual("occlusion"), OCCLUSION, strict=True):
        covered = array(made(shift, black)).max(2) > 0
        assert covered.mean() == pytest.approx(share, abs=0.01)
        assert (covered | ~before).all()  # what a lower level covers, a higher one does
        before = covered
    for shift, share in zip(shifts.visual("dead_pixels"), DEAD, strict=True):
        assert (array(made(shift, black)).max(2) > 0).mean() == pytest.approx(share * 7 / 8, rel=0.2)


def test_avif_says_what_it_needs(monkeypatch) -> None:
    monkeypatch.setattr(Image, "registered_extensions", dict)
    assert refused(lambda: shifts.parse("avif:1").apply_image(Image.new("RGB", (8, 8))), ShiftError) == (
        f"shift avif: Pillow {__version__} here cannot write AVIF. Install one that can, pip install 'pillow>=11.3', "
        "or take webp."
    )
