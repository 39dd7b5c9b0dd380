"""Performance against severity, by model: accuracy, information retained and EMI. After Fig. 1 of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from measured import SEVERITY, Row
from style import WIDTH, looks, zero_line

MEASURES = {
    "accuracy": ("exact answers (%)", 100.0),
    "retained": ("information\nretained (%)", 100.0),
    "emi": ("EMI (critic scale)", 1.0),
}
"""Row's key to the axis label, and the factor to its unit."""


def draw(numbers: dict[str, Any], kind: str, path: Path) -> bool:
    """One column a family, one row a measure. Returns whether there was anything to draw."""
    rows = [row for row in numbers["rows"] if row["suite"] == SEVERITY and row["kind"] == kind]
    families = list(dict.fromkeys(row["family"] for row in rows))
    if not families:
        return False
    size = (max(3.4, WIDTH * len(families) / 3), 6.4)
    figure, grid = plt.subplots(len(MEASURES), len(families), figsize=size, sharex=True, sharey="row", squeeze=False)
    for column, family in enumerate(families):
        grid[0][column].set_title(f"{family}\n{_training(numbers['models'], family)}")
        for line, measure in enumerate(MEASURES):
            _panel(grid[line][column], numbers, [row for row in rows if row["family"] == family], measure)
        grid[-1][column].set_xlabel("severity (0: clean)")
    for line, (label, _) in enumerate(MEASURES.values()):
        grid[line][0].set_ylabel(label)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
    return True


def _training(models: dict[str, Any], family: str) -> str:
    told = [name for name, about in models.items() if family in about["trained_on"]]
    return f"seen in training by {', '.join(told)}" if told else "unseen in training"


def _panel(axes: Axes, numbers: dict[str, Any], rows: list[Row], measure: str) -> None:
    factor = MEASURES[measure][1]
    for name, (colour, marker, line, _) in looks(numbers["models"]).items():
        clean = {"retained": [1.0, 1.0, 1.0], **numbers["models"][name]["clean"]}[measure]
        points = [(0, clean), *((row["severity"], row[measure]) for row in rows if row["model"] == name)]
        x = [severity for severity, _ in points]
        value, low, high = (
            [float("nan") if limits[i] is None else factor * limits[i] for _, limits in points] for i in range(3)
        )
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(x, value, color=colour, marker=marker, linestyle=line, markersize=4, linewidth=1.4, label=name)
    axes.set_xticks(x)
    if measure != "emi":
        axes.set_ylim(-5, 108)
    zero_line(axes)
