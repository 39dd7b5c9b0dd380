"""Which records of a table are taken, and what becomes of each before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pytest_emid.data.columns import Record
from pytest_emid.errors import DataError

__all__ = ["Map", "Where", "is_empty", "selected"]

Where = str | Mapping[str, Any] | Callable[[Mapping[str, Any]], bool]
"""Which records: `"image,split=dev"` (the column holds something; it holds `dev`), `{"split": ["dev", "test"]}`, or a
function of a record's values."""

Map = Callable[[dict[str, Any]], Mapping[str, Any]]
"""From a record's values to those that are read in their place."""


def selected(name: str, rows: Iterable[Record], where: Where | None, change: Map | None) -> Iterator[Record]:
    """The records that `where` takes, each as `change` makes it.

    Raises:
        DataError: none is left, a column is in no record, or a function fails; the message names the record.
    """
    takes, asked = _condition(where), _asked(where)
    seen: dict[str, None] = {}
    number = taken = 0
    for row in rows:
        number += 1
        seen.update(dict.fromkeys(map(str, row.values)))
        if not _called(row, "where", takes, row.values):
            continue
        taken += 1
        if change is None:
            yield row
            continue
        made = _called(row, "map", change, dict(row.values))
        if not isinstance(made, Mapping):
            raise DataError(f"{row.where}: map= gave a {type(made).__name__}; it must give a dict of columns.")
        yield Record(row.where, made)
    missing = [column for column in asked if column not in seen]
    if missing and number:
        raise DataError(
            f"{name}: where= asks for the column {missing[0]!r}, which no record has. There are: "
            f"{', '.join(map(repr, seen)) or 'none'}."
        )
    if number and not taken:
        raise DataError(f"{name}: where= takes none of the {number} records. Let it take some.")


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, no text, an empty list.

    >>> is_empty(float("nan")), is_empty(" "), is_empty(0)
    (True, True, False)
    """
    if value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, Mapping) and {"bytes", "path"} & set(value):
        return not (value.get("bytes") or value.get("path"))
    return (isinstance(value, str) and not value.strip()) or (isinstance(value, list | tuple) and not value)


def _asked(where: Where | None) -> list[str]:
    if isinstance(where, str):
        return [pair.partition("=")[0].strip() for pair in where.split(",")]
    return list(where) if isinstance(where, Mapping) else []


def _condition(where: Where | None) -> Callable[[Mapping[str, Any]], bool]:
    if where is None:
        return lambda values: True
    if callable(where):
        return where
    if isinstance(where, str):
        wanted = []
        for pair in where.split(","):
            column, equals, value = (part.strip() for part in pair.partition("="))
            if not column:
                raise DataError(f"where {where!r} is not COLUMN or COLUMN=VALUE, joined by commas.")
            wanted.append((column, [value or None] if equals else None))
    elif isinstance(where, Mapping):
        wanted = [(c, list(v) if isinstance(v, list | tuple | set | frozenset) else [v]) for c, v in where.items()]
    else:
        raise DataError(f"where= is text, a dict or a function, not {type(where).__name__}.")

    def takes(values: Mapping[str, Any]) -> bool:
        return all(_holds(values.get(column), those) for column, those in wanted)

    return takes


def _holds(value: Any, those: list[Any] | None) -> bool:
    """Whether a cell holds one of the values; None among them stands for nothing, and no list for anything."""
    if is_empty(value):
        return those is not None and any(is_empty(one) for one in those)
    return those is None or any(not is_empty(one) and str(value) == str(one) for one in those)


def _called(row: Record, what: str, function: Callable[[Any], Any], values: Any) -> Any:
    try:
        return function(values)
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{row.where}: {what}= failed: {type(error).__name__}: {error}.") from error
