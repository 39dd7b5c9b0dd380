"""What a test names: the fixture that measures, and the gates. What its helpers do is not looked into."""

from __future__ import annotations

import inspect
from dataclasses import fields
from types import CodeType
from typing import Any

import pytest

import pytest_emid
from pytest_emid.plugin.config import FIXTURE

__all__ = ["gates_named", "measures_itself", "reads_figures"]


def measures_itself(item: pytest.Item) -> bool:
    """Whether the test asks for `measure_emid` by name; one that takes a fixture's result measures nothing itself."""
    function: Any = getattr(item, "function", None)
    if function is None:
        return False
    used = {name for marker in item.iter_markers("usefixtures") for name in marker.args}
    return FIXTURE in inspect.signature(function).parameters or FIXTURE in used


def gates_named(item: pytest.Item) -> set[str]:
    """Which of the gates the test function names."""
    return {name for name in pytest_emid.__all__ if name.startswith("assert_")} & _names(item)


def reads_figures(item: pytest.Item) -> bool:
    """Whether the test function may read figures of a result by itself: it names something that results have."""
    from pytest_emid.measuring.results import EmidResult

    figures = {*dir(EmidResult), *(field.name for field in fields(EmidResult))}
    return any(name in figures and not name.startswith("_") for name in _names(item))


def _names(item: pytest.Item) -> set[str]:
    """Every name and attribute in the code of the test function."""
    function: Any = getattr(item, "function", None)
    rest = [getattr(inspect.unwrap(function), "__code__", None)]
    named: set[str] = set()
    while rest:
        code = rest.pop()
        if code is not None:
            named.update(code.co_names, code.co_freevars)
            rest += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return named
