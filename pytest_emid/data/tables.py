"""One file that holds everything: JSON lines, JSON, CSV, TSV or parquet."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.columns import Columns, Record
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.files import json_lines, read_bytes
from pytest_emid.data.formats import documented
from pytest_emid.data.formats.pictures import with_picture
from pytest_emid.data.records import build
from pytest_emid.data.selecting import Map, Where
from pytest_emid.errors import DataError

__all__ = ["load_table"]

LARGEST: Final = 2**31 - 1
"""Characters of a value: what fits a C long everywhere."""


def load_table(
    path: str | os.PathLike[str],
    *,
    columns: Columns | None = None,
    images: str | os.PathLike[str] | None = None,
    name: str | None = None,
    where: Where | None = None,
    map: Map | None = None,
) -> Dataset:
    """A dataset from one file: `.jsonl`, `.json`, `.csv`, `.tsv` or `.parquet`, of one's own or of a known benchmark.

    Args:
        path: of the file. Parquet needs pyarrow, which `pip install 'pytest-emid[datasets]'` brings. JSON is a list of
            objects, or what VQA, COCO (captions), TextVQA, DocVQA, GQA or ScienceQA have.
        columns: field to column, as for `load_records`, and so are `where` and `map`.
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
    rows = _some(file, reader(file, root))
    return build(name or file.stem, rows, columns=columns, images=root, where=where, map=map)


def _some(file: Path, rows: Iterator[Record]) -> Iterator[Record]:
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise DataError(f"{file}: there is no record in it.")


def _jsonl(file: Path, root: Path) -> Iterator[Record]:
    for where, record in json_lines(file):
        yield Record(where, with_picture(record, root))


def _json(file: Path, root: Path) -> Iterator[Record]:
    content = read_bytes(file)
    try:
        records = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON in UTF-8: {error}.") from error
    return documented(file, records, root)


def _separated(delimiter: str) -> Callable[[Path, Path], Iterator[Record]]:
    def read(file: Path, root: Path) -> Iterator[Record]:
        try:
            text = read_bytes(file).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: not UTF-8 (byte {error.start + 1}). Save the file as UTF-8.") from error
        header: list[str] | None = None
        for where, fields in _fields(file, text, delimiter):
            if header is None:
                header = _header(fields, where)
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"{where}: {len(fields)} values for {len(header)} columns. "
                    f"Put values that hold {delimiter!r}, quotes or line breaks in double quotes."
                )
            if delimiter == "\t" and (lines := _swallowed(fields, len(header))):
                raise DataError(
                    f"{where}: a quote in this record closes {lines} lines below, with whole records between. Take the "
                    "quote away, or put the value in double quotes and double the quotes in it."
                )
            yield Record(where, with_picture(dict(zip(header, fields, strict=True)), root))

    return read


def _fields(file: Path, text: str, delimiter: str) -> Iterator[tuple[str, list[str]]]:
    """The values of each record with its place."""
    lines = text.replace("\r\n", "\n").split("\n")
    if delimiter == "\t" and len({line.count("\t") for line in lines if line}) == 1 and "\t" in text:
        # as many values on every line: quotes span no lines, and one alone is a part of its text (6' 5")
        for number, line in enumerate(lines, start=1):
            if line:
                yield f"{file}, line {number}", [_unquoted(value) for value in line.split("\t")]
        return
    before = csv.field_size_limit(LARGEST)  # Python's own limit, 131,072, is less than a picture
    records: list[tuple[str, list[str]]] = []
    problem: DataError | None = None
    last = 0
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for fields in reader:
            records.append((f"{file}, line {last + 1}", fields))
            last = reader.line_num
    except csv.Error as error:
        problem = DataError(f"{file}, line {last + 1}: {error}. Check the quotes of this record.")
    finally:
        csv.field_size_limit(before)
    yield from (record for record in records if record[1])
    if problem is not None:  # after what is wrong further up
        raise problem


def _unquoted(value: str) -> str:
    """A value that is quoted as a whole, without its quotes."""
    inner = value[1:-1]
    if len(value) >= 2 and value[0] == value[-1] == '"' and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return value


def _swallowed(fields: list[str], columns: int) -> int:
    """How many line breaks lie within a value that holds whole records."""
    return max((v.count("\n") for v in fields if columns > 1 and v.count("\t") >= columns - 1 and "\n" in v), default=0)


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


def _parquet(file: Path, root: Path) -> Iterator[Record]:
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


READERS: Final[dict[str, Callable[[Path, Path], Iterator[Record]]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
}
