"""A page to look at what shifts do: samples x shifts x severities, with the text before and after.

One HTML file that needs nothing else. Texts are data: they are escaped, and the page's policy allows no script, no
request, and no style but its own. Pictures are re-encoded, so that nothing of the original files is in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from PIL import Image

from pytest_emid import shifts
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample, pictures_digest
from pytest_emid.data.writing import writing
from pytest_emid.errors import EmidError
from pytest_emid.measuring.plain import scrub
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.reports.beside import beside
from pytest_emid.plugin.reports.changes import changes
from pytest_emid.shifts.base import Shift

__all__ = ["ContactSheet"]

SAMPLES: Final = 4
LARGEST: Final = 192
LAYOUTS: Final = (
    *((LARGEST, 1.0), (160, 1.0), (128, 1.0), (128, 0.75), (128, 0.5), (96, 1.0), (96, 0.75), (96, 0.5)),
    *((128, 0.0), (96, 0.0), (72, 0.0), (56, 0.0)),
)
"""Longest side of the pictures in pixels, and share of the samples shown (at least one); the first that fits."""
BUDGET: Final = 4_000_000
"""Bytes of pictures in a page."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What became of one sample under one shift at one severity; None: as it was. `other`: another sample's id.
    `answer`: what was answered, where that was right on clean data and is wrong here."""

    picture: Image.Image | None = None
    text: str | None = None
    problem: str = ""
    other: str = ""
    answer: str | None = None


@dataclass(slots=True)
class _Shown:
    """A clean sample and its cells, by shift (without severity) and severity."""

    sample: Sample
    picture: Image.Image | None
    digest: str
    rows: dict[str, dict[int | None, _Cell]] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """Under how many shifts its answer became wrong."""
        return sum(cell.answer is not None for cells in self.rows.values() for cell in cells.values())


class ContactSheet:
    """Gathers what shifts make of a few samples of each dataset, and writes the page.

    Args:
        samples: shown of each dataset, with different pictures where there are so many.
        budget: bytes of pictures in the page; pictures are made smaller and fewer samples shown until they fit.
    """

    def __init__(self, samples: int = SAMPLES, budget: int = BUDGET) -> None:
        self._samples = samples
        self._budget = budget
        self._shown: dict[tuple[str, str, int], list[_Shown]] = {}
        self._seen: set[tuple[str, str, int, str]] = set()

    @property
    def scenarios(self) -> int:
        """How many shifts, at a severity each, were added."""
        return len(self._seen)

    def add(self, dataset: Dataset, shift: Shift | str | Dataset, seed: int, result: EmidResult | None = None) -> None:
        """Draw a shift of a dataset; what was drawn before is not drawn again, unless there is a result now.

        A shift that cannot be applied is shown with its error: the page is for looking, and no gate. With a result,
        samples that were right and are wrong under the shift are shown first, with their answers.

        Raises:
            DataError: a clean picture cannot be read.
            ShiftError: an id cannot be parsed.
        """
        if isinstance(shift, str):
            shift = shifts.parse(shift)
        if isinstance(shift, Dataset):
            shift = shifts.natural(shift, paired=shift.ids == dataset.ids)
        place = (dataset.name, dataset.fingerprint, seed)
        lost = {} if result is None else _lost(result)
        if (*place, shift.id) in self._seen and not lost:
            return
        if place not in self._shown:
            self._shown[place] = [self._clean(sample) for sample in _chosen(dataset, self._samples)]
        self._seen.add((*place, shift.id))
        self._join(dataset, self._shown[place], lost)
        name, severity = _family(shift)
        try:
            cells = self._cells(self._shown[place], shift, shift.apply(dataset, seed))
        except EmidError as error:
            cells = [_Cell(problem=str(error))] * len(self._shown[place])
        for shown, cell in zip(self._shown[place], cells, strict=True):
            answer = lost.get(shown.sample.id)
            shown.rows.setdefault(name, {})[severity] = cell if answer is None else replace(cell, answer=answer)

    def _join(self, dataset: Dataset, all_shown: list[_Shown], lost: Mapping[str, str]) -> None:
        """Show samples that failed as well: in all, no more of them than samples are shown."""
        known = {shown.sample.id for shown in all_shown}
        room = self._samples - sum(shown.failures > 0 or shown.sample.id in lost for shown in all_shown)
        failing = [sample for sample in dataset if sample.id in lost and sample.id not in known]
        all_shown += [self._clean(sample) for sample in failing[: max(0, room)]]

    def _cells(self, all_shown: list[_Shown], shift: Shift, shifted: Dataset) -> list[_Cell]:
        if shift.paired:
            by_id = {sample.id: sample for sample in shifted}
            return [_cell(shown, by_id[shown.sample.id]) for shown in all_shown]
        others = _chosen(shifted, len(all_shown))
        cells = [_Cell(_seen(o.open_images()), o.question, other=o.id) for o in others]
        return cells + [_Cell(problem=f"{shifted.name!r} has no further sample.")] * (len(all_shown) - len(cells))

    def write(self, path: Path) -> None:
        """Write the page; folders are created.

        Raises:
            OSError: it cannot be written.
        """
        page = self.render()
        with writing(path) as stream:
            stream.write(page)

    def render(self) -> str:
        """The page."""
        side, count, groups = self._fitting()
        template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        source = files("pytest_emid.plugin.reports")
        style = (source / "contact_sheet.css").read_text("utf-8")
        return template.from_string((source / "contact_sheet.html.jinja").read_text("utf-8")).render(
            style=style,
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            groups=groups,
            side=side,
            scenarios=self.scenarios,
            fewer=count < max((len(shown) for shown in self._shown.values()), default=0),
        )

    def _clean(self, sample: Sample) -> _Shown:
        pictures = sample.open_images()
        return _Shown(sample, _seen(pictures), pictures_digest(pictures))

    def _fitting(self) -> tuple[int, int, list[dict[str, Any]]]:
        """Side, samples and views of the first layout that fits the budget; the last one is taken as it comes."""
        for side, share in LAYOUTS[:-1]:
            count = max(1, round(share * self._samples))
            try:
                return side, count, self._groups(_Encoder(side, self._budget), count)
            except _TooLarge:
                continue
        return LAYOUTS[-1][0], 1, self._groups(_Encoder(LAYOUTS[-1][0], None), 1)

    def _groups(self, encoder: _Encoder, count: int) -> list[dict[str, Any]]:
        return [
            {
                "dataset": scrub(name),
                "seed": seed,
                "samples": [_sample_view(shown, encoder) for shown in _first(all_shown)[:count]],
            }
            for (name, _, seed), all_shown in self._shown.items()
        ]


class _TooLarge(Exception):  # noqa: N818 - no error: the next layout is tried
    """The pictures exceed the budget."""


class _Encoder:
    """Pictures to data URIs of PNGs, up to so many bytes in all."""

    def __init__(self, side: int, budget: int | None) -> None:
        self._side = side
        self._left = budget

    def __call__(self, picture: Image.Image | None) -> str | None:
        if picture is None:
            return None
        buffer = BytesIO()
        _thumbnail(picture, self._side).save(buffer, "PNG")
        uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        if self._left is not None:
            self._left -= len(uri)
            if self._left < 0:
                raise _TooLarge
        return uri


def _seen(pictures: Sequence[Image.Image]) -> Image.Image | None:
    row = beside(pictures)
    return None if row is None else _thumbnail(row, LARGEST)


def _thumbnail(picture: Image.Image, side: int) -> Image.Image:
    """A copy without metadata, at most `side` pixels high and wide."""
    copy = Image.frombytes("RGB", picture.size, picture.tobytes())
    copy.thumbnail((side, side))
    return copy


def _chosen(dataset: Dataset, count: int) -> list[Sample]:
    """Samples with different pictures, and different questions of these, in order; then any, until there are enough."""
    clusters: dict[str, list[Sample]] = {}
    for sample in dataset:
        clusters.setdefault(sample.cluster_id, []).append(sample)
    chosen = [members[i % len(members)] for i, members in enumerate(list(clusters.values())[:count])]
    taken = {sample.id for sample in chosen}
    return chosen + [sample for sample in dataset if sample.id not in taken][: count - len(chosen)]


def _lost(result: EmidResult) -> dict[str, str]:
    """Id to answer of the samples that were right and are wrong now."""
    if not result.paired:
        return {}
    right = {record.id for record in result.clean.records if record.exact == 1.0}
    return {record.id: record.response for record in result.shifted.records if record.id in right and not record.exact}


def _first(all_shown: list[_Shown]) -> list[_Shown]:
    """Those that failed most often first, else as they came."""
    return sorted(all_shown, key=lambda shown: -shown.failures)


def _family(shift: Shift) -> tuple[str, int | None]:
    """The row of a shift, and its severity where a row has several."""
    components = getattr(shift, "components", ())
    match = re.fullmatch(r"(.+):(\d+)", shift.id) if len(components) == 1 else None
    return (match[1], int(match[2])) if match else (shift.id, None)


def _cell(shown: _Shown, sample: Sample) -> _Cell:
    pictures = sample.open_images()
    return _Cell(
        picture=None if pictures_digest(pictures) == shown.digest else _seen(pictures),
        text=None if sample.question == shown.sample.question else sample.question,
    )


def _sample_view(shown: _Shown, encode: _Encoder) -> dict[str, Any]:
    sample = shown.sample
    rows = []
    for name, cells in shown.rows.items():
        ordered = sorted(cells.items(), key=lambda pair: pair[0] or 0)
        views = [_cell_view(level, cell, sample.question, encode) for level, cell in ordered]
        rows.append({"name": scrub(name), "cells": views})
    return {
        "id": scrub(sample.id),
        "category": scrub(sample.category),
        "question": scrub(sample.question),
        "reference": scrub(sample.reference),
        "image": encode(shown.picture),
        "rows": rows,
    }


def _cell_view(severity: int | None, cell: _Cell, before: str, encode: _Encoder) -> dict[str, Any]:
    return {
        "severity": severity,
        "image": encode(cell.picture),
        "text": [] if cell.text is None else changes("" if cell.other else scrub(before), scrub(cell.text)),
        "other": scrub(cell.other),
        "problem": scrub(cell.problem),
        "answer": None if cell.answer is None else scrub(cell.answer),
        "unchanged": cell == _Cell(),
    }
