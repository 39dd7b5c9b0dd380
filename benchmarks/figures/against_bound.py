"""Measured EMID against what bounds it, by model, each point a scenario. After Fig. 3 of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from measured import BOUNDS, SEVERITY, Row
from style import WIDTH, looks, zero_line

AXES = {
    "scale_adjusted": ("scale-adjusted score (no unit)", "emid", "published EMID (critic scale)"),
    "published": ("published bound, H = 0 (nats)", "emid", "published EMID (critic scale)"),
    "rigorous": ("rigorous bound, 95 % limit (nats)", "emid_nats", "EMID on answer classes (nats)"),
}
"""Bound to the x label, the row's key of y, and the y label."""
NAMES = {"scenes-synthetic": "34 synthetic scenarios", "scenes-natural": "27 natural scenarios"}
KINDS = {"V": ("pictures", "o"), "T": ("questions", "^"), "J": ("both", "s")}


def draw(numbers: dict[str, Any], suite: str, path: Path) -> bool:
    """One panel a bound. Returns whether there was anything to draw."""
    rows = [row for row in numbers["rows"] if row["suite"] == suite]
    if not rows or suite == SEVERITY:
        return False
    figure, panels = plt.subplots(1, len(BOUNDS), figsize=(WIDTH, 3.9))
    for axes, bound in zip(panels, BOUNDS, strict=True):
        _panel(axes, numbers, rows, suite, bound)
    handles = [
        Line2D([], [], color=colour, marker="o", mfc=colour if filled else "white", linestyle=line, label=name)
        for name, (colour, _, line, filled) in looks(numbers["models"]).items()
    ]
    handles += [
        Line2D([], [], color="#666666", marker=marker, linestyle="", label=f"shifted: {what}")
        for kind, (what, marker) in KINDS.items()
        if any(row["kind"] == kind for row in rows)
    ]
    figure.suptitle(NAMES.get(suite, suite), fontsize=10)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, columnspacing=1.2)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
    return True


def _panel(axes: Axes, numbers: dict[str, Any], rows: list[Row], suite: str, bound: str) -> None:
    x_label, key, y_label = AXES[bound]
    told, rows = [], [row for row in rows if row["bounds"].get(bound) is not None]
    for name, (colour, _, line, filled) in looks(numbers["models"]).items():
        own = [row for row in rows if row["model"] == name]
        x, y = np.array([row["bounds"][bound] for row in own]), np.array([row[key][0] for row in own])
        for kind, (_, marker) in KINDS.items():
            some = np.array([row["kind"] == kind for row in own], dtype=bool)
            inside = colour if filled else "white"
            axes.scatter(x[some], y[some], s=16, marker=marker, facecolor=inside, edgecolor=colour, linewidth=1.0)
        if len(set(x)) > 1:
            slope, offset = np.polyfit(x, y, 1)
            ends = np.array([x.min(), x.max()])
            axes.plot(ends, offset + slope * ends, color=colour, linestyle=line, linewidth=1.4)
        told += _coefficients(numbers, suite, name, bound, key)
    zero_line(axes)
    if bound == "rigorous" and rows:  # both axes in nats: below the diagonal the bound holds
        ends = np.array([0.0, max(row["bounds"][bound] for row in rows)])
        axes.plot(ends, ends, color="#888888", linestyle=(0, (1, 1)), linewidth=1.0)
    axes.set_title("\n".join(told), fontsize=8, loc="left")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)


def _coefficients(numbers: dict[str, Any], suite: str, name: str, bound: str, key: str) -> list[str]:
    """Pearson's r and Spearman's rank correlation of a panel, in words."""
    for found in numbers["correlations"]:
        if (found["suite"], found["model"], found["x"], found["y"]) == (suite, name, bound, key):
            shown = (f"{sign} {_limits(found[kind])}" for sign, kind in (("r", "pearson"), ("ρ", "spearman")))
            return [f"{name}:", "  " + ", ".join(shown)]
    return [f"{name}:", "  too few points for a correlation"]


def _limits(limits: list[float | None]) -> str:
    value, low, high = (f"{one:.2f}".replace("0.", ".") for one in limits)
    return f"{value} [{low}, {high}]"
