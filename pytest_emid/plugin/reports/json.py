"""The JSON report: every result and every decision of a run.

Strict JSON: numbers that JSON does not have are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.writing import writing
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.metrics.judged import JudgedSide
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.results import SCHEMA_VERSION, Bound, CriticReport, Divergences, EmidResult, Record, Side
from pytest_emid.measuring.verdicts import Decision
from pytest_emid.version import __version__

__all__ = ["read", "read_document", "write"]

NUMBERS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

FLOATS: Final = frozenset(
    field.name
    for kind in (
        Bound,
        CriticReport,
        Decision,
        Divergences,
        EmidResult,
        Estimate,
        JudgedSide,
        MetricResult,
        Record,
        Side,
    )
    for field in fields(kind)
    if "float" in str(field.type)
)
"""Fields that hold numbers; elsewhere `nan` is a word, such as an answer."""

TERMS: Final = "terms"
"""The field whose keys are free and whose values are numbers."""

MADE: Final = "made"
"""The field in which everything is a word."""


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write a run's document: all of it or nothing, with sorted keys, so that equal runs give equal files.

    Args:
        path: its folder is made if need be.
        document: plain data with `results`, `tests` and `problems`.

    Raises:
        OSError: the file cannot be written.
    """
    whole = {"schema_version": SCHEMA_VERSION, "plugin": "pytest-emid", "version": __version__, **document}
    encoder = json.JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    with writing(path) as stream:
        stream.writelines(encoder.iterencode(_strict(whole)))  # never all of it in memory as text
        stream.write("\n")


def read(path: Path | str) -> list[EmidResult]:
    """The results in a file that `--emid-json` wrote.

    Raises:
        ValueError: another schema version, or not such a file.
        OSError: the file cannot be read.
    """
    return [EmidResult.from_dict(result) for result in read_document(path)["results"]]


def read_document(path: Path | str) -> dict[str, Any]:
    """All that a file of `--emid-json` holds, as it was before it was written.

    Raises:
        ValueError: another schema version, or not such a file.
        OSError: the file cannot be read.
    """
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(document, dict) or document.get("plugin") != "pytest-emid":
        raise ValueError(f"{path} was not written by --emid-json or --emid-save.")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has schema version {document.get('schema_version')!r}; this release reads version "
            f"{SCHEMA_VERSION}. Read it with pytest-emid {document.get('version')}, or measure again."
        )
    loose: dict[str, Any] = _loose(document)
    return loose


def _strict(value: Any) -> Any:
    """Numbers that JSON lacks as words; what holds none is not copied."""
    if isinstance(value, Mapping):
        made = {key: _strict(item) for key, item in value.items()}
        return value if type(value) is dict and all(made[key] is item for key, item in value.items()) else made
    if isinstance(value, list | tuple):
        items = [_strict(item) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _loose(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {
            key: item if key == MADE else _loose(item, name if name == TERMS else key) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_loose(item, name) for item in value]
    return NUMBERS.get(value, value) if isinstance(value, str) and name in FLOATS else value
