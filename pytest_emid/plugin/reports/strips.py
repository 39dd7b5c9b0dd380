"""Beside the page, one picture for each scenario that did not pass: its worst samples, clean beside shifted.

For what shows a test's pictures by their path: GitLab and Jenkins read `[[ATTACHMENT|path]]` in a JUnit report.
"""

from __future__ import annotations

import shutil
from base64 import b64decode
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from pytest_emid.plugin.against import costs
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.asked import anchor
from pytest_emid.plugin.reports.thumbnails import SIDE

__all__ = ["folder_of", "place_of", "write"]

WORST: Final = 3
GAP: Final = 8


def folder_of(page: str | Path) -> Path:
    """Where the pictures beside a page are."""
    return Path(page).with_suffix(".pictures")


def place_of(page: str | Path, key: str) -> str:
    """Where the picture of the result of this key is, relative to what the page's path is relative to."""
    return (folder_of(page) / f"{anchor(key)}.png").as_posix()


def write(page: Path, rows: Sequence[Row], pictures: Mapping[str, str]) -> None:
    """Write them; those of an earlier page of this name go.

    Raises:
        OSError: they cannot be written.
    """
    folder = folder_of(page)
    shutil.rmtree(folder, ignore_errors=True)
    for row in rows:
        drawn = None if row.verdict in (None, "PASS") else _strip(row, pictures)
        if drawn is not None:
            folder.mkdir(parents=True, exist_ok=True)
            drawn.save(folder / f"{anchor(row.key)}.png")


def _strip(row: Row, pictures: Mapping[str, str]) -> Image.Image | None:
    """A line for each sample; None where no picture was kept."""
    result = row.result
    cost = costs(max(row.decisions, key=lambda decision: decision.verdict.severity), result)
    clean = {record.id: record.picture for record in result.clean.records} if result.paired else {}
    lines: list[list[Image.Image]] = []
    for i in sorted(range(len(cost)), key=lambda i: (-cost[i], i)):
        shifted = result.shifted.records[i]
        digests = [clean[shifted.id], shifted.picture] if shifted.id in clean else [shifted.picture]
        if all(digest in pictures for digest in digests) and len(lines) < WORST:
            lines.append([_opened(pictures[digest]) for digest in digests])
    if not lines:
        return None
    step = SIDE + GAP
    drawn = Image.new("RGB", (GAP + step * max(map(len, lines)), GAP + step * len(lines)), "white")
    for row_number, line in enumerate(lines):
        for column, picture in enumerate(line):
            drawn.paste(picture, (GAP + step * column, GAP + step * row_number))
    return drawn


def _opened(uri: str) -> Image.Image:
    with Image.open(BytesIO(b64decode(uri.partition(",")[2])), formats=("WEBP", "JPEG")) as opened:
        return opened.convert("RGB")
