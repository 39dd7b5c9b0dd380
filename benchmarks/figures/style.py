"""What all figures look like: one colour, marker and line a model, all told apart without colour as well."""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

LOOKS = (
    ("#0072B2", "o", "-", True),
    ("#D55E00", "s", "--", False),
    ("#009E73", "^", "-.", True),
    ("#CC79A7", "D", ":", False),
)
"""Colour (Okabe and Ito's palette), marker, line style, and whether points are filled, in the order of the models."""
WIDTH = 8.6
"""Inches: as wide as a page of documentation."""

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "legend.fontsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e5e5e5",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "pytest-emid",
    }
)


def looks(names: Iterable[str]) -> dict[str, tuple[str, str, str, bool]]:
    """Model name to its line of `LOOKS`."""
    return {name: LOOKS[i % len(LOOKS)] for i, name in enumerate(names)}


def zero_line(axes: Axes) -> None:
    axes.axhline(0.0, color="#888888", linewidth=0.8, zorder=1)
