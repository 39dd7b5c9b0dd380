"""Given values become the ones that are used; what is not legal raises TypeError or ValueError.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

__all__ = [
    "FEWEST_WORDS",
    "Shard",
    "as_allowance",
    "as_confidence",
    "as_critic",
    "as_integer",
    "as_measures",
    "as_names",
    "as_positive",
    "as_seconds",
    "as_shard",
    "as_switch",
    "as_text",
    "as_words",
    "one_of",
    "parse_shard",
]


FEWEST_WORDS: Final = 2
"""Of a sentence that says what changed."""


class Shard(NamedTuple):
    """One of several parts of a run: `number` from 1 to `total`."""

    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def parse_shard(text: str) -> Shard:
    """The shard that `K/N` names.

    Raises:
        ValueError: it is not two integers, or K is not from 1 to N.
    """
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{text!r} is no shard K/N")
    return Shard(int(match[1]), int(match[2]))


def as_text(value: Any) -> str:
    """Text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def as_words(value: Any) -> str:
    """Several words: one says nothing of what changed."""
    text = " ".join(as_text(value).split())
    if len(text.split()) < FEWEST_WORDS:
        raise ValueError
    return text


def as_integer(least: int) -> Callable[[Any], int]:
    """Whole numbers from `least` up."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise TypeError
        number = int(value)
        if number < least:
            raise ValueError
        return number

    return parse


def as_confidence(value: Any) -> float:
    """A number from 0.5 to below 1."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not 0.5 <= number < 1.0:
        raise ValueError
    return number


def as_shard(value: Any) -> str:
    """K/N."""
    return str(parse_shard(as_text(value)))


def as_critic(value: Any) -> str:
    """The name of a critic."""
    text = as_text(value)
    kind, _, path = text.partition(":")
    if (kind == "paper") is not bool(path) or kind not in ("witness", "query", "club-ridge", "club", "paper"):
        raise ValueError
    return text


def as_names(value: Any) -> str:
    """Names, in a list or separated by commas."""
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        value = ",".join(value)
    names = [name.strip() for name in as_text(value).split(",")]
    if not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
        raise ValueError
    return ", ".join(names)


def as_measures(value: Any) -> str:
    """Measures, each with a limit of its own or none."""
    text = as_text(value)
    for part in text.split(","):
        name, colon, limit = part.strip().partition(":")
        if not re.fullmatch(r"[A-Za-z_]\w*", name.strip()) or (colon and not float(limit) >= 0.0):
            raise ValueError
        if name.strip() == "likelihood" and not colon:
            raise ValueError
    return text


def as_seconds(value: Any) -> float:
    """A time in seconds, from 0 up: a number, or a text such as `90s` or `10min`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    match = re.fullmatch(r"([0-9.]+)\s*(s|min|h|)", str(value).strip())
    if match is None:
        raise ValueError
    return float(match[1]) * {"min": 60.0, "h": 3600.0}.get(match[2], 1.0)


def as_positive(value: Any) -> float:
    """A number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not 0.0 < number < float("inf"):
        raise ValueError
    return number


def as_switch(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def one_of(*legal: str) -> Callable[[Any], str]:
    """One of these words."""

    def parse(value: Any) -> str:
        if value not in legal:
            raise ValueError
        return str(value)

    return parse


def as_allowance(value: Any) -> str:
    """A share of answers that may be no answers."""
    from pytest_emid.measuring.allowance import Allowance

    return str(Allowance.parse(value))
