"""Which column of the data holds which field of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_emid.errors import DataError

__all__ = ["COLUMNS", "LETTERS", "Columns", "Record", "chosen_columns", "parse_columns"]

Columns = Mapping[str, str | None]
"""Field to column, such as `{"question": "text"}`; empty or None where there is to be none."""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "question_id", "questionId", "index", "pid"),
    "image": ("image", "image_path", "image_1", "images", "file_name"),
    "question": ("question", "query"),
    "reference": (
        *("reference", "reference_answer", "references", "answer", "answers", "correct_choice_idx", "gpt_answer"),
        "label",
    ),
    "category": ("category",),
    "cluster": ("cluster",),
    "options": ("options", "choices"),
    "hint": ("hint",),
}
"""Field to the columns that are taken for it when none is named, the first that there is."""

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Columns of these names, from A on, hold options where no column holds all of them."""
REQUIRED: Final = ("image", "question", "reference")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where it stands, such as `mine.jsonl, line 3`, and its values by column."""

    where: str
    values: Mapping[str, Any]


def chosen_columns(rows: Sequence[Record], given: Columns) -> dict[str, str | None]:
    """Field to column, None for a field that no record has. What a sample needs, the first record must have; pictures
    are not needed where `image` is given as nothing.

    Raises:
        DataError: a field is unknown, or its column is not there; the message lists what there is.
    """
    for field in given:
        if field not in COLUMNS:
            raise DataError(f"columns names {field!r}, which is no field of a sample. Fields: {', '.join(COLUMNS)}.")
    held = dict.fromkeys(str(column) for row in rows for column in row.values)
    chosen: dict[str, str | None] = {}
    for field, usual in COLUMNS.items():
        wanted: tuple[str, ...] = usual
        if field in given:
            named = given[field]
            wanted = (named,) if named else ()
        columns = rows[0].values if field in REQUIRED else held
        chosen[field] = next((column for column in wanted if column in columns), None)
        without = field == "image" and field in given and not wanted  # questions alone
        if chosen[field] is None and not without and ((field in given and wanted) or field in REQUIRED):
            shown = " or ".join(map(repr, wanted[:2])) or "named"
            raise DataError(
                f"{rows[0].where}: there is no column {shown} for the {field}. "
                f"There are: {', '.join(map(repr, held)) or 'none'}. Rename the right one, or name it with "
                f"columns={{{field!r}: ...}} (load_table, load_records, load_hub) or --emid-columns {field}=NAME."
            )
    return chosen


def parse_columns(text: str) -> dict[str, str]:
    """Columns as a command line names them: `question=prompt,reference=label`.

    Raises:
        DataError: it is not of that form; the message shows it.

    >>> parse_columns("question=prompt, id=")
    {'question': 'prompt', 'id': ''}
    """
    columns: dict[str, str] = {}
    for pair in text.split(","):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not field or not equals or field in columns:
            raise DataError(f"columns {text!r} are not FIELD=COLUMN,...: write for example question=prompt,id=number.")
        columns[field] = column
    return columns
