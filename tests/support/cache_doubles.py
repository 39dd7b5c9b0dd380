"""Models and encoders that count what they are asked, for tests of the cache."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.models.base import Outcome, Response


def text_for(sample: Sample) -> str:
    return f"{image_digest(sample.open_image())[:6]} {sample.question}"


class CountingModel:
    """Answers from picture and question; logs every question to `asked`, and to a file that processes share."""

    def __init__(
        self,
        fingerprint: str = "m1",
        *,
        failing: Sequence[str] = (),
        raise_after: int | None = None,
        log: Path | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.name = "counting"
        self.fingerprint = fingerprint
        self.failing = set(failing)
        self.raise_after = raise_after
        self.asked: list[str] = []
        self._log = log
        self._seconds = seconds

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for position in reversed(range(len(samples))):
            sample = samples[position]
            if self.raise_after == len(self.asked):
                raise RuntimeError("the model broke")
            self.asked.append(sample.id)
            if self._log is not None:
                with self._log.open("a") as file:
                    file.write(f"{os.getpid()} {sample.id}\n")
            time.sleep(self._seconds)
            if sample.id in self.failing:
                yield position, Response("", Outcome.FAILED, error="too hard")
            else:
                yield position, Response(text_for(sample), entropy=0.25)


class CountingEncoder:
    """Unit vectors from the content; counts what it encodes."""

    def __init__(self, fingerprint: str = "e1", width: int = 5) -> None:
        self.name = "encoder"
        self.fingerprint = fingerprint
        self.width = width
        self.encoded: list[int] = []
        self.spoil: dict[str, float] = {}

    def encode(self, inputs: Sequence[Image.Image | str]) -> np.ndarray:
        self.encoded.append(len(inputs))
        rows = []
        for item in inputs:
            content = item if isinstance(item, str) else image_digest(item)
            seed = int(hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest(), 16) % 2**32
            row = np.random.default_rng(seed).normal(size=self.width)
            row /= np.linalg.norm(row)
            rows.append(row * self.spoil.get(content, 1.0))
        return np.array(rows, dtype=np.float32)


def make_samples(n: int, pictures: int | None = None) -> list[Sample]:
    """`n` samples on `pictures` pictures; the questions differ."""
    shared = [Image.new("RGB", (4, 4), (i, 2 * i, 255 - i)) for i in range(pictures or n)]
    return [Sample(f"s{i}", shared[i % len(shared)], f"question {i}", "x") for i in range(n)]


def run_worker(folder: str, n: int, log: str, seconds: float, wait: str = "") -> None:
    """One process's part: ask for everything and write the answers down."""
    from pytest_emid.cache import Cache

    while wait and not Path(wait).exists():
        time.sleep(0.005)
    with Cache(folder) as cache:
        responses = cache.respond(CountingModel(log=Path(log), seconds=seconds), make_samples(n))
    Path(f"{log}.{os.getpid()}.out").write_text("\n".join(response.text for response in responses))
