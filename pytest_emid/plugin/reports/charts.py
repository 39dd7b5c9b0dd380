"""The geometry of the page's drawings: intervals on a scale from 0 to 120 %, and curves over severity."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.format import visible
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.asked import measure, verdict_word

__all__ = ["bar", "curves", "losses"]

TOP: Final = 1.2
"""The share at the end of the scale; what is beyond is drawn at the edge."""
WIDTH: Final = 120.0
MARGIN: Final = 4.0
CURVE: Final = (168.0, 96.0)
FAMILY: Final = re.compile(r"([^:+]+):([1-5])")


def bar(row: Row) -> dict[str, Any]:
    """Information retained as a dot with its interval, and the limit where a gate asked for one; undefined, no dot."""
    retained, limit = row.result.information_retained, _limit(row)
    return {
        "low": _x(retained.low),
        "high": _x(retained.high),
        "value": None if math.isnan(retained.value) else _x(retained.value),
        "whole": _x(1.0),
        "limit": None if limit is None else _x(limit),
    }


def losses(estimates: Sequence[Estimate], limits: Sequence[float]) -> list[dict[str, Any]]:
    """Losses as dots with their intervals and limits, all on one scale that holds them and 0.

    Shares are drawn from -120 to 120 % at most; what is beyond is at the edge.
    """
    numbers = [n for e, limit in zip(estimates, limits, strict=True) for n in (e.low, e.value, e.high, limit)]
    finite = [0.0, *filter(math.isfinite, numbers)]
    edge = TOP if all(e.unit == "fraction" for e in estimates) else math.inf
    least, most = max(min(finite), -edge), min(max(finite), edge)
    span = (most - least) or 1.0

    def x(value: float) -> float:
        inside = 0.0 if math.isnan(value) else min(max(value, least), most)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (inside - least) / span, 1)

    return [
        {
            "low": x(e.low),
            "high": x(e.high),
            "value": None if math.isnan(e.value) else x(e.value),
            "whole": x(0.0),
            "limit": x(limit),
        }
        for e, limit in zip(estimates, limits, strict=True)
    ]


def curves(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Information retained over severity, one drawing for each shift that was measured at two levels or more."""
    families: dict[tuple[str, str, str, int], dict[int, Row]] = {}
    for row in rows:
        result = row.result
        match = FAMILY.fullmatch(result.scenario)
        if match and math.isfinite(result.information_retained.value):
            place = (match[1], result.model, result.clean.fingerprint, result.seed)
            families.setdefault(place, {}).setdefault(int(match[2]), row)
    return [_curve(place[0], levels) for place, levels in families.items() if len(levels) > 1]


def _curve(name: str, levels: Mapping[int, Row]) -> dict[str, Any]:
    points = []
    for level in sorted(levels):
        retained, limit = levels[level].result.information_retained, _limit(levels[level])
        points.append(
            {
                "x": _level(level),
                "y": _y(retained.value),
                "low": _y(retained.low),
                "high": _y(retained.high),
                "limit": None if limit is None else _y(limit),
                "severity": level,
                "value": f"{100 * retained.value:z.0f} %",
                "verdict": verdict_word(levels[level]),
            }
        )
    band = [f"{p['x']},{p['high']}" for p in points] + [f"{p['x']},{p['low']}" for p in reversed(points)]
    return {
        "name": visible(name),
        "points": points,
        "line": " ".join(f"{p['x']},{p['y']}" for p in points),
        "band": " ".join(band),
        "whole": _y(1.0),
        "half": _y(0.5),
        "zero": _y(0.0),
        "told": ", ".join(f"severity {p['severity']}: {p['value']}" for p in points),
    }


def _limit(row: Row) -> float | None:
    """The share that a gate of the row asked for, the highest of several; None where none asked for one."""
    limits = [d.threshold for d in row.decisions if measure(d) == "retained" and math.isfinite(d.threshold)]
    return max(limits, default=None)


def _x(share: float) -> float:
    return round(WIDTH * _within(share), 1)


def _y(share: float) -> float:
    return round(CURVE[1] - 18.0 - (CURVE[1] - 26.0) * _within(share), 1)


def _level(severity: int) -> float:
    return round(30.0 + (CURVE[0] - 44.0) * (severity - 1) / 4, 1)


def _within(share: float) -> float:
    return 0.0 if math.isnan(share) else min(max(share, 0.0), TOP) / TOP
