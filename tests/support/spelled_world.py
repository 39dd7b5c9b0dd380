"""A small world whose every embedding is known: questions and answers spell their vectors out, pictures show theirs.

Clean answers get the first half of the directions right and shifted answers the second half; shifted questions are
corrupted, and give much of the answer away as long as they are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pytest_emid.data import Dataset, Sample
from pytest_emid.encoders import Encoders
from pytest_emid.models.base import Response

D = 8
SLOPE = 2.0 * np.random.default_rng(1).normal(size=(D, D))


def spell(row: np.ndarray) -> str:
    return " ".join(f"{x:+.3f}" for x in row)


def unit(rows: Any) -> np.ndarray:
    matrix = np.array(rows, dtype=np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


class Spelled:
    name = fingerprint = "spelled"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return unit([[float(word) for word in text.split()] for text in texts])


class Shown:
    name = fingerprint = "shown"

    def encode(self, images: Sequence[Image.Image]) -> np.ndarray:
        return unit([np.asarray(image.convert("L"), dtype=np.float64)[0] - 100.0 for image in images])


ENCODERS = Encoders(Shown(), Spelled())


class Arrays(NamedTuple):
    """One side as the estimators take it."""

    image: np.ndarray
    text: np.ndarray
    reference: np.ndarray
    response: np.ndarray
    clusters: tuple[str, ...]

    @property
    def query(self) -> np.ndarray:
        return ((self.image + self.text) / 2).astype(np.float32)


class Side:
    """Samples with the answers of one or more draws."""

    def __init__(self, dataset: Dataset, answers: Sequence[Sequence[str]], entropies: Sequence[float] | None = None):
        self.dataset = dataset
        self.answers = answers
        self.entropies = [0.0] * len(dataset) if entropies is None else entropies

    def arrays(self, draw: int = 0) -> Arrays:
        samples, words = list(self.dataset), Spelled()
        return Arrays(
            Shown().encode([sample.open_image() for sample in samples]),
            words.encode([sample.question for sample in samples]),
            words.encode([sample.reference for sample in samples]),
            words.encode(self.answers[draw]),
            self.dataset.clusters,
        )


class Told:
    """A model that answers from a list, by id and question."""

    def __init__(self, *sides: Side, draw: int = 0, name: str = "told") -> None:
        self.sides, self.draw, self.name = sides, draw, name
        self.fingerprint = f"{name}:{draw}"
        self.draws = len(sides[0].answers)
        self._answers: Mapping[tuple[str, str], Response] = {
            (sample.id, sample.question): Response(side.answers[draw][i], entropy=side.entropies[i])
            for side in sides
            for i, sample in enumerate(side.dataset)
        }

    def redrawn(self, number: int) -> Told:
        return Told(*self.sides, draw=number, name=self.name)

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for position, sample in enumerate(samples):
            yield position, self._answers[sample.id, sample.question]


class Replaced:
    """A paired shift that puts one dataset in place of the other."""

    id, modality, paired = "replaced:1", "joint", True

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        assert dataset.ids == self.dataset.ids
        return self.dataset


def picture(row: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(100.0 + 30.0 * row, 0, 255).astype(np.uint8)[None], "L").convert("RGB")


def pairs(n: int, seed: int, prefix: str, per_cluster: int = 3) -> tuple[list[Sample], np.ndarray, np.ndarray]:
    """Samples, what their questions give away of the references, and what only the picture tells."""
    rng = np.random.default_rng([11, seed])
    seen = np.repeat(rng.normal(size=(-(-n // per_cluster), D)), per_cluster, axis=0)[:n]
    asked, content = rng.normal(size=(n, D)), rng.normal(size=(n, D)) + 0.5 * seen
    given = asked @ SLOPE / 3
    samples = [
        Sample(
            f"{prefix}{i}",
            picture(seen[i]),
            spell(asked[i]),
            spell(given[i] + content[i]),
            category=f"kind {i % 2}",
            cluster=f"{prefix}{i // per_cluster}",
        )
        for i in range(n)
    ]
    return samples, given, content


def answered(
    n: int = 180,
    *,
    seed: int = 0,
    prefix: str = "s",
    good: slice = slice(0, D // 2),
    exact: float = 0.2,
    draws: int = 1,
) -> Side:
    """A side on which answers are right in the `good` directions, and a share of them altogether."""
    samples, given, content = pairs(n, seed, prefix)
    answers = []
    for draw in range(draws):
        rng = np.random.default_rng([12, seed, draw])
        told = 1.5 * rng.normal(size=(n, D))
        told[:, good] = content[:, good] + 0.2 * rng.normal(size=(n, D))[:, good]
        lucky = rng.random(n) < exact
        answers.append([s.reference if lucky[i] else spell(given[i] + told[i]) for i, s in enumerate(samples)])
    return Side(Dataset(f"world {prefix}", samples), answers)


def spoiled(clean: Side, *, seed: int = 5, good: slice = slice(D // 2, D), exact: float = 0.05) -> Side:
    """The same samples with corrupted questions and pictures, answered in the other directions."""
    n = len(clean.dataset)
    rng = np.random.default_rng([13, seed])
    asked = rng.normal(size=(n, D))
    dim = picture(rng.normal(size=D))
    samples = [
        s.with_(question=spell(asked[i]), **({"image": dim} if i % 2 else {})) for i, s in enumerate(clean.dataset)
    ]
    truth = np.array([[float(word) for word in s.reference.split()] for s in samples])
    was = np.array([[float(word) for word in s.question.split()] for s in clean.dataset])
    given = was @ SLOPE / 3
    answers = []
    for draw in range(len(clean.answers)):
        rng = np.random.default_rng([14, seed, draw])
        told = given + 1.5 * rng.normal(size=(n, D))
        told[:, good] = truth[:, good] + 0.2 * rng.normal(size=(n, D))[:, good]
        lucky = rng.random(n) < exact
        answers.append([s.reference if lucky[i] else spell(told[i]) for i, s in enumerate(samples)])
    return Side(Dataset("spoiled", samples), answers)


def as_it_is(text: str) -> str:
    """No two answers are of one format: each is embedded as it came."""
    return ""
