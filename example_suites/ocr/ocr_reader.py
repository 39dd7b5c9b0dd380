"""An OCR model as a function `(images, questions) -> answers`: it reads all lines, a rule picks those that answer.

The rules see the lines and where they stand, nothing else:

| question | answer |
| --- | --- |
| What does the sign say? | all rows, from the top |
| Which shop is the receipt from? | the first row |
| What is the total? | the first amount behind the word "total", in its row |
| Which product is it? | the row with the tallest letters, of those without an amount |
| What is the price? | the last amount of all rows |

Where no row fits, nothing was read that answers, and the answer is empty.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from pytest_emid.models import CallableModel

SETTINGS = {
    "Global.log_level": "error",
    "Global.use_cls": False,  # nothing stands upside down
    "Det.limit_side_len": 320,  # lines are looked for in the picture as it is, not in one of twice the size
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # tests may run in several processes
}
AMOUNT = re.compile(r"\d+\s?[.,]\s?\d\d(?!\d)")
TOTAL = re.compile(r"\btotal(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A line that was read, and its four corners (x, y) in pixels, clockwise from the upper left."""

    text: str
    corners: tuple[tuple[float, float], ...]

    @property
    def height(self) -> float:
        return math.dist(self.corners[0], self.corners[3])

    @property
    def slope(self) -> float:
        (left, top), (right, lower) = self.corners[:2]
        return math.atan2(lower - top, right - left)


@dataclass(frozen=True)
class Row:
    """Lines side by side, from left to right."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def height(self) -> float:
        return max(line.height for line in self.lines)


def ocr_model() -> CallableModel:
    """RapidOCR with the weights of its wheel. Answers are kept until a version, or anything in this file, changes."""
    import cv2

    versions = {name: version(name) for name in ("rapidocr", "onnxruntime")} | {"cv2": cv2.__version__}
    rules = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return CallableModel(read, name=f"rapidocr-{versions['rapidocr']}", fingerprint=f"{versions} {rules}", greedy=True)


def read(images: Sequence[Image.Image], questions: Sequence[str]) -> list[str]:
    """One answer a question."""
    return [answer(question, _lines(image)) for image, question in zip(images, questions, strict=True)]


def answer(question: str, lines: Sequence[Line]) -> str:
    """What the lines of a picture say to a question, by the rules above.

    Raises:
        ValueError: there is no rule for the question.
    """
    if question not in RULES:
        raise ValueError(f"no rule answers {question!r}; there are rules for: {'; '.join(RULES)}")
    return RULES[question](rows(lines))


def rows(lines: Sequence[Line]) -> list[Row]:
    """Lines as rows from the top: the picture is set straight by the middle slope, then what overlaps is one row."""
    if not lines:
        return []
    slope = median(line.slope for line in lines)

    def straight(line: Line) -> tuple[float, float]:
        x, y = (sum(corner[axis] for corner in line.corners) / 4 for axis in (0, 1))
        return y * math.cos(slope) - x * math.sin(slope), x * math.cos(slope) + y * math.sin(slope)

    found: list[list[Line]] = []
    for line in sorted(lines, key=straight):
        if found and straight(line)[0] - straight(found[-1][-1])[0] < median((line.height, found[-1][-1].height)) / 2:
            found[-1].append(line)
        else:
            found.append([line])
    return [Row(tuple(sorted(row, key=lambda line: straight(line)[1]))) for row in found]


def _all(rows: list[Row]) -> str:
    return " ".join(row.text for row in rows)


def _first(rows: list[Row]) -> str:
    return rows[0].text if rows else ""


def _total(rows: list[Row]) -> str:
    behind = (found[1] for row in rows if (found := TOTAL.search(row.text)))
    return next((amounts[0] for text in behind if (amounts := AMOUNT.findall(text))), "")


def _tallest(rows: list[Row]) -> str:
    named = [row for row in rows if not AMOUNT.search(row.text)]
    return max(named, key=lambda row: row.height).text if named else ""


def _price(rows: list[Row]) -> str:
    amounts = AMOUNT.findall(_all(rows))
    return amounts[-1] if amounts else ""


RULES: dict[str, Callable[[list[Row]], str]] = {
    "What does the sign say?": _all,
    "Which shop is the receipt from?": _first,
    "What is the total?": _total,
    "Which product is it?": _tallest,
    "What is the price?": _price,
}


def _lines(image: Image.Image) -> tuple[Line, ...]:
    """The lines of a picture. What is asked about one picture comes in a row, so that it is read once."""
    return lines_of(image.size, image.convert("RGB").tobytes())


@lru_cache(maxsize=32)
def lines_of(size: tuple[int, int], pixels: bytes) -> tuple[Line, ...]:
    """The lines in RGB pixels, row by row; the last pictures are remembered."""
    rgb = np.frombuffer(pixels, np.uint8).reshape(size[1], size[0], 3)
    found = _engine()(rgb[:, :, ::-1])  # as OpenCV has it: blue first
    if found.txts is None:
        return ()
    return tuple(
        Line(text, tuple((float(x), float(y)) for x, y in corners))
        for text, corners in zip(found.txts, found.boxes, strict=True)
    )


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params=SETTINGS)
