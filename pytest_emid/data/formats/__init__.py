"""Formats of public benchmarks that are more than columns: one function each, and one line here.

Rows that hold several questions become several rows; a JSON file that is one object becomes rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.columns import COLUMNS, Columns, Record
from pytest_emid.data.formats.documents import captions, keyed, vqa, wrapped
from pytest_emid.data.formats.pictures import with_picture
from pytest_emid.data.formats.turns import conversations, messages, texts
from pytest_emid.data.options import as_list
from pytest_emid.errors import DataError

__all__ = ["DOCUMENTS", "TURNS", "documented", "expanded"]

TURNS: Final[dict[str, Callable[[Record, list[Any]], Iterator[dict[str, Any]]]]] = {
    "conversations": conversations,  # LLaVA
    "messages": messages,  # chat
    "texts": texts,  # the_cauldron
}
"""A column that holds turns, to what makes one row of each question in it."""

DOCUMENTS: Final[tuple[tuple[frozenset[str], Callable[[Path, dict[str, Any], Path], Iterator[Record]]], ...]] = (
    (frozenset({"questions"}), vqa),  # VQA v1 and v2, OK-VQA
    (frozenset({"images", "annotations"}), captions),  # COCO
    (frozenset({"data"}), wrapped),  # TextVQA, DocVQA, ST-VQA
    (frozenset(), keyed),  # GQA, ScienceQA
)
"""The lists that a JSON object holds, to what makes rows of it; the first that fits."""


def expanded(rows: Iterable[Record], columns: Columns) -> Iterator[Record]:
    """Each row, or each question of a row that holds several: `<id>-1`, `<id>-2`, ... where there are more than one.

    Raises:
        DataError: turns are not as their format has them; the message names the row.
    """
    for row in rows:
        column = next((c for c in TURNS if c in row.values and "question" not in row.values), None)
        turns = as_list(row.values[column]) if column is not None else None
        if column is None or not isinstance(turns, list):
            yield row
            continue
        known = [columns["id"]] if columns.get("id") else COLUMNS["id"]
        id_column = next((c for c in known if c in row.values), None) if columns.get("id", "id") else None
        rest = {key: value for key, value in row.values.items() if key != column}
        image = columns.get("image")
        shown = Record(row.where, {**rest, "image": rest.get(image)}) if image else row
        made = [
            {image if image and key == "image" else key: value for key, value in values.items()}
            for values in TURNS[column](shown, turns)
        ]
        for number, values in enumerate(made, start=1):
            own = {id_column: f"{rest[id_column]}-{number}"} if id_column and len(made) > 1 else {}
            yield Record(row.where, {**rest, **values, **own})


def documented(file: Path, content: Any, root: Path) -> Iterator[Record]:
    """The rows of a JSON file; `root` is the folder of its pictures.

    Raises:
        DataError: it holds no records; the message names what it holds.
    """
    if isinstance(content, dict):
        for needed, read in DOCUMENTS:
            if needed <= {key for key, value in content.items() if isinstance(value, list)}:
                yield from read(file, content, root)
                return
    if not isinstance(content, list):
        raise DataError(f"{file}: a list of objects is needed, not a {type(content).__name__}.")
    for number, record in enumerate(content):
        if not isinstance(record, dict):
            raise DataError(f"{file}, record {number}: a {type(record).__name__}, not an object.")
        yield Record(f"{file}, record {number}", with_picture(record, root))
