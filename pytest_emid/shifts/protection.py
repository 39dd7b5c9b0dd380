"""What textual shifts leave as it is: three levels, and patterns that a project names."""

from __future__ import annotations

import re
from typing import Any, Final

from pytest_emid.errors import ShiftError

__all__ = ["LEVELS", "legal", "pattern_of", "protect"]

LEVELS: Final = ("all", "placeholders", "none")
"""Values of the option `protect`, the default first."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_patterns: dict[str, str] = {}


def protect(name: str, pattern: str) -> None:
    r"""Name what textual shifts are to leave as it is, beside all that `protect=all` does.

    Call it where shifts are made, such as at the top of conftest.py; the name is then a value of the option `protect`.

    Args:
        name: letters, digits and underscores: a part of the shift's id.
        pattern: a regular expression of the package `regex`, which knows those of `re`.

    Raises:
        ShiftError: the name is malformed or that of another pattern, or the pattern is none, or finds nothing at all.

    Example:
        >>> from pytest_emid import shifts
        >>> shifts.protect("part", r"SKU-\w+")
        >>> shifts.parse("case(protect=part):5").apply_text("Is it SKU-4711a?")
        'IS IT SKU-4711a?'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in LEVELS:
        raise ShiftError(
            f"{name!r} cannot name what is protected: use letters, digits and underscores, beginning with a letter, "
            f"and none of {', '.join(LEVELS)}."
        )
    if _patterns.get(name, pattern) != pattern:
        raise ShiftError(
            f"what {name!r} protects is {_patterns[name]!r} already, not {pattern!r}. Choose another name: ids of "
            "shifts mean one thing."
        )
    try:
        empty = _compiled(pattern).fullmatch("")
    except Exception as error:
        raise ShiftError(f"what {name!r} protects, {pattern!r}, is no regular expression: {error}.") from error
    if empty:
        raise ShiftError(
            f"what {name!r} protects, {pattern!r}, is found in any text, as nothing. Let it need a letter."
        )
    _patterns[name] = pattern


def legal(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an option of a shift: where it is that of protection, the patterns' names too."""
    return (*values, *_patterns) if option == "protect" and values == LEVELS else values


def pattern_of(name: str) -> Any:
    """The pattern of a name, compiled.

    Raises:
        ShiftError: there is none.
    """
    if name not in _patterns:
        raise ShiftError(
            f"nothing is protected under {name!r}. Call shifts.protect({name!r}, pattern), as in conftest.py."
        )
    return _compiled(_patterns[name])


def _compiled(pattern: str) -> Any:
    import regex  # its cache keeps what was compiled

    return regex.compile(pattern)
