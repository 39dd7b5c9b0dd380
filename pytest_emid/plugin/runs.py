"""A run that `--emid-json` or `--emid-save` wrote, read back as typed objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_emid.errors import DataError
from pytest_emid.measuring.results import Results
from pytest_emid.plugin.ledger import Ledger, Row
from pytest_emid.plugin.reports.json import read_document

__all__ = ["SavedRun", "read_run"]


@dataclass(frozen=True, slots=True)
class SavedRun:
    """What a run measured and decided.

    Attributes:
        path: of the file.
        version: of pytest-emid that wrote it.
        rows: one a measurement, in the order of the summary: the result, with a record of every sample on both sides,
            the decisions of gates on it, and the tests that asked for it.
        options: the values that decided what was measured, by option.
        problems: what was missing, as sentences.
        incomplete: why the run ended before its last test; empty where it did not.
        document: all of it, as plain data.
    """

    path: Path
    version: str
    rows: tuple[Row, ...]
    options: Mapping[str, Any]
    problems: tuple[str, ...]
    incomplete: str
    document: Mapping[str, Any]

    @property
    def results(self) -> Results:
        """The result of every row."""
        return Results(row.result for row in self.rows)


def read_run(path: Path | str) -> SavedRun:
    """Read a run that was saved.

    Raises:
        DataError: there is no such file, it is none that --emid-json or --emid-save wrote, or another schema version.

    Example:
        >>> read_run("last-week.json")
        Traceback (most recent call last):
        pytest_emid.errors.DataError: cannot read the run last-week.json: No such file or directory.
    """
    try:
        document = read_document(path)
    except OSError as error:
        raise DataError(f"cannot read the run {path}: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(f"cannot read the run {path}: {error}") from error
    ledger = Ledger()
    try:
        ledger.restore(document)
        rows = tuple(ledger.rows())
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the run {path} is damaged: {type(error).__name__}: {error}. Measure again.") from error
    return SavedRun(
        path=Path(path),
        version=document["version"],
        rows=rows,
        options=document["options"],
        problems=tuple(document["problems"]),
        incomplete=document.get("incomplete", ""),
        document=document,
    )
