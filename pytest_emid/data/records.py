"""From rows to a dataset: which column is what, ids, clusters, lazy pictures, and errors that name the row."""

from __future__ import annotations

import hashlib
import operator
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from PIL import Image

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.files import inside
from pytest_emid.data.image_files import read_picture
from pytest_emid.data.sample import LazyImage, Sample, image_digest
from pytest_emid.errors import DataError

__all__ = ["COLUMNS", "Columns", "Record", "build", "load_records"]

Columns = Mapping[str, str]
"""Which column of the data holds which field of a sample, such as `{"question": "text"}`."""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "question_id"),
    "image": ("image",),
    "question": ("question",),
    "reference": ("reference", "reference_answer"),
    "category": ("category",),
    "cluster": ("cluster",),
}
"""Field to the columns that are taken for it when none is named, the first that there is."""

REQUIRED: Final = ("image", "question", "reference")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where it stands, such as `mine.jsonl, line 3`, and its values by column."""

    where: str
    values: Mapping[str, Any]


def load_records(
    records: Any,
    *,
    name: str = "records",
    columns: Columns | None = None,
    images: str | os.PathLike[str] | None = None,
) -> Dataset:
    """A dataset from a list of dicts or a pandas frame.

    Args:
        records: one mapping a sample, or a pandas data frame. An image is a PIL image, the bytes of an image file, a
            path inside `images`, a `LazyImage`, or Hugging Face's `{"bytes": ..., "path": ...}`.
        name: of the dataset.
        columns: field (`id`, `image`, `question`, `reference`, `category`, `cluster`) to column. A field that is left
            out is looked for under its usual names, see `COLUMNS`. Without ids, samples are numbered from 0; without
            clusters, samples with the same image are a cluster.
        images: the folder that image paths are relative to, and must not leave.

    Raises:
        DataError: no records, a column is missing, an id is repeated, a text is empty or no text, an image is missing
            or leaves the folder. The message names the record and what to do.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import data
        >>> row = {"image": Image.new("RGB", (2, 2)), "text": "Which colour?", "reference": "Black."}
        >>> data.load_records([row], name="mine", columns={"question": "text"})
        Dataset('mine', 1 samples)
    """
    if hasattr(records, "to_dict") and hasattr(records, "columns"):
        twice = [
            str(column) for column, again in zip(records.columns, records.columns.duplicated(), strict=True) if again
        ]
        if twice:  # pandas would keep one of them
            raise DataError(f"{name}: two columns are named {twice[0]!r}. Rename one.")
        records = records.to_dict("records")
    if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
        raise DataError(
            f"{name}: records are a list of dicts or a pandas data frame, not {type(records).__name__}. "
            "For a file use load_table."
        )
    rows = []
    for number, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise DataError(f"{name}, record {number}: a dict is needed, not {type(record).__name__}.")
        rows.append(Record(f"{name}, record {number}", record))
    return build(name, rows, columns=columns, images=None if images is None else Path(images))


def build(
    name: str,
    rows: Iterable[Record],
    *,
    columns: Columns | None = None,
    images: Path | None = None,
    allowed: tuple[Path, ...] = (),
) -> Dataset:
    """A dataset from rows; see `load_records`. `allowed` are further folders in which files may lie.

    Raises:
        DataError: as for `load_records`.
    """
    rows = list(rows)
    if not rows:
        raise DataError(f"{name}: there is no record in it.")
    chosen = _columns(rows, columns or {})
    pictures = _Pictures(images, allowed)
    samples: list[Sample] = []
    seen: dict[str, str] = {}
    for position, row in enumerate(rows):
        sample_id = _id(row, chosen["id"], position)
        if sample_id in seen:
            raise DataError(
                f"{row.where}: the id {sample_id!r} is already that of {seen[sample_id]}. "
                "Ids pair clean with shifted samples, so each must be unique."
            )
        seen[sample_id] = row.where
        where = f"{row.where} (sample {sample_id!r})"
        image, shared = pictures.get(_cell(row, chosen["image"]), where)
        references = _references(row, chosen["reference"], where)
        samples.append(
            Sample(
                id=sample_id,
                image=image,
                question=_text(row, chosen["question"], where, "question"),
                reference=references[0],
                category=_label(row, chosen["category"], where),
                cluster=_label(row, chosen["cluster"], where) or shared,
                references=references if len(references) > 1 else (),
            )
        )
    return Dataset(name, samples)


def _columns(rows: list[Record], given: Columns) -> dict[str, str | None]:
    """Field to column, None for a field that no record has. What a sample needs, the first record must have."""
    for field in given:
        if field not in COLUMNS:
            raise DataError(f"columns names {field!r}, which is no field of a sample. Fields: {', '.join(COLUMNS)}.")
    held = dict.fromkeys(str(column) for row in rows for column in row.values)
    chosen: dict[str, str | None] = {}
    for field, usual in COLUMNS.items():
        wanted = (given[field],) if field in given else usual
        columns = rows[0].values if field in REQUIRED else held
        chosen[field] = next((column for column in wanted if column in columns), None)
        if chosen[field] is None and (field in given or field in REQUIRED):
            raise DataError(
                f"{rows[0].where}: there is no column {' or '.join(map(repr, wanted))} for the {field}. "
                f"There are: {', '.join(map(repr, held)) or 'none'}. Rename the right one, or name it with "
                f"columns={{{field!r}: ...}} (load_table, load_records, load_hub)."
            )
    return chosen


def _cell(row: Record, column: str | None) -> Any:
    if column is None or column not in row.values:
        held = ", ".join(repr(str(name)) for name in row.values) or "nothing"
        raise DataError(
            f"{row.where}: there is no {column!r} in this record; it holds {held}. Add it, or leave the record out."
        )
    return row.values[column]


def _id(row: Record, column: str | None, position: int) -> str:
    if column is None:
        return str(position)
    value = _cell(row, column)
    if isinstance(value, str) and value.strip():
        return value
    try:
        if isinstance(value, bool):
            raise TypeError
        return str(operator.index(value))
    except TypeError:
        raise DataError(
            f"{row.where}: the id in column {column!r} is {value!r}; text or an integer is needed."
        ) from None


def _text(row: Record, column: str | None, where: str, what: str) -> str:
    value = _cell(row, column)
    if not isinstance(value, str):
        raise DataError(
            f"{where}: the {what} in column {column!r} is {_short(value)}, not text. Convert it to one text."
        )
    if not value.strip():
        raise DataError(f"{where}: the {what} in column {column!r} is empty. Add it, or leave the sample out.")
    return value


def _references(row: Record, column: str | None, where: str) -> tuple[str, ...]:
    """One reference answer, or a list of them, of which the first is embedded and metrics take all."""
    value = _cell(row, column)
    if hasattr(value, "tolist"):  # an array of a pandas or parquet column
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return (_text(row, column, where, "reference answer"),)
    if not value:
        raise DataError(f"{where}: the list of reference answers in column {column!r} is empty. Add one.")
    for number, text in enumerate(value, start=1):
        if not isinstance(text, str) or not text.strip():
            raise DataError(
                f"{where}: reference answer {number} in column {column!r} is {_short(text)}, not text. "
                "Give texts only, none of them empty."
            )
    return tuple(value)


def _label(row: Record, column: str | None, where: str) -> str:
    value = None if column is None else row.values.get(column)
    if value is None or value != value:  # pandas writes NaN for what is missing
        return ""
    if isinstance(value, str):
        return value
    try:
        return str(operator.index(value))
    except TypeError:
        raise DataError(f"{where}: column {column!r} holds {_short(value)}, which is no label.") from None


def _short(value: object) -> str:
    text = repr(value)
    return f"{text[:60]}..." if len(text) > 60 else text


class _Pictures:
    """Pictures of cells. Cells with the same picture share one `LazyImage`, so that it is opened once."""

    def __init__(self, root: Path | None, allowed: tuple[Path, ...]) -> None:
        self._root = root
        self._allowed = allowed
        self._lazy: dict[str, LazyImage] = {}

    def get(self, cell: Any, where: str) -> tuple[Image.Image | LazyImage, str]:
        """The picture, and the cluster of all samples that hold it."""
        if isinstance(cell, Mapping) and {"bytes", "path"} & set(cell):
            cell = cell.get("bytes") or cell.get("path")
        if isinstance(cell, Image.Image):
            try:
                return cell, f"image-{image_digest(cell)[:16]}"
            except DataError as error:
                raise DataError(f"{where}: {error}") from error
        if isinstance(cell, LazyImage):
            return cell, cell.source
        if isinstance(cell, bytes | bytearray | memoryview):
            content = bytes(cell)
            key = f"image-{hashlib.sha256(content).hexdigest()[:16]}"
            return self._shared(key, content, where, f"the embedded image ({where})"), key
        if isinstance(cell, str | os.PathLike) and os.fspath(cell):
            path, key = self._path(str(os.fspath(cell)), where)
            return self._shared(key, path, where, f"{path} ({where})"), key
        raise DataError(
            f"{where}: the image is {_short(cell)}. It must be a path, a picture, or the bytes of an image file."
        )

    def _path(self, name: str, where: str) -> tuple[Path, str]:
        root = self._root
        for other in self._allowed:
            if Path(name).is_absolute() and Path(name).resolve().is_relative_to(other.resolve()):
                root = other
        if root is None:
            raise DataError(f"{where}: the image is the path {name[:500]!r}. Pass the folder that holds it: images=...")
        path = inside(root, name, where)
        if not path.is_file():
            raise DataError(
                f"{where}: there is no image {name!r} in {root}. "
                "Put it there, or pass the folder that holds it: images=..."
            )
        return path, path.relative_to(root.resolve()).as_posix()

    def _shared(self, key: str, source: Path | bytes, where: str, shown: str) -> LazyImage:
        if key not in self._lazy:
            self._lazy[key] = LazyImage(partial(read_picture, source, where), shown)
        return self._lazy[key]
