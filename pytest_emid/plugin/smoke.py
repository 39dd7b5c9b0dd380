"""`--emid-smoke`: which scenarios of a run are looked at first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import ShiftError
from pytest_emid.measuring.plain import in_natural_order
from pytest_emid.plugin.config import KEYWORD
from pytest_emid.shifts.base import Shift
from pytest_emid.shifts.ids import parse

__all__ = ["cheapest_of_each_family"]

if TYPE_CHECKING:
    Scenario = Shift | Dataset


def cheapest_of_each_family(item: pytest.Item) -> list[Scenario]:
    """Of the scenarios that tests of this item's folder are parametrized with, the mildest visual, textual, ... one.

    Scenarios that only a test's body names are not known before it runs.
    """
    found: dict[str, list[tuple[Any, Scenario]]] = {}
    for other in item.session.items:
        if other.path.parent == item.path.parent and KEYWORD in other.keywords:
            for scenario in _scenarios(other):
                family = "natural" if isinstance(scenario, Dataset) else scenario.modality
                name = scenario.name if isinstance(scenario, Dataset) else scenario.id
                found.setdefault(family, []).append(((_severity(name), in_natural_order(name)), scenario))
    return [min(of, key=lambda pair: pair[0])[1] for _, of in sorted(found.items())]


def _scenarios(item: pytest.Item) -> Iterator[Scenario]:
    callspec = getattr(item, "callspec", None)
    for value in {} if callspec is None else callspec.params.values():
        if isinstance(value, str):
            try:
                value = parse(value)
            except ShiftError:
                continue
        if isinstance(value, Shift | Dataset) and getattr(value, "id", "") != "identity":
            yield value


def _severity(name: str) -> int:
    return sum(int(part) for kind, part in in_natural_order(name) if kind == 0 and isinstance(part, int))
