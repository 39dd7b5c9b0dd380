"""Which measures a suite asks, and how much each may lose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pytest_emid.measuring.metrics.base import MetricError

__all__ = ["as_measures"]


def as_measures(given: Any, where: str = "emid_measures") -> dict[str, float | None]:
    """Measures by name, each with a limit of its own or None.

    Args:
        given: names with commas between them, each with `:limit` or without; a list of such; or a dict.
        where: what errors call it.

    Raises:
        MetricError: something else, a limit that is none, no measure, or `likelihood` without a limit: it is in nats,
            of which no share can be taken.

    >>> as_measures("retained, anls:0.05")
    {'retained': None, 'anls': 0.05}
    """
    if isinstance(given, str):
        given = given.split(",")
    if isinstance(given, list | tuple) and all(isinstance(part, str) for part in given):
        parts = [part.partition(":") for part in given if part.strip()]
        given = {name.strip(): _limit(limit, where) if colon else None for name, colon, limit in parts}
    if not isinstance(given, Mapping) or not given:
        raise MetricError(
            f"{where} are names of measures, such as 'retained, anls, likelihood:0.5', or a dict of name to limit, not "
            f"{given!r}."
        )
    measures: dict[str, float | None] = {}
    for name, limit in given.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise MetricError(f"{where}: {name!r} is no name of a measure.")
        if name == "likelihood" and limit is None:
            raise MetricError(f"{where}: likelihood needs a limit of its own, in nats an answer: likelihood:0.5.")
        if name != "likelihood" and limit is not None and _limit(limit, where) >= 1.0:
            raise MetricError(f"{where}: {name} may lose a share of its clean value, from 0 to below 1, not {limit}.")
        measures[name] = None if limit is None else _limit(limit, where)
    return measures


def _limit(value: Any, where: str) -> float:
    try:
        limit = float(value)
    except (TypeError, ValueError):
        limit = math.nan
    if isinstance(value, bool) or not 0.0 <= limit < math.inf:
        raise MetricError(f"{where}: {value!r} is no limit. Give a number from 0 up.")
    return limit
