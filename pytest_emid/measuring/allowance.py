"""Which share of a side's answers may be none: refused, empty, cut off. Parsed without loading anything heavy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

__all__ = ["LEGAL", "PROBLEMS", "Allowance"]

PROBLEMS: Final = ("refused", "truncated", "empty")
"""Outcomes of which a measurement can be made, and on which none should rest."""
LEGAL: Final = (
    "a share such as 5% or 0.05, shares of single outcomes such as refused=10%,truncated=0, or both "
    f"(outcomes: {', '.join(PROBLEMS)})"
)


class Allowance(NamedTuple):
    """Shares of the answers of one side.

    Attributes:
        rest: of all problems together that have no share of their own, 0 to 1.
        single: of single outcomes, each counted by itself.

    >>> allowance = Allowance.parse("refused=10%,truncated=0")
    >>> str(allowance), allowance.share("refused"), allowance.share("empty")
    ('5%,refused=10%,truncated=0%', 0.1, 0.05)
    """

    rest: float = 0.05
    single: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        return ",".join([_percent(self.rest), *(f"{name}={_percent(share)}" for name, share in self.single)])

    @classmethod
    def parse(cls, value: object) -> Allowance:
        """An allowance as it is, a number from 0 to 1, or a text (see `LEGAL`).

        Raises:
            TypeError, ValueError: it is none of these.
        """
        if isinstance(value, Allowance):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError(f"{value!r} is no share. Legal: {LEGAL}.")
        rest: list[float] = []
        single: dict[str, float] = {}
        for part in str(value).split(","):
            name, equals, share = (text.strip() for text in part.rpartition("="))
            if not equals:
                rest.append(_share(share))
            elif name not in PROBLEMS or name in single:
                raise ValueError(f"{value!r} is no share. Legal: {LEGAL}.")
            else:
                single[name] = _share(share)
        if len(rest) > 1:
            raise ValueError(f"{value!r} holds two shares of the same. Legal: {LEGAL}.")
        own = tuple((name, single[name]) for name in PROBLEMS if name in single)
        return cls(rest[0], own) if rest else cls(single=own)

    def share(self, outcome: str) -> float:
        """The share that this outcome is held against."""
        return dict(self.single).get(outcome, self.rest)

    def exceeded(self, outcomes: Mapping[str, int], n: int) -> Iterator[str]:
        """The outcomes that occur and are, by themselves or with others, more than is allowed among `n` answers."""
        single = dict(self.single)
        together = sum(outcomes.get(name, 0) for name in PROBLEMS if name not in single)
        for name in PROBLEMS:
            count = outcomes.get(name, 0)
            if count and (count if name in single else together) > self.share(name) * n + 1e-9:
                yield name


def _percent(share: float) -> str:
    return f"{100 * share:.6g}%"


def _share(text: str) -> float:
    number, percent = text.removesuffix("%").strip(), text.endswith("%")
    share = float(number) / (100 if percent else 1)
    if not (math.isfinite(share) and 0.0 <= share <= 1.0):
        raise ValueError(f"{text!r} is no share. Legal: {LEGAL}.")
    return share
