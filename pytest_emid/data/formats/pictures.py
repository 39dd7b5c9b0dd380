"""The files that formats name by number, or by a column of their own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.columns import COLUMNS

__all__ = ["found", "numbered", "with_picture"]

NAMED: Final = ("file_path", "image_local_name", "img_path")
"""Columns that name a picture in some benchmark (ST-VQA, InfographicVQA)."""
NUMBERED: Final = ("image_id", "imageId")
FOLDERS: Final = ("", "images", "train_images", "val2014", "train2014", "test2015", "val2017", "train2017")


def with_picture(record: dict[str, Any], root: Path, *more: str) -> dict[str, Any]:
    """A record with `image`, where it names its picture in another way; else as it is."""
    if "image" in record and not more:
        return record
    if "image" in record and isinstance(record["image"], str) and record["image"]:
        return {**record, "image": found(root, [record["image"], *more])}
    if any(column in record for column in (*COLUMNS["image"], "conversations", "messages", "texts")):
        return record
    for column in NAMED:
        if isinstance(record.get(column), str):
            return {**record, "image": record[column]}
    for column in NUMBERED:
        if isinstance(record.get(column), str | int) and not isinstance(record.get(column), bool):
            return {**record, "image": found(root, numbered(record[column]))}
    return record


def numbered(number: str | int, subset: str = "") -> list[str]:
    """The names that a picture of a number may have; `subset` is COCO's, such as `val2014`."""
    names = [f"{number}{suffix}" for suffix in (".jpg", ".png", ".jpeg")]
    if isinstance(number, int) or number.isdecimal():
        padded = f"{int(number):012d}.jpg"
        names = [*([f"COCO_{subset}_{padded}"] if subset else []), padded, *names]
    return names


def found(root: Path, names: Iterable[str]) -> str:
    """The first of the names that is a file in the folder, or in one that it usually has; else the first name."""
    names = list(names)
    for name in names:
        for folder in FOLDERS:
            try:
                if (root / folder / name).is_file():
                    return f"{folder}/{name}".lstrip("/") if folder else name
            except (OSError, ValueError):  # what is no path is told apart later, with its row
                continue
    return names[0]
