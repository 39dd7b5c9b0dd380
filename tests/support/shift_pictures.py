"""Pictures to shift, and how far a shifted one is from clean."""

import io
from importlib import resources

import numpy as np
import pytest
from PIL import Image

from pytest_emid import shifts
from pytest_emid.data.scenes.scene import draw, generator, scene
from pytest_emid.shifts.pictures import apply_in_mode

WRITTEN = "The square is blue."


def random_picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    values = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


def photograph(side: int) -> Image.Image:
    """Smooth clouds with some edges."""
    coarse = np.random.default_rng(5).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    clouds = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    clouds.paste((250, 240, 30), (side // 4, side // 3, side // 2, side // 2))
    return clouds


def array(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.float64)


def distance(before: Image.Image, after: Image.Image) -> float:
    """Mean absolute difference, 0..255."""
    return float(np.abs(array(before) - array(after)).mean())


def dissimilarity(before: Image.Image, after: Image.Image, window: int = 7) -> float:
    """1 - structural similarity (Wang et al., 2004) with a square window, on grey values."""
    a, b = (np.lib.stride_tricks.sliding_window_view(array(p.convert("L")), (window, window)) for p in (before, after))
    (ma, mb), (va, vb) = ([x.mean((2, 3)) for x in (a, b)], [x.var((2, 3)) for x in (a, b)])
    covariance = (a * b).mean((2, 3)) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * ma * mb + c1) * (2 * covariance + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(1 - similarity.mean())


def installed_photographs() -> list[Image.Image]:
    """Those that ship inside the wheel of scikit-image."""
    folder = resources.files(pytest.importorskip("skimage", reason="scikit-image is not installed")) / "data"
    names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "motorcycle_left.png")
    pictures = [
        Image.open(io.BytesIO((folder / name).read_bytes())).convert("RGB").resize((224, 224)) for name in names
    ]
    assert len(pictures) == len(names)
    return pictures


def scenes(n: int = 8) -> list[Image.Image]:
    return [draw(scene(generator(0, "rising", index))) for index in range(n)]


def made(shift: shifts.SyntheticShift, image: Image.Image, seed: int = 0, sample_id: str = "s") -> Image.Image:
    """As `apply_image`, with a text for shifts that write one."""
    (part,) = shift.components
    definition = shifts.get(part.name)
    return apply_in_mode(part, definition, image, seed, sample_id, WRITTEN if definition.writes else None)
