"""From an id to a shift."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pytest_emid.errors import ShiftError
from pytest_emid.shifts.component import Component, component
from pytest_emid.shifts.scenarios import find
from pytest_emid.shifts.synthetic import IDENTITY, SyntheticShift

__all__ = ["parse"]

LONGEST: Final = 500
"""Characters of an id."""

_COMPONENT: Final = re.compile(
    r"(?P<name>[^():+&]+?)\s*(?:\((?P<options>[^()]*)\))?\s*(?::\s*(?P<severity>[^():+&]*))?"
)


def parse(text: str) -> SyntheticShift:
    """The shift with an id: components joined by `+` (or `&`), each `name`, `name:severity` or
    `name(option=value,...):severity`. `str(parse(text))` is the canonical id, and parses to the same shift.

    Raises:
        ShiftError: the id is malformed, or names what does not exist.

    Example:
        >>> str(parse("keyboard:1 & defocus_blur:3"))
        'defocus_blur:3+keyboard:1'
    """
    if not isinstance(text, str) or not text.strip():
        raise ShiftError(f"a shift's id is text such as 'defocus_blur:3+keyboard:1', not {text!r}.")
    if len(text) > LONGEST:
        raise ShiftError(f"no shift's id has {len(text):,} characters; this one begins with {text[:80]!r}.")
    try:
        return SyntheticShift(tuple(_components(text)))
    except ShiftError:
        if (found := find(text.strip())) is not None:
            name = text.strip()
            raise ShiftError(
                f"{name!r} is a scenario of {found.suite}, not the id of a shift: take shifts.scenario({name!r})."
            ) from None
        raise


def _components(text: str) -> Iterator[Component]:
    for piece in re.split(r"[+&]", text):
        match = _COMPONENT.fullmatch(piece.strip())
        if match is None:
            raise ShiftError(
                f"{piece.strip()!r} in shift id {text!r} is not name, name:severity or name(option=value):severity."
            )
        if match["name"] == IDENTITY and match["options"] is None and match["severity"] is None:
            continue
        yield component(match["name"], _severity(match["severity"], text), _options(match["options"], text))


def _severity(text: str | None, whole: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ShiftError(f"severity {text!r} in shift id {whole!r} is not a whole number.")
    return int(text)


def _options(text: str | None, whole: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in (text or "").split(",") if text else ():
        option, equals, value = (part.strip() for part in pair.partition("="))
        if not (option and equals and value) or option in options:
            raise ShiftError(f"options {text!r} in shift id {whole!r} are not option=value, each option once.")
        options[option] = value
    return options
