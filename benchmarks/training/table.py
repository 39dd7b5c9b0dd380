"""From the runs to a table: exact answers by arm, differences between arms with intervals, the terms of the bound."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from pytest_emid.information.intervals.clusters import clustered_means, t_quantile
from pytest_emid.information.intervals.multiplicity import holm

COMPARED = (
    ("mean", "views"),
    ("rjsd", "views"),
    ("rjsd", "mean"),
    ("rjsd", "augmentation"),
    ("views", "augmentation"),
    ("shuffled", "augmentation"),
    ("bound", "views"),
)
"""Primary comparisons, under unseen visual shifts."""


def averaged(values: NDArray[np.float64], level: float = 0.95) -> dict[str, float]:
    """The mean of seeds x pictures, with limits that take both as drawn, and the two-sided p-value of 0.

    Of one seed the limits take pictures alone as drawn: another seed may give something else.

    The variance is that of seeds' means plus that of pictures' means, less that of single values, which is in both
    (Cameron, Gelbach and Miller, 2011); never less than the larger of the two. Degrees of freedom: seeds, less 1.
    """
    seeds, pictures = values.shape
    flat = values.ravel()[:, None]
    by = (np.repeat(np.arange(seeds), pictures), np.tile(np.arange(pictures), seeds), np.arange(values.size))
    variances = [float(clustered_means(flat, codes).covariance[0, 0]) if codes.max() else np.nan for codes in by]
    both = max(variances[0] + variances[1] - variances[2], variances[0], variances[1])
    between, df = (both, seeds - 1) if seeds > 1 else (variances[1], pictures - 1)
    error, middle = float(np.sqrt(between)), float(values.mean())
    reach = t_quantile((1 + level) / 2, df) * error
    p = float(2 * stdtr(df, -abs(middle) / error)) if error > 0 else float(middle == 0.0)
    return {"mean": middle, "low": middle - reach, "high": middle + reach, "error": error, "p": p}


def exact(runs: Sequence[Mapping[str, Any]], named: Sequence[str]) -> NDArray[np.float64]:
    """Seeds x pictures: the share of exact answers under the named conditions."""
    return np.array([np.mean([run["right"][name] for name in named], axis=(0, 2)) for run in runs])


def tell(folder: Path, groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The table of the runs in a folder, printed, and as numbers."""
    cells = [json.loads(path.read_text()) for path in sorted(folder.glob("test-*.json"))]
    runs: dict[str, list[dict[str, Any]]] = {}
    for cell in sorted(cells, key=lambda one: one["cell"]["seed"]):
        runs.setdefault(cell["cell"]["arm"], []).append(cell)
    start = runs.pop("start")
    numbers: dict[str, Any] = {
        "arms": {"start": _start(start[0], groups)},
        "differences": [],
        "terms": {},
        "chosen": {},
    }
    for arm, own in runs.items():
        numbers["arms"][arm] = {group: averaged(exact(own, named)) for group, named in groups.items()}
        numbers["chosen"][arm] = {name: own[0]["cell"][name] for name in ("scale", "weight")}
    for arm, own in {"start": start, **runs}.items():
        numbers["terms"][arm] = {
            shift: {term: float(np.mean([run["terms"][shift][term] for run in own])) for term in own[0]["terms"][shift]}
            for shift in own[0]["terms"]
        }
    for first, second in COMPARED:
        if first in runs and second in runs:
            common = sorted(
                {run["cell"]["seed"] for run in runs[first]} & {run["cell"]["seed"] for run in runs[second]}
            )
            sides = [[run for run in runs[arm] if run["cell"]["seed"] in common] for arm in (first, second)]
            for group, named in groups.items():
                found = averaged(exact(sides[0], named) - exact(sides[1], named))
                numbers["differences"].append({"first": first, "second": second, "group": group, **found})
    primary = [row for row in numbers["differences"] if row["group"] == "visual"]
    for row, adjusted in zip(primary, holm([row["p"] for row in primary]), strict=True):
        row["holm"] = float(adjusted)
    numbers["seeds"] = {arm: len(own) for arm, own in runs.items()}
    print(markdown(numbers, tuple(groups)))
    return numbers


def _start(run: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    return {group: {"mean": float(exact([run], named).mean())} for group, named in groups.items()}


def markdown(numbers: Mapping[str, Any], groups: Sequence[str]) -> str:
    lines = [f"| arm | seeds | {' | '.join(groups)} |", "| --- " * (2 + len(groups)) + "|"]
    for arm, own in numbers["arms"].items():
        cells = (_limits(own[group], 100) for group in groups)
        lines.append(f"| {arm} | {numbers['seeds'].get(arm, '')} | {' | '.join(cells)} |")
    lines += ["", f"| difference, points | {' | '.join(groups)} | Holm p, visual |", "| --- " * (2 + len(groups)) + "|"]
    pairs = dict.fromkeys((row["first"], row["second"]) for row in numbers["differences"])
    for first, second in pairs:
        rows = {r["group"]: r for r in numbers["differences"] if (r["first"], r["second"]) == (first, second)}
        cells = [_limits(rows[group], 100, "+.1f") for group in groups]
        lines.append(f"| {first} - {second} | {' | '.join(cells)} | {rows['visual']['holm']:.2f} |")
    for shift in ("fog:3", "frost:3", "char_swap:3"):
        named = next(iter(numbers["terms"].values()))[shift]
        lines += ["", f"| `{shift}` | {' | '.join(named)} |", "| --- " * (1 + len(named)) + "|"]
        for arm, found in numbers["terms"].items():
            lines.append(f"| {arm} | {' | '.join(f'{value:.4f}' for value in found[shift].values())} |")
    return "\n".join(lines)


def _limits(found: Mapping[str, float], times: float, form: str = ".1f") -> str:
    middle = f"{times * found['mean']:{form}}"
    return f"{middle} [{times * found['low']:{form}}, {times * found['high']:{form}}]" if "low" in found else middle
