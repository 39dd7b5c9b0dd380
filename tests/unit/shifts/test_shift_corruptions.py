"""Visual shifts: valid for every picture, right by their definitions, and stronger at higher levels."""

import io
import itertools
import warnings
from functools import partial

import numpy as np
import pytest
from PIL import Image
from refusals import refused
from shift_pictures import array, dissimilarity, distance, installed_photographs, photograph, random_picture

from pytest_emid import shifts
from pytest_emid.data.scenes.scene import draw, generator, scene
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.builtin import BUILTIN
from pytest_emid.shifts.corruptions import blur, digital, kernels, noise, weather
from pytest_emid.shifts.corruptions.frost_texture import STYLES, texture
from pytest_emid.shifts.corruptions.warp import mirrored, sample

NAMES = [name for name in shifts.names("visual") if BUILTIN[name].module.startswith("pytest_emid.shifts.corruptions")]
"""Those of ImageNet-C."""


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (50, 37), (260, 12)])
@pytest.mark.parametrize("name", NAMES)
def test_every_size(name: str, size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for image in (random_picture(*size), Image.new("RGB", size), Image.new("RGB", size, "white")):
            for shift in shifts.visual(name, severity=[1, 5]):
                shifted = shift.apply_image(image, 3, "s")
                assert (shifted.size, shifted.mode) == (size, "RGB")


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "I", "F", "I;16", "I;16B"]
)
def test_every_mode(mode: str) -> None:
    if mode.startswith("I"):
        values = np.random.default_rng(0).integers(0, 65536, (20, 30))
        kinds = {"I": "<i4", "I;16": "<u2", "I;16B": ">u2"}
        image = Image.frombytes(mode, (30, 20), values.astype(kinds[mode]).tobytes())
    elif mode == "F":
        image = Image.fromarray(np.random.default_rng(0).random((20, 30), dtype=np.float32))
    elif mode in ("LA", "La", "RGBa"):
        image = random_picture(30, 20, "RGBA").convert("LA" if mode == "La" else mode).convert(mode)
    else:
        image = random_picture(30, 20, mode)
    shifted = shifts.parse("contrast:1").apply_image(image)
    assert (shifted.mode, shifted.size) == (mode, image.size)
    before, after = array(image), array(shifted)
    if mode in ("L", "I", "F", "I;16", "I;16B"):  # contrast keeps the mean and 40 % of the spread, at any depth
        assert after.mean() == pytest.approx(before.mean(), rel=0.01)
        assert after.std() == pytest.approx(0.4 * before.std(), rel=0.02)


def test_transparency_stays() -> None:
    image = random_picture(30, 20, "RGBA")
    image.putalpha(random_picture(30, 20, "L"))
    shifted = shifts.parse("gaussian_noise:5").apply_image(image)
    assert shifted.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    palette = random_picture(30, 20).convert("P")
    assert shifts.parse("gaussian_noise:5").apply_image(palette).mode == "RGB"
    palette.info["transparency"] = 0
    assert shifts.parse("gaussian_noise:5").apply_image(palette).mode == "RGBA"


def test_pictures_that_cannot_be_shifted(monkeypatch) -> None:
    def refuse(self, mode):
        raise ValueError(f"conversion from {self.mode} to {mode} not supported")

    apply = shifts.parse("contrast:1").apply_image
    lab, empty, endless = Image.new("LAB", (3, 2)), Image.new("RGB", (3, 0)), Image.new("F", (3, 2), float("nan"))
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "convert", refuse)
        messages = [refused(partial(apply, image, sample_id="s"), ShiftError) for image in (lab, empty, endless)]
    assert messages == [
        f"shift contrast:1: the picture of sample 's' {problem}"
        for problem in (
            "has mode LAB, which cannot be converted to RGB. Convert it first.",
            "is empty, (3, 0).",
            "holds values that are not finite.",
        )
    ]


@pytest.mark.parametrize("name", NAMES)
def test_seed_and_sample_decide(name: str) -> None:
    image = photograph(48)
    shift = shifts.visual(name, severity=4)[0]
    once = shift.apply_image(image, 1, "a").tobytes()
    assert shift.apply_image(image, 1, "a").tobytes() == once
    others = {shift.apply_image(image, 2, "a").tobytes(), shift.apply_image(image, 1, "b").tobytes()}
    fixed = name in (
        "brightness",
        "defocus_blur",
        "zoom_blur",
        "gaussian_blur",
        "contrast",
        "saturate",
        "pixelate",
        "jpeg_compression",
    )
    assert (others == {once}) if fixed else (once not in others)


# Distances that rise with the level on scenes. Frost brightens most at level 1, so that its pixels say less than its
# structure does. Published levels that do not rise: saturate takes colour away at 1 and 2 and adds it from 3 on; snow
# covers as much at level 2, with small flakes, as at level 3.
RISING = dict.fromkeys(NAMES, distance) | {"frost": dissimilarity}


@pytest.mark.parametrize("name", NAMES)
def test_distance_from_clean_rises_with_severity_on_scenes(name: str) -> None:
    pictures = [draw(scene(generator(0, "rising", index))) for index in range(8)]
    levels = [
        float(np.mean([RISING[name](p, shift.apply_image(p, 0, str(i))) for i, p in enumerate(pictures)]))
        for shift in shifts.visual(name)
    ]
    assert_rising(name, levels)


def assert_rising(name: str, levels: list[float]) -> None:
    assert levels[0] > 0
    steps = list(np.diff(levels) / levels[:-1])
    if name == "saturate":
        del steps[1]
    if name == "snow":
        assert steps.pop(1) > -0.1
    assert min(steps) > 0, levels


@pytest.mark.parametrize("name", NAMES)
def test_distance_from_clean_rises_with_severity_on_photographs(name: str) -> None:
    pictures = installed_photographs()
    levels = [
        float(np.mean([RISING[name](p, shift.apply_image(p, 0, str(i))) for i, p in enumerate(pictures)]))
        for shift in shifts.visual(name)
    ]
    assert_rising(name, levels)


@pytest.mark.parametrize(
    "name", ["defocus_blur", "gaussian_blur", "motion_blur", "glass_blur", "snow", "spatter", "frost"]
)
def test_scale_image_means_the_same_at_any_size(name: str) -> None:
    """Shifted then reduced is close to reduced then shifted; with published pixels it is not."""
    large = photograph(448)
    middle, small = (large.resize((side, side), Image.Resampling.BOX) for side in (224, 112))

    def strength(image: Image.Image, shift: str) -> float:
        shifted = [shifts.parse(shift).apply_image(image, seed, "a") for seed in range(4)]
        return float(np.mean([distance(small, s.resize((112, 112), Image.Resampling.BOX)) for s in shifted]))

    at_448, at_224, at_112 = (strength(image, f"{name}:4") for image in (large, middle, small))
    assert at_448 == pytest.approx(at_224, rel=0.15)
    # Swaps by less than a pixel cannot be: in a small picture glass takes whole pixels.
    assert at_112 == pytest.approx(at_224, rel=0.7 if name == "glass_blur" else 0.3)
    if name in ("defocus_blur", "gaussian_blur", "motion_blur"):
        assert strength(large, f"{name}(scale=published):4") < 0.75 * at_448
        assert strength(small, f"{name}(scale=published):4") > 1.25 * at_112


def test_published_scale_is_image_scale_at_the_published_side() -> None:
    image = photograph(224)
    for shift in shifts.visual("defocus_blur", "snow", "pixelate", "gaussian_noise", severity=2):
        published = shifts.parse(f"{shift.components[0].name}(scale=published):2")
        assert shift.apply_image(image, 1).tobytes() == published.apply_image(image, 1).tobytes()


# -- what each corruption is by definition --


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_disks_are_disks_of_any_radius() -> None:
    for radius in (0.3, 0.86, 2.9, 3, 6.4, 10):
        kernel = kernels.disk(radius, 0.0).astype(np.float64)
        offsets = np.arange(len(kernel)) - len(kernel) // 2
        assert kernel.sum() == pytest.approx(1, abs=1e-6)
        np.testing.assert_array_equal(kernel, kernel.T)
        np.testing.assert_array_equal(kernel, kernel[::-1, ::-1])
        # The variance of a disk along an axis is r^2 / 4; that of a pixel, 1/12, is lost or gained at the rim.
        assert (kernel * offsets[:, None] ** 2).sum() == pytest.approx(radius**2 / 4, abs=0.15)
    np.testing.assert_allclose(kernels.disk(10.0, 0.5)[10, 8:13], kernels.disk(10.0, 0.5).max(), rtol=1e-6)


def test_gaussians_have_the_variance_they_are_asked_for() -> None:
    for sigma in (0.2, 0.5, 0.6, 1, 3.3):
        line = kernels.gaussian(sigma).astype(np.float64)
        offsets = np.arange(len(line)) - len(line) // 2
        assert line.sum() == pytest.approx(1, abs=1e-6)
        assert (line * offsets**2).sum() == pytest.approx(sigma**2, rel=0.05)


def test_convolution_agrees_with_its_definition_and_mirrors_edges() -> None:
    pixels = rng().random((7, 9, 3), dtype=np.float32)
    kernel = rng().random((3, 5), dtype=np.float32)
    padded = np.pad(pixels, ((1, 1), (2, 2), (0, 0)), mode="reflect")
    expected = sum(kernel[i, j] * padded[2 - i : 2 - i + 7, 4 - j : 4 - j + 9] for i in range(3) for j in range(5))
    np.testing.assert_allclose(kernels.convolve(pixels, kernel), expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 1.9, 2.5, 6.0])
def test_short_and_long_gaussians_agree(sigma: float) -> None:
    pixels = rng().random((30, 41, 3), dtype=np.float32)
    line = kernels.gaussian(sigma)
    np.testing.assert_allclose(kernels.blur(pixels, sigma), kernels.convolve(pixels, np.outer(line, line)), atol=1e-5)


@pytest.mark.parametrize(("planes", "sigma"), [(1, 0.5), (2, 2.0), (1, 12.0)])
def test_smooth_noise_has_unit_spread_and_is_smooth(planes: int, sigma: float) -> None:
    field = kernels.smooth_noise((planes, 300, 310), sigma, rng())
    assert field.shape == (planes, 300, 310)
    assert field.std() == pytest.approx(1, abs=0.12)
    neighbours = float((field[:, :, 1:] * field[:, :, :-1]).mean() / field.var())
    assert neighbours == pytest.approx(np.exp(-1 / (4 * sigma**2)), abs=0.1 if sigma >= 1 else 0.5)


def test_streaks_point_where_they_should() -> None:
    kernel = kernels.streak(21, 8, 30.0, 1.0).astype(np.float64)
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    down, right = (kernel * offsets[:, None]).sum(), (kernel * offsets).sum()
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert np.degrees(np.arctan2(down, right)) == pytest.approx(30, abs=0.5)
    # The mean of a half Gaussian is sigma * sqrt(2 / pi); the streak begins half a pixel before its centre.
    assert np.hypot(down, right) == pytest.approx(8 * np.sqrt(2 / np.pi), rel=0.12)


def test_sampling_is_bilinear_and_mirrored() -> None:
    pixels = rng().random((5, 6, 3), dtype=np.float32)
    rows, columns = np.array([[1.25, -1.0]], np.float32), np.array([[2.5, 6.0]], np.float32)
    found = sample(pixels, rows, columns)
    expected = 0.75 * (pixels[1, 2] + pixels[1, 3]) / 2 + 0.25 * (pixels[2, 2] + pixels[2, 3]) / 2
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-6)
    np.testing.assert_allclose(found[0, 1], pixels[1, 4], atol=1e-6)
    assert mirrored(np.arange(-4, 8, dtype=np.int32), 3).tolist() == [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]


@pytest.mark.parametrize("name", ["defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"])
@pytest.mark.parametrize("severity", [1, 5])
def test_blurs_keep_what_is_even(name: str, severity: int) -> None:
    even = Image.new("RGB", (70, 60), (10, 128, 250))
    assert shifts.visual(name, severity=severity)[0].apply_image(even).tobytes() == even.tobytes()


def test_zoom_blur_is_centred() -> None:
    image = photograph(64)
    image = Image.fromarray(np.maximum(np.asarray(image), np.asarray(image)[::-1, ::-1]))  # the same upside down
    blurred = array(shifts.parse("zoom_blur:5").apply_image(image))
    assert np.abs(blurred - blurred[::-1, ::-1]).max() <= 1


def test_glass_blur_carries_pixels_as_far_as_it_says() -> None:
    gradient = np.zeros((200, 250, 3), np.uint8)
    gradient[...] = np.arange(250)[:, None]
    sigma, carried = blur.GLASS[4]
    glass = np.asarray(blur.glass_blur(Image.fromarray(gradient), 5, rng(), scale="published")) * 255
    inside = (slice(None), slice(60, -60), 0)
    spread = (glass[inside] - gradient[inside]).std()  # a level per column
    averaged = carried / (2 * np.sqrt(np.pi) * sigma)  # the second blur averages independent neighbours
    assert spread == pytest.approx(averaged, rel=0.1)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_noises_have_their_published_strength(severity: int) -> None:
    grey = Image.new("RGB", (120, 120), (128, 128, 128))
    value = 128 / 255
    normal = noise.gaussian_noise(grey, severity, rng(), scale="image")
    assert normal.std() == pytest.approx(noise.GAUSSIAN[severity - 1], rel=0.03)
    assert normal.mean() == pytest.approx(value, abs=0.01)
    speckle = noise.speckle_noise(grey, severity, rng(), scale="image")
    assert speckle.std() == pytest.approx(value * noise.SPECKLE[severity - 1], rel=0.03)
    photons = noise.SHOT[severity - 1]
    dark = Image.new("RGB", (120, 120), (40, 40, 40))  # so dark that white is out of reach
    shot = noise.shot_noise(dark, severity, rng(), scale="image") / 255 * photons
    assert shot.mean() == pytest.approx(40 / 255 * photons, rel=0.05)
    assert shot.var() == pytest.approx(40 / 255 * photons, rel=0.08)
    impulse = noise.impulse_noise(grey, severity, rng(), scale="image")
    for lost in (0, 255):
        assert (impulse == lost).mean() == pytest.approx(noise.IMPULSE[severity - 1] / 2, rel=0.1)
    assert set(np.unique(impulse)) == {0, 128, 255}


def test_noise_of_a_low_level_is_part_of_that_of_a_high_one() -> None:
    image = photograph(64)
    lost = [
        np.asarray(shifts.parse(f"impulse_noise:{level}").apply_image(image, 4, "a")) != np.asarray(image)
        for level in range(1, 6)
    ]
    for low, high in itertools.pairwise(lost):
        assert not (low & ~high).any()


def test_grain_grows_with_the_picture() -> None:
    large = Image.new("RGB", (672, 680), (128, 128, 128))
    coarse = np.asarray(shifts.parse("impulse_noise:3").apply_image(large))
    blocks = coarse[:672, :672].reshape(224, 3, 224, 3, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    fine = np.asarray(shifts.parse("impulse_noise(scale=published):3").apply_image(large))
    blocks = fine[:672, :672].reshape(224, 3, 224, 3, 3)
    assert not (blocks == blocks[:, :1, :, :1]).all()


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_brightness_raises_the_value_and_keeps_the_hue(severity: int) -> None:
    image = Image.fromarray(np.array([[[200, 100, 50], [0, 0, 0], [10, 20, 20], [255, 0, 7]]], np.uint8))
    risen = weather.brightness(image, severity, rng())[0]
    value = np.minimum(np.array([200, 0, 20, 255]) / 255 + severity / 10, 1)
    np.testing.assert_allclose(risen.max(axis=1), value, atol=1e-6)
    np.testing.assert_allclose(risen[1], severity / 10, atol=1e-6)
    for row, clean in ((0, (200, 100, 50)), (2, (10, 20, 20)), (3, (255, 0, 7))):
        np.testing.assert_allclose(risen[row] / risen[row].max(), np.array(clean) / max(clean), atol=1e-5)


@pytest.mark.parametrize(
    ("severity", "factor", "extra"), [(1, 0.3, 0), (2, 0.1, 0), (3, 2, 0), (4, 5, 0.1), (5, 20, 0.2)]
)
def test_saturation_is_that_of_hsv(severity: int, factor: float, extra: float) -> None:
    import colorsys

    colours = [(200, 150, 100), (30, 31, 35), (255, 0, 0), (90, 200, 120)]
    image = Image.fromarray(np.array([[*colours, (77, 77, 77), (0, 0, 0)]], np.uint8))
    changed = digital.saturate(image, severity, rng())[0]
    for got, colour in zip(changed, colours, strict=False):
        h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in colour))
        np.testing.assert_allclose(got, colorsys.hsv_to_rgb(h, min(1, s * factor + extra), v), atol=1e-5)
    np.testing.assert_allclose(changed[4:], [[77 / 255] * 3, [0] * 3], atol=1e-6)


def test_contrast_keeps_each_channels_mean() -> None:
    image = photograph(60)
    for shift, left in zip(shifts.visual("contrast"), digital.CONTRAST, strict=True):
        before, after = array(image).reshape(-1, 3), array(shift.apply_image(image)).reshape(-1, 3)
        np.testing.assert_allclose(after, before.mean(0) + left * (before - before.mean(0)), atol=0.51)


def test_pixelate_keeps_shape_and_means() -> None:
    wide = random_picture(80, 40)
    blocks = np.asarray(shifts.parse("pixelate:5").apply_image(wide)).reshape(10, 4, 20, 4, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    means = np.asarray(wide, float).reshape(10, 4, 20, 4, 3).mean((1, 3))
    assert np.abs(blocks[:, 0, :, 0] - means).max() < 1  # Pillow rounds rows and columns in turn


def test_jpeg_is_jpeg() -> None:
    image = photograph(40)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=10)
    assert shifts.parse("jpeg_compression:4").apply_image(image).tobytes() == Image.open(file).tobytes()


@pytest.mark.parametrize("form", ["local", "imagenet_c"])
def test_elastic_moves_points_as_far_as_published(form: str) -> None:
    ramp = np.zeros((224, 224, 3), np.float32)
    ramp[..., 0], ramp[..., 1] = np.arange(224)[:, None], np.arange(224)
    places = []
    for seed in range(6):
        move = np.random.default_rng(seed)
        image = Image.fromarray(np.rint(ramp).astype(np.uint8))
        moved = digital.elastic_transform(image, 5, move, form=form, scale="image")[30:-30, 30:-30, :2] * 255
        places.append(moved - ramp[30:-30, 30:-30, :2])
    spread = np.std(np.stack(places) - np.mean(places, axis=(1, 2), keepdims=True))
    strength, softness = (30 * 0.005 * 224, 2.24) if form == "local" else (29.28, 2.44)
    expected = strength / np.sqrt(3) / (2 * np.sqrt(np.pi) * softness)
    assert spread == pytest.approx(expected, rel=0.1 if form == "local" else 1.0)
    assert spread > 0.9 * expected


def test_published_elastic_levels_shear_most_at_the_second() -> None:
    image = photograph(96)
    levels = [
        np.mean([distance(image, shift.apply_image(image, seed)) for seed in range(5)])
        for shift in shifts.visual("elastic_transform", form="imagenet_c")
    ]
    assert np.argmax(levels) == 1


def test_frost_is_the_published_blend_of_picture_and_texture() -> None:
    black = Image.new("RGB", (224, 224))
    panes = [weather.frost(black, 3, np.random.default_rng(seed), scale="published") for seed in range(30)]
    mean = np.mean([pane.mean() for pane in panes])
    of_textures = np.mean([np.asarray(texture(index)).mean() for index in range(len(STYLES))])
    assert mean == pytest.approx(0.7 * of_textures / 255, rel=0.1)
    white = Image.new("RGB", (224, 224), "white")
    for severity, (of_picture, _) in enumerate(weather.FROST, start=1):
        dark, light = (weather.frost(p, severity, rng(), scale="image") for p in (black, white))
        np.testing.assert_allclose(light - dark, of_picture, atol=1e-5)


@pytest.mark.parametrize("index", range(len(STYLES)))
def test_textures_are_reproducible_and_of_their_colour(index: int) -> None:
    values = np.asarray(texture(index), float)
    np.testing.assert_allclose(values.mean((0, 1)), STYLES[index].mean, atol=5)
    assert values.mean(2).std() == pytest.approx(STYLES[index].spread, rel=0.1)
    texture.cache_clear()
    np.testing.assert_array_equal(np.asarray(texture(index), float), values)


@pytest.mark.parametrize("severity", [1, 5])
def test_fog_is_the_published_blend(severity: int) -> None:
    strength, fading = weather.FOG[severity - 1]
    drifts = weather._drifts(64, fading, rng())
    assert (drifts.min(), drifts.max(), drifts.shape) == (0, 1, (64, 64))
    image = photograph(64)
    pixels = array(image) / 255
    expected = (pixels + strength * drifts[..., None]) * pixels.max() / (pixels.max() + strength)
    np.testing.assert_allclose(weather.fog(image, severity, rng()), expected, atol=1e-5)


def test_snow_whitens_and_streaks_only_brighten() -> None:
    image = photograph(64)
    pixels = array(image) / 255
    for severity, (*_, weight) in enumerate(weather.SNOW, start=1):
        grey = pixels @ weather.GREY
        whitened = weight * pixels + (1 - weight) * np.maximum(pixels, grey[..., None] * 1.5 + 0.5)
        snowed = weather.snow(image, severity, rng(), scale="image")
        assert (snowed > whitened - 1e-5).all()
        assert (snowed > whitened + 0.05).mean() > 0.05


def test_mud_covers_its_published_share_and_water_only_brightens() -> None:
    image = Image.new("RGB", (224, 224), (200, 200, 200))
    muddy = weather.spatter(image, 5, rng(), scale="image")
    covered = np.abs(muddy - np.array(weather.MUD) / 255).max(axis=2) < 0.2
    assert 0.15 < covered.mean() < 0.4
    for severity in (1, 2, 3):
        wet = weather.spatter(image, severity, rng(), scale="image")
        assert (wet >= 200 / 255 - 1e-6).all()
        assert 0.01 < (wet[..., 1] > 200 / 255 + 0.02).mean() < 0.4
