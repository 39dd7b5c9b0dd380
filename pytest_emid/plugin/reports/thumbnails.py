"""Small copies of the pictures that decided, one a picture, gathered by the processes that hold the pictures.

A worker of pytest-xdist has the datasets, the process that reports has not. So whoever measures keeps copies in a
folder that the processes of a run share, named after the picture, and whoever reports reads them there.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, features

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import EmidError
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.against import costs_by_any_gate
from pytest_emid.plugin.reports.beside import beside
from pytest_emid.shifts.base import Shift

__all__ = ["MOST", "Thumbnails", "gathered", "worst"]

SIDE: Final = 176
"""Pixels of the longest side."""
MOST: Final = 8
"""Samples of a scenario, by each measure, of whose pictures copies are kept."""
SUFFIX: Final = ".picture"


class Thumbnails:
    """Keeps copies of the pictures behind a measurement.

    Args:
        folder: made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, dataset: Dataset, shift: Shift | str | Dataset, seed: int, result: EmidResult) -> None:
        """Keep those of the samples that cost most by any gate, clean and shifted.

        The shift is drawn again, for these samples alone: it depends on nothing but seed and sample.
        """
        positions = worst(result)
        ids = [result.shifted.records[i].id for i in positions]
        wanted = {r.id: r.picture for r in result.clean.records} if result.paired else {}
        self._keep(dataset, {i: wanted[i] for i in ids if i in wanted})
        shifted = {record.id: record.picture for record in result.shifted.records}
        missing = [i for i in ids if shifted[i] and not self._path(shifted[i]).exists()]
        if not missing:
            return
        if isinstance(shift, str):
            from pytest_emid import shifts

            shift = shifts.parse(shift)
        try:
            made = shift if isinstance(shift, Dataset) else shift.apply(_part(dataset, missing), seed)
            self._keep(made, {i: shifted[i] for i in missing})
        except EmidError:
            return  # a page without a picture; the measurement stands

    def _keep(self, dataset: Dataset, digests: Mapping[str, str]) -> None:
        for sample in dataset:
            digest = digests.get(sample.id, "")
            if digest and not self._path(digest).exists() and (shown := beside(sample.open_images())) is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._path(digest)
                part = path.with_name(f"{path.name}.{os.getpid()}")
                part.write_bytes(small(shown))
                part.replace(path)

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}{SUFFIX}"


def gathered(folder: Path) -> dict[str, str]:
    """What the processes of a run kept, by the picture's digest: data URIs."""
    paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return {path.name.removesuffix(SUFFIX): data_uri(path.read_bytes()) for path in paths}


def small(picture: Image.Image) -> bytes:
    """A copy without metadata, at most `SIDE` pixels high and wide, as WebP, or as JPEG where Pillow has none."""
    copy = Image.frombytes("RGB", picture.size, picture.tobytes())
    copy.thumbnail((SIDE, SIDE))
    buffer = BytesIO()
    copy.save(buffer, "WEBP" if features.check("webp") else "JPEG", quality=72)
    return buffer.getvalue()


def data_uri(picture: bytes) -> str:
    """Such as `data:image/webp;base64,...`."""
    kind = "webp" if picture[8:12] == b"WEBP" else "jpeg"
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"


def size_of(uri: str) -> tuple[int, int]:
    """Width and height of a picture that `data_uri` gave.

    Raises:
        ValueError: it is none.
    """
    head, _, body = uri.partition(",")
    if head not in ("data:image/webp;base64", "data:image/jpeg;base64"):
        raise ValueError("a picture of a report is a data URI of WebP or JPEG.")
    try:
        with Image.open(BytesIO(b64decode(body, validate=True)), formats=("WEBP", "JPEG")) as opened:
            return opened.size
    except OSError as error:
        raise ValueError("a picture of a report cannot be read.") from error


def worst(result: EmidResult, most: int = MOST) -> list[int]:
    """Positions of the samples that cost most by any gate that may be asked, by each measure in turn."""
    rankings: list[Iterable[int]] = []
    for values in costs_by_any_gate(result):
        order = sorted(range(len(values)), key=lambda i, values=values: (-values[i], i))  # type: ignore[misc]
        rankings.append(order[:most])
    return list(dict.fromkeys(i for ranking in rankings for i in ranking))


def _part(dataset: Dataset, ids: Iterable[str]) -> Dataset:
    return dataset.select(list(ids))
