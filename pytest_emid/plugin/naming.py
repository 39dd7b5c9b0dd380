"""What a test names: the fixture that measures, and the gates. What its helpers do is not looked into."""

from __future__ import annotations

import inspect
from types import CodeType
from typing import Any

import pytest

import pytest_emid
from pytest_emid.plugin.config import FIXTURE

__all__ = ["gates_named", "measures_itself"]


def measures_itself(item: pytest.Item) -> bool:
    """Whether the test asks for `measure_emid` by name; one that takes a fixture's result measures nothing itself."""
    function: Any = getattr(item, "function", None)
    if function is None:
        return False
    used = {name for marker in item.iter_markers("usefixtures") for name in marker.args}
    return FIXTURE in inspect.signature(function).parameters or FIXTURE in used


def gates_named(item: pytest.Item) -> set[str]:
    """Which of the gates the test function names."""
    gates = {name for name in pytest_emid.__all__ if name.startswith("assert_")}
    function: Any = getattr(item, "function", None)
    rest = [getattr(inspect.unwrap(function), "__code__", None)]
    named: set[str] = set()
    while rest:
        code = rest.pop()
        if code is not None:
            named |= gates.intersection((*code.co_names, *code.co_freevars))
            rest += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return named
