"""Where the value of a fixture comes from."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_emid.plugin import recorder

__all__ = ["origin"]


def origin(item: pytest.Item, name: str) -> str:
    """Where the value of a fixture comes from: an option, or the file and line that defines the fixture."""
    # not those of the test's signature: one that asks for measure_emid by name has none of them there
    definitions = item.session._fixturemanager.getfixturedefs(name, item) or ()
    function: Callable[..., Any] | None = definitions[-1].func if definitions else None
    if function is None:
        return f"fixture {name}"
    running = recorder.current()
    if running is not None and running.config.replay is not None and name == "emid_model":
        return running.config.origin("replay")
    if function.__module__ == "pytest_emid.plugin.provided":
        return running.config.origin(name.removeprefix("emid_")) if running is not None else "default"
    overrides = _overridden_option(name, function)
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return f"fixture {name}{overrides}"
    path = Path(code.co_filename)
    root = item.config.rootpath
    shown = path.relative_to(root) if path.is_relative_to(root) else path.name
    return f"fixture {name}, {shown}:{code.co_firstlineno}{overrides}"


def _overridden_option(name: str, function: Callable[..., Any]) -> str:
    """Says that a given option has no effect, unless the fixture asks for what the option names."""
    running = recorder.current()
    key = name.removeprefix("emid_")
    if running is None or key not in running.config.origins or name in inspect.signature(function).parameters:
        return ""
    return f", overrides {running.config.origin(key)}"
