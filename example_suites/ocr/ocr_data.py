"""The pictures as datasets: 150 questions to test on, and others whose references the measures are calibrated on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ocr_pictures import draw
from ocr_texts import texts

from pytest_emid import Dataset, Sample
from pytest_emid.data import LazyImage

TESTED = {"sign": range(50), "receipt": range(25), "label": range(25)}
"""Which texts of each kind; a receipt and a label are asked about twice, and are one cluster."""
CALIBRATION = {"sign": range(50, 150), "receipt": range(25, 85), "label": range(25, 85)}
"""340 questions, no text and no answer of which is among the tested ones."""
SHIFTS = (
    "brightness:3",
    "fog:3",
    "frost:3",
    "jpeg_compression:3",
    "snow:3",
    "contrast:4",
    "gaussian_noise:3",
    "motion_blur:1",
    "pixelate:1",
    "defocus_blur:1",
)


def dataset(name: str, chosen: Mapping[str, range], seed: int = 0) -> Dataset:
    """Questions about the chosen texts; another seed draws others."""
    samples = []
    for kind, numbers in chosen.items():
        for number, text in zip(numbers, texts(kind, numbers.start, numbers.stop, seed), strict=True):
            picture = f"{kind}-{seed}-{number}"
            image = LazyImage(partial(draw, text, picture), picture)
            samples += [
                Sample(f"{picture}-{i}", image, question, reference, category=kind, cluster=picture)
                for i, (question, reference) in enumerate(text.answers.items())
            ]
    return Dataset(name, samples)
