"""Tables in memory, whoever made them: pandas, polars, pyarrow, or a list of dicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_emid.data.columns import Record
from pytest_emid.errors import DataError

__all__ = ["rows_of"]

KINDS = "a list of dicts, or a table of pandas, polars or pyarrow"


def rows_of(name: str, records: Any) -> Iterator[Record]:
    """The rows of a table in memory. None of the libraries is imported: a table is known by what it can do.

    Raises:
        DataError: it is no table, a row is no mapping, or two columns have one name.
    """
    if isinstance(records, str | bytes | Mapping):
        raise DataError(f"{name}: records are {KINDS}, not {type(records).__name__}. For a file use load_table.")
    if hasattr(records, "collect") and hasattr(records, "lazy"):  # polars: a query that was not run yet
        records = records.collect()
    if hasattr(records, "iter_rows") and hasattr(records, "columns"):  # polars
        records = records.iter_rows(named=True)
    elif hasattr(records, "to_pylist") and hasattr(records, "column_names"):  # pyarrow
        _once(name, records.column_names)
        records = records.to_pylist()
    elif hasattr(records, "to_dict") and hasattr(records, "columns"):  # pandas, which would keep one of two
        _once(name, list(records.columns))
        records = records.to_dict("records")
    if not isinstance(records, Iterable):
        raise DataError(f"{name}: records are {KINDS}, not {type(records).__name__}. For a file use load_table.")
    for number, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise DataError(f"{name}, record {number}: a dict is needed, not {type(record).__name__}.")
        yield Record(f"{name}, record {number}", record)


def _once(name: str, columns: list[Any]) -> None:
    twice = [str(column) for column in columns if columns.count(column) > 1]
    if twice:
        raise DataError(f"{name}: two columns are named {twice[0]!r}. Rename one.")
