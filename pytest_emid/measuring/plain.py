"""Plain types that cross processes, and the order in which people count."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

__all__ = ["in_natural_order", "plain", "scrub"]

_ALREADY: Final = frozenset({float, int, bool, type(None)})


def plain(value: Any) -> Any:
    """Dataclasses to dicts, tuples to lists, numpy scalars to Python numbers, texts without lone surrogates."""
    kind: Any = type(value)
    if kind in _ALREADY:  # nearly all of a result: told apart at once, for its records are many
        return value
    if kind is str:
        return scrub(value)
    if kind is tuple or kind is list:
        return [plain(item) for item in value]
    if hasattr(value, "to_dict") and not isinstance(value, type):
        return plain(value.to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        names, values = _fields(kind)
        return {
            name: item if type(item) in _ALREADY else plain(item)
            for name, item in zip(names, values(value), strict=True)
        }
    if isinstance(value, Mapping):
        return {scrub(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, int | float):
        return float(value) if isinstance(value, float) else value
    return value.item()


@cache
def _fields(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of a dataclass's fields, and what reads them."""
    names = tuple(f.name for f in fields(kind))
    return names, attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, n) for n in names)


def scrub(text: str) -> str:
    """A text that can cross processes: a lone surrogate in a report kills a pytest-xdist run."""
    return text if type(text) is str and text.isascii() else str(text).encode("utf-8", "replace").decode("utf-8")


def in_natural_order(text: str) -> list[tuple[int, int | str]]:
    """A sort key that puts `x:2` before `x:10`."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text) if part]
