"""Numbers and texts as reports show them. Texts are a model's or a dataset's: data, never trusted."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.allowance import PROBLEMS
from pytest_emid.measuring.plain import scrub
from pytest_emid.measuring.results import EmidResult, Floor

__all__ = [
    "amount",
    "answers",
    "clip",
    "counted",
    "decimals",
    "duration",
    "floor_in_words",
    "interval",
    "limits",
    "measured",
    "number",
    "percent",
    "quantity",
    "visible",
]

TEXT_WIDTH: Final = 240
"""Characters of a question or an answer that a message shows."""

BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
"""They reorder or break the line that they stand in."""


def visible(text: str) -> str:
    """A text in which nothing can move the cursor, reorder a line or stop a pytest-xdist run."""
    return "".join(_escaped(character) for character in scrub(text))


def _escaped(character: str) -> str:
    if character in BIDI_CONTROLS or unicodedata.category(character) == "Cc":
        return character.encode("unicode_escape").decode("ascii")
    return character


def clip(text: str, width: int = TEXT_WIDTH) -> str:
    """A text made visible, of at most `width` characters; an ellipsis says that there was more."""
    # The cut comes first: what one megabyte of answer looks like is nobody's concern.
    shown = visible(text[: width + 1])
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def number(value: float, decimals: int | None = None) -> str:
    """A number with its sign: three significant digits such as `+0.0462`, or so many decimals."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:+z.3g}" if decimals is None else f"{value:+z.{decimals}f}"


def percent(value: float, decimals: int = 1) -> str:
    """A fraction in percent, such as `61.2 %`."""
    return f"{100 * value:z.{decimals}f} %" if math.isfinite(value) else str(value)


def quantity(value: float, unit: str, decimals: int | None = None) -> str:
    """A number in its unit."""
    if unit == "fraction":
        return percent(value)
    if unit == "p-value":
        return f"{value:.3g}"
    return number(value, decimals)


def interval(estimate: Estimate) -> str:
    """The limits, such as `[+0.021, +0.071]`."""
    low, high = (quantity(limit, estimate.unit, decimals(estimate)) for limit in (estimate.low, estimate.high))
    return f"[{low}, {high}]"


def measured(estimate: Estimate) -> str:
    """The estimate with its interval; a p-value has none, and a share of nothing is undefined."""
    if math.isnan(estimate.value):
        return "undefined"
    value = quantity(estimate.value, estimate.unit, decimals(estimate))
    return value if estimate.unit == "p-value" else f"{value} {interval(estimate)}"


def decimals(estimate: Estimate) -> int | None:
    """As many as show two significant digits of the interval's half-width; None where there is none."""
    half = (estimate.high - estimate.low) / 2
    if not math.isfinite(half) or half <= 0.0:
        return None
    # One decimal at least where it shows something: a limit of -0.3 is not "-0".
    return min(max(1 - math.floor(math.log10(half)), 1 if half < 100 else 0), 12)


def limits(share: Estimate) -> tuple[str, str]:
    """The limits of a share in percent: whole numbers, or as `percent` has them where its value would be outside."""
    shown = round(100 * share.value, 1)
    low, high = 100 * share.low, 100 * share.high
    digits = 1 if shown < round(low, 0) or shown > round(high, 0) else 0
    return f"{low:z.{digits}f}", f"{high:z.{digits}f}"


def counted(outcomes: Mapping[str, int]) -> str:
    """How many answers are none, by outcome, such as `24 refused, 0 truncated, 3 empty`."""
    return ", ".join(f"{outcomes.get(name, 0)} {name}" for name in PROBLEMS)


def answers(result: EmidResult) -> str:
    """How many answers are none on each side; empty where all are answers."""
    sides = {"clean": result.clean.outcomes, "shifted": result.shifted.outcomes}
    if not any(outcomes.get(name) for outcomes in sides.values() for name in PROBLEMS):
        return ""
    return "; ".join(f"{name}: {counted(outcomes)}" for name, outcomes in sides.items())


def duration(seconds: float) -> str:
    """A time to two digits, such as `40 s`, `2.5 min` or `11 h`."""
    for size, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= 1.5 * size or unit == "s":
            count = seconds / size
            return f"{count:.0f} {unit}" if count >= 9.95 else f"{count:.1f} {unit}"
    raise AssertionError


def amount(cost: float) -> str:
    """A cost to two digits, such as `0.031` or `1,200`; its unit is that of the prices."""
    if cost >= 100:
        digits = -(len(str(int(cost))) - 2)
        return f"{round(cost, digits):,.0f}"
    return f"{cost:.2g}"


def floor_in_words(floor: Floor) -> str:
    """The floor in a sentence."""
    times = "once" if floor.repeats == 1 else f"{floor.repeats} times"
    return (
        f"Noise floor: asked {times} more without a shift, {percent(floor.differ)} of the clean answers differ, and "
        f"{measured(floor.exact)} of the exact matches are lost. What a shift loses is counted from these repeats."
    )
