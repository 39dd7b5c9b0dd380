"""From rows to a dataset: ids, texts, references, options, clusters, and errors that name the row."""

from __future__ import annotations

import operator
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_emid.data.columns import LETTERS, Columns, Record, chosen_columns
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.formats import expanded
from pytest_emid.data.frames import rows_of
from pytest_emid.data.options import as_list, options_of, right_letter, with_options
from pytest_emid.data.pictures import Pictures, is_encoded, joined
from pytest_emid.data.sample import Sample
from pytest_emid.data.selecting import Map, Where, is_empty, selected
from pytest_emid.errors import DataError, brief

__all__ = ["build", "load_records"]


def load_records(
    records: Any,
    *,
    name: str = "records",
    columns: Columns | None = None,
    images: str | os.PathLike[str] | None = None,
    where: Where | None = None,
    map: Map | None = None,
) -> Dataset:
    """A dataset from a list of dicts, or a table of pandas, polars or pyarrow.

    Args:
        records: one mapping a sample, or a table. An image is a PIL image, the bytes of an image file, also as text
            (base64), a path inside `images`, a `LazyImage`, Hugging Face's `{"bytes": ..., "path": ...}`, a list of
            these, or nothing where a question is asked without a picture; columns `image_1`, `image_2`, ... hold the
            pictures of one sample. Rows in the format of a known benchmark (LLaVA's conversations, chat messages,
            the_cauldron, multiple choice) are read as such.
        name: of the dataset.
        columns: field (`id`, `image`, `question`, `reference`, `category`, `cluster`, `options`, `hint`) to column, or
            to nothing. A field that is left out is looked for under its usual names, see `COLUMNS`. Without ids,
            samples are numbered from 0; without clusters, samples with the same image are a cluster.
        images: the folder that image paths are relative to, and must not leave.
        where: which records are taken: `"image,split=dev"`, `{"split": "dev"}`, or a function of a record's values.
        map: a function that makes other values of a record's, before they are read.

    Raises:
        DataError: no records, a column is missing, an id is repeated, a text is empty or no text, an image is not
            there or leaves the folder. The message names the record and what to do.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import data
        >>> row = {"image": Image.new("RGB", (2, 2)), "text": "Which colour?", "choices": ["red", "black"], "answer": 1}
        >>> mine = data.load_records([row], name="mine", columns={"question": "text"})
        >>> mine, mine[0].question.split("\\n")[:3], mine[0].accepted
        (Dataset('mine', 1 samples), ['Which colour?', 'A. red', 'B. black'], ('B', 'black'))
    """
    rows = rows_of(name, records)
    root = None if images is None else Path(images)
    return build(name, rows, columns=columns, images=root, where=where, map=map)


def build(
    name: str,
    rows: Iterable[Record],
    *,
    columns: Columns | None = None,
    images: Path | None = None,
    allowed: tuple[Path, ...] = (),
    where: Where | None = None,
    map: Map | None = None,
) -> Dataset:
    """A dataset from rows; see `load_records`. `allowed` are further folders in which files may lie.

    Raises:
        DataError: as for `load_records`.
    """
    given = list(rows)
    rows = list(expanded(selected(name, given, where, map), columns or {}))
    if not rows:
        raise DataError(f"{name}: there is no record in it.")
    chosen = chosen_columns(rows, columns or {})
    by_letter = "options" not in (columns or {}) and {"A", "B"} <= set(rows[0].values)
    pictures = Pictures(images, allowed, _encoded(given, chosen))
    samples: list[Sample] = []
    shown: list[list[str]] = []
    seen: dict[str, str] = {}
    for position, row in enumerate(rows):
        sample_id = _id(row, chosen["id"], position)
        if sample_id in seen:
            raise DataError(
                f"{row.where}: the id {sample_id!r} is already that of {seen[sample_id]}. "
                "Ids pair clean with shifted samples, so each must be unique."
            )
        seen[sample_id] = row.where
        place = f"{row.where} (sample {sample_id!r})"
        found = pictures.all_of(_picture(row, chosen["image"], place), chosen["image"], place)
        shown.append([key for _, key in found])
        text = _text(row, chosen["question"], place, "question")
        question = text if len(found) > 1 else _question(text)
        options = options_of(row, chosen["options"], by_letter, place)
        if options:
            cell = as_list(_cell(row, chosen["reference"]))
            letter = right_letter(cell, options, str(chosen["reference"]), place)
            references = tuple(dict.fromkeys((letter, options[LETTERS.index(letter)])))
        else:
            references = _references(row, chosen["reference"], place)
        samples.append(
            Sample(
                id=sample_id,
                image=None,
                images=tuple(picture for picture, _ in found),
                question=with_options(question, _hint(row, chosen["hint"], place), options),
                reference=references[0],
                category=_label(row, chosen["category"], place),
                cluster=_label(row, chosen["cluster"], place),
                references=references if len(references) > 1 else (),
            )
        )
    clusters = joined(shown)
    return Dataset(name, (s.with_(cluster=s.cluster or c) for s, c in zip(samples, clusters, strict=True)))


def _encoded(rows: list[Record], chosen: Mapping[str, str | None]) -> dict[str, str]:
    """Pictures as text by the ids of their rows, taken or not, which other rows may name in their place."""
    image, row_id = chosen["image"], chosen["id"]
    if image is None or row_id is None:
        return {}
    return {str(r.values.get(row_id)): r.values[image] for r in rows if is_encoded(r.values.get(image))}


def _picture(row: Record, column: str | None, where: str) -> Any:
    """The cell of the pictures. A column that only some records lack leaves them without one."""
    if column != "image_1":
        return row.values.get(str(column))
    numbers = [int(key[6:]) for key in row.values if key.startswith("image_") and key[6:].isdecimal()]
    filled = sorted(number for number in numbers if not is_empty(row.values[f"image_{number}"]))
    if filled != list(range(1, len(filled) + 1)):
        lacking = next(number for number in range(1, len(filled) + 1) if number not in filled)
        raise DataError(
            f"{where}: there is a picture in column 'image_{filled[-1]}' and none in 'image_{lacking}', so questions "
            f"about <image {filled[-1]}> would be shown another one. Add it, or leave the sample out."
        )
    return [row.values[f"image_{number}"] for number in filled]


def _question(text: str) -> str:
    """Without the line on which LLaVA's data says where the picture goes: models are given it apart."""
    lines = text.split("\n")
    if len(lines) > 1 and "<image>" in (lines[0].strip(), lines[-1].strip()):
        kept = lines[lines[0].strip() == "<image>" : -1 if lines[-1].strip() == "<image>" else None]
        return "\n".join(kept) if "".join(kept).strip() else text
    return text


def _hint(row: Record, column: str | None, where: str) -> str:
    value = None if column is None else row.values.get(column)
    if is_empty(value):
        return ""
    return _text(row, column, where, "hint")


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
    number = None if isinstance(value, bool) else _integer(value)
    if number is None:
        raise DataError(f"{row.where}: the id in column {column!r} is {value!r}; text or an integer is needed.")
    return str(number)


def _text(row: Record, column: str | None, where: str, what: str) -> str:
    value = _cell(row, column)
    if not isinstance(value, str):
        raise DataError(
            f"{where}: the {what} in column {column!r} is {brief(value)}, not text. Convert it to one text."
        )
    if not value.strip():
        raise DataError(f"{where}: the {what} in column {column!r} is empty. Add it, or leave the sample out.")
    return value


def _references(row: Record, column: str | None, where: str) -> tuple[str, ...]:
    """One reference answer, or a list of them, of which the most frequent is embedded and metrics take all."""
    value = as_list(_cell(row, column))
    if not isinstance(value, list):
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
            return (str(_integer(value) if _integer(value) is not None else value),)
        return (_text(row, column, where, "reference answer"),)
    if not value:
        raise DataError(f"{where}: the list of reference answers in column {column!r} is empty. Add one.")
    given = [one["answer"] if isinstance(one, Mapping) and "answer" in one else one for one in value]  # as VQA has it
    for number, text in enumerate(given, start=1):
        if not isinstance(text, str) or not text.strip():
            raise DataError(
                f"{where}: reference answer {number} in column {column!r} is {brief(text)}, not text. "
                "Give texts only, none of them empty."
            )
    count = Counter(given)
    return tuple(sorted(given, key=lambda text: -count[text]))


def _label(row: Record, column: str | None, where: str) -> str:
    value = None if column is None else row.values.get(column)
    if is_empty(value):
        return ""
    if isinstance(value, str):
        return value
    number = _integer(value)
    if number is None:
        raise DataError(f"{where}: column {column!r} holds {brief(value)}, which is no label.")
    return str(number)


def _integer(value: Any) -> int | None:
    """A whole number; pandas keeps one as a float where other rows have none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        return None
