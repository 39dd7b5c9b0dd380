"""The tables of the documentation, in Markdown, from the figures' numbers."""

from __future__ import annotations

from typing import Any

from measured import SEVERITY


def accuracy(numbers: dict[str, Any]) -> str:
    """Exact answers of every model, by family and severity."""
    rows = [row for row in numbers["rows"] if row["suite"] == SEVERITY]
    levels = sorted({row["severity"] for row in rows})
    lines = [f"| family | model | clean | {' | '.join(map(str, levels))} |", "| --- " * (3 + len(levels)) + "|"]
    for family in dict.fromkeys(row["family"] for row in rows):
        for name, about in numbers["models"].items():
            at = {row["severity"]: row for row in rows if row["family"] == family and row["model"] == name}
            cells = [about["clean"]["accuracy"][0], *(at[severity]["accuracy"][0] for severity in levels)]
            seen = ", seen" if family in about["trained_on"] else ""
            lines.append(f"| `{family}` | `{name}`{seen} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(lines)


def correlations(numbers: dict[str, Any]) -> str:
    """Pearson and Spearman with their intervals, by suite and model."""
    lines = ["| scenarios | model | x | y | points | Pearson | Spearman |", "| --- " * 7 + "|"]
    for found in numbers["correlations"]:
        if found["suite"] != SEVERITY:
            cells = (found["suite"], f"`{found['model']}`", found["x"], found["y"], str(found["points"]))
            shown = (_limits(found[kind]) for kind in ("pearson", "spearman"))
            lines.append("| " + " | ".join((*cells, *shown)) + " |")
    return "\n".join(lines)


def _limits(limits: list[float | None]) -> str:
    value, low, high = (f"{one:.2f}" for one in limits)
    return f"{value} [{low}, {high}]"
