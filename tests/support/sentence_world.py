"""A small world of sentences about pictures, and an encoder that hardly hears the words that matter."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from pytest_emid.data import Dataset, Sample
from pytest_emid.measuring.embedding import Answered
from pytest_emid.models.base import Response

D = 32
NAMES = "dog cat car bus tree chair table lamp phone book cup plate horse boat train bird clock bench sofa bed"
THINGS = NAMES.split(" ")
UNHEARD = ("left", "right")


class Words:
    """The sum of a vector for every word, which for some words is short."""

    name = fingerprint = "words"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._of(text) for text in texts])

    def _of(self, text: str) -> np.ndarray:
        total = np.full(D, 1e-3)
        for word in re.findall(r"\w+", text.lower()) or ["nothing"]:
            vector = np.random.default_rng(zlib.crc32(word.encode())).normal(size=D)
            total += vector * (0.05 if word in UNHEARD else 1.0)
        return (total / np.linalg.norm(total)).astype(np.float32)


class Grey:
    name = fingerprint = "grey"

    def encode(self, images: Sequence[Image.Image]) -> np.ndarray:
        rows = np.stack([np.random.default_rng(np.asarray(image)[0, 0, 0]).normal(size=D) for image in images])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def dataset(n: int, seed: int = 0, name: str = "sentences") -> Dataset:
    """Questions about three things a picture; where one of them is cannot be told from the question."""
    rng, samples = np.random.default_rng([21, seed]), []
    for i in range(n):
        a, b, c = (THINGS[j] for j in rng.choice(len(THINGS), 3, replace=False))
        side = "left" if rng.random() < 0.5 else "right"
        image = Image.new("RGB", (2, 2), (i // 3 % 256, seed % 256, 0))
        reference = f"The {a} is on the {side} of the {b} with a {c}."
        samples.append(Sample(f"{name}{i}", image, f"Where is the {a}?", reference, cluster=f"{name}{i // 3}"))
    return Dataset(name, samples)


def right(of: Dataset) -> list[str]:
    """True answers in other words."""
    return [sample.reference.replace("is on", "is to") for sample in of]


def mirrored(texts: Sequence[str]) -> list[str]:
    """Left for right."""
    other = {"left": "right", "right": "left"}
    return [re.sub("left|right", lambda found: other[found.group()], text) for text in texts]


def told(of: Dataset, answers: Sequence[str]) -> Answered:
    samples, words = list(of), Words()
    return Answered(
        dataset=of,
        image=Grey().encode([sample.open_image() for sample in samples]),
        text=words.encode([sample.question for sample in samples]),
        reference=words.encode([sample.reference for sample in samples]),
        responses=tuple(Response(text) for text in answers),
        response=words.encode(answers),
    )
