"""Users' shifts: what they make is looked at in every run, and what they do not make twice is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cache_doubles import CountingModel
from PIL import Image

from pytest_emid import shifts
from pytest_emid.cache import Cache
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError, ShiftError

GLOBAL = np.random.default_rng(0)


@pytest.fixture
def clean() -> Dataset:
    pictures = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (6, 6, 3), np.uint8)) for i in range(9)]
    return Dataset("clean", [Sample(f"s{i}", image, f"What is {i}?", "x") for i, image in enumerate(pictures)])


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    yield
    shifts.unregister("mine")


class Cap:
    """Covers a share of the pictures, by an attribute that no source shows."""

    def __init__(self, share: float) -> None:
        self.share = share

    def __call__(self, image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
        return Image.new("RGB", image.size) if rng.random() < self.share else image


def asked(folder: Path, share: float, clean: Dataset) -> list[str]:
    shifts.register_visual("mine", (1,), replace=True)(Cap(share))
    model = CountingModel()
    with Cache(folder) as cache:
        cache.respond(model, shifts.parse("mine:1").apply(clean, 0))
    return model.asked


def test_a_changed_attribute_is_seen(tmp_path: Path, clean: Dataset) -> None:
    assert len(asked(tmp_path, 0.1, clean)) == 9
    assert asked(tmp_path, 0.1, clean) == []
    covered = asked(tmp_path, 1.0, clean)
    assert covered
    assert asked(tmp_path, 1.0, clean) == []


@pytest.mark.parametrize("name", ["picture", "text"])
def test_what_does_not_repeat_is_refused(clean: Dataset, name: str) -> None:
    if name == "picture":
        shifts.register_visual("mine", (1,))(lambda image, severity, rng: GLOBAL.random((6, 6, 3)))
    else:
        shifts.register_textual("mine", (1,))(lambda text, severity, rng: f"{text} {GLOBAL.integers(1 << 40)}")
    with pytest.raises(ShiftError) as caught:
        shifts.parse("mine:1").apply(clean, 0)
    assert str(caught.value) == (
        "shift mine:1 does not repeat: applied twice to sample 's0', it made two different things, so an answer would "
        "belong to neither. Draw all randomness from the rng that the function is given, not from a generator of its "
        "own or a global one, and keep no state between calls."
    )


def test_what_seldom_does_not_repeat_is_noticed_when_it_is_asked(clean: Dataset) -> None:
    calls = 0

    @shifts.register_visual("mine", (1,))
    def now_and_then(image: Image.Image, severity: int, rng: np.random.Generator) -> Image.Image:
        nonlocal calls
        calls += 1
        return Image.new("RGB", image.size) if calls > 15 else image

    shifted = shifts.parse("mine:1").apply(clean, 0)
    assert shifted.fingerprint
    with pytest.raises(DataError, match=r"^sample 's\d': its picture, from .* is another one than when"):
        Cache(None).respond(CountingModel(), shifted)
