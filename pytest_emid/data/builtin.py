"""The built-in datasets by name, as a user writes them in `emid_dataset`."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Final

from pytest_emid.data import scenes
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError

__all__ = ["DATASETS", "load", "scenes_dataset"]

SCENES_VERSION: Final = 1
"""Raised whenever a picture, a question or an answer of a given seed changes."""

DATASETS: Final = ("scenes",)


def scenes_dataset(n: int = 300, seed: int = 0, stream: str = "evaluation") -> Dataset:
    """`n` samples of the built-in set: three questions (conversation, detail, complex) per picture.

    Args:
        n: samples, at least 1; pictures are `ceil(n / 3)`.
        seed: another seed gives other pictures.
        stream: sets of different streams share no picture, whatever their seeds; `calibration` is what critics and
            whitenings are fitted on.

    Raises:
        DataError: `n` is below 1.
    """
    if n < 1:
        raise DataError(f"scenes: cannot make {n} samples; ask for at least 1.")
    samples: list[Sample] = []
    for picture in range(-(-n // len(scenes.CATEGORIES))):
        rng = scenes.generator(seed, stream, picture)
        of = scenes.scene(rng)
        cluster = f"scene-{picture:06d}"
        image = LazyImage(load=partial(scenes.draw, of), source=f"scenes:{stream}:{seed}:{picture}")
        for category in scenes.CATEGORIES:
            question = scenes.ask(of, category, rng)
            samples.append(
                Sample(
                    id=f"{cluster}-{category}",
                    image=image,
                    question=question.text,
                    reference=question.answer,
                    category=category,
                    cluster=cluster,
                )
            )
    del samples[n:]
    recipe = f"scenes:{SCENES_VERSION}:{stream}:{seed}:{n}"
    return Dataset("scenes", samples, hashlib.sha256(recipe.encode()).hexdigest())


def load(spec: str, n: int | None = None, seed: int = 0) -> Dataset:
    """A built-in dataset by name.

    Raises:
        DataError: the name is unknown; the message lists the names.
    """
    if spec == "scenes":
        return scenes_dataset(seed=seed) if n is None else scenes_dataset(n, seed)
    raise DataError(
        f"unknown built-in dataset {spec!r}. Known: {', '.join(DATASETS)}. "
        "For your own data define the fixture emid_dataset in conftest.py and return a pytest_emid.data.Dataset."
    )
