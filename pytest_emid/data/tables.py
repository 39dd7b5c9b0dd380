"""One file that holds everything: JSON lines, JSON, CSV, TSV or parquet."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.files import json_lines, read_bytes
from pytest_emid.data.records import Columns, Record, build
from pytest_emid.errors import DataError

__all__ = ["load_table"]


def load_table(
    path: str | os.PathLike[str],
    *,
    columns: Columns | None = None,
    images: str | os.PathLike[str] | None = None,
    name: str | None = None,
) -> Dataset:
    """A dataset from one file: `.jsonl`, `.json` (a list of objects), `.csv`, `.tsv` or `.parquet`.

    Args:
        path: of the file. Parquet needs pyarrow, which `pip install 'pytest-emid[datasets]'` brings.
        columns: field to column, as for `load_records`.
        images: the folder that image paths are relative to, and must not leave; by default that of the file.
        name: of the dataset; by default the file's without its suffix.

    Raises:
        DataError: the file cannot be read or parsed, or holds what is no dataset. The message names file and line.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> from pytest_emid import data
        >>> with TemporaryDirectory() as folder:
        ...     root = Path(folder)
        ...     Image.new("RGB", (2, 2)).save(root / "a.png")
        ...     _ = (root / "mine.csv").write_text("id,image,question,reference\\n1,a.png,Which colour?,Black.\\n")
        ...     data.load_table(root / "mine.csv")
        Dataset('mine', 1 samples)
    """
    file = Path(path)
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise DataError(f"{file}: tables end in {', '.join(READERS)}, not in {file.suffix!r}. Rename or convert it.")
    root = file.parent if images is None else Path(images)
    return build(name or file.stem, _some(file, reader(file)), columns=columns, images=root)


def _some(file: Path, rows: Iterator[Record]) -> Iterator[Record]:
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise DataError(f"{file}: there is no record in it.")


def _jsonl(file: Path) -> Iterator[Record]:
    for where, record in json_lines(file):
        yield Record(where, record)


def _json(file: Path) -> Iterator[Record]:
    content = read_bytes(file)
    try:
        records = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON in UTF-8: {error}.") from error
    if not isinstance(records, list):
        raise DataError(f"{file}: a list of objects is needed, not a {type(records).__name__}.")
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            raise DataError(f"{file}, record {number}: a {type(record).__name__}, not an object.")
        yield Record(f"{file}, record {number}", record)


def _separated(delimiter: str) -> Callable[[Path], Iterator[Record]]:
    def read(file: Path) -> Iterator[Record]:
        try:
            text = read_bytes(file).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: not UTF-8 (byte {error.start + 1}). Save the file as UTF-8.") from error
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header: list[str] | None = None
        before = 0
        try:
            for fields in reader:
                where, before = f"{file}, line {before + 1}", reader.line_num
                if not fields:
                    continue
                if header is None:
                    header = _header(fields, where)
                    continue
                if len(fields) != len(header):
                    raise DataError(
                        f"{where}: {len(fields)} values for {len(header)} columns. "
                        f"Put values that hold {delimiter!r}, quotes or line breaks in double quotes."
                    )
                yield Record(where, dict(zip(header, fields, strict=True)))
        except csv.Error as error:
            raise DataError(f"{file}, line {before + 1}: {error}. Check the quotes of this record.") from error

    return read


def _header(fields: list[str], where: str) -> list[str]:
    twice = sorted({field for field in fields if fields.count(field) > 1})
    if twice:
        raise DataError(f"{where}: two columns are named {twice[0]!r}. Rename one.")
    other = next((mark for mark in (";", "\t", ",", "|") if mark in fields[0]), None)
    if len(fields) == 1 and other is not None:  # as spreadsheets write where the comma is the decimal mark
        raise DataError(
            f"{where}: the only column is {fields[0]!r}; columns seem to be separated by {other!r}. "
            "Save the file as .csv with commas or as .tsv with tabs."
        )
    return fields


def _parquet(file: Path) -> Iterator[Record]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise DataError(f"{file}: parquet needs pyarrow: pip install 'pytest-emid[datasets]'.") from error
    if not file.is_file():
        read_bytes(file)  # says what is wrong
    try:
        with parquet.ParquetFile(file) as opened:
            number = 0
            for batch in opened.iter_batches(batch_size=256):
                records: list[dict[str, Any]] = batch.to_pylist()
                for record in records:
                    yield Record(f"{file}, row {number}", record)
                    number += 1
    except (ArrowException, OSError) as error:
        raise DataError(f"{file}: cannot be read as parquet: {error}.") from error


READERS: Final[dict[str, Callable[[Path], Iterator[Record]]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
}
