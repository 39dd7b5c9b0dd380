"""What stands in the columns of a run's table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from pytest_emid.measuring.format import clip, decimals, limits, measured, number, percent
from pytest_emid.measuring.results import Bound, EmidResult
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.explain import asks_about

__all__ = ["BOUND_LETTERS", "EXTRA_COLUMNS", "columns", "emid_cell", "retained_cell", "shown_bound"]

SCENARIO_WIDTH: Final = 34
PREFERRED_BOUNDS: Final = ("rigorous", "published", "published_code", "scale_adjusted")
BOUND_LETTERS: Final = {"rigorous": "r", "published": "p", "published_code": "c", "scale_adjusted": "s"}
METRIC_WIDTH: Final = 20
EMI_COLUMNS: Final = ("EMI clean", "EMI shifted")
"""With `-v` only."""
EXTRA_COLUMNS: Final = (EMI_COLUMNS, ("bound",))
"""What is left out first where the terminal is too narrow."""


def columns(rows: Sequence[Row], verbosity: int) -> dict[str, list[str]]:
    """By title, a cell for each row. What all rows have in common stands above the table, and details with `-v`."""
    results = [row.result for row in rows]
    found = {"scenario": [clip(result.scenario, SCENARIO_WIDTH) for result in results]}
    if len({result.n for result in results}) > 1:
        found["n"] = [str(result.n) for result in results]
    if verbosity > 0:
        for title, side in zip(EMI_COLUMNS, ("emi_clean", "emi_shifted"), strict=True):
            found[title] = [number(emi.value, decimals(emi)) for emi in (getattr(r, side) for r in results)]
    found["EMID [interval]"] = [emid_cell(result) for result in results]
    found["retained"] = [retained_cell(result) for result in results]
    for name in dict.fromkeys(name for result in results for name in result.metrics):
        found[clip(name, METRIC_WIDTH)] = [_metric(result, name) for result in results]
    bounds = [shown_bound(row, verbosity) for row in rows]
    if any(bounds):
        found["bound"] = [_held(bound) for bound in bounds]
    return found


def emid_cell(result: EmidResult, between: str = " ") -> str:
    """With its share of the clean information, where there is one: clean answers that tell nothing have none."""
    share = result.emid_share
    if share is None or math.isnan(share.value):
        return measured(result.emid)
    return f"{measured(result.emid)}{between}{percent(share.value, 0)}"


def _metric(result: EmidResult, name: str) -> str:
    """Its means on clean and on shifted data."""
    found = result.metrics.get(name)
    return "-" if found is None else f"{found.clean.value:.3g} > {found.shifted.value:.3g}"


def _held(bound: Bound | None) -> str:
    """The bound beside the EMID that it bounds, in the same unit; nothing where that is another than the row's."""
    if bound is None:
        return "-"
    held = "" if bound.emid is None else f"{bound.emid.value:.2g} <= "
    return f"{held}{bound.value:.3g} {BOUND_LETTERS.get(bound.name, '?')}"


def retained_cell(result: EmidResult) -> str:
    """The share retained with its interval, or that there is none."""
    retained = result.information_retained
    if math.isnan(retained.value):
        return "undefined"
    return f"{percent(retained.value)} [{', '.join(limits(retained))}]"


def shown_bound(row: Row, verbosity: int) -> Bound | None:
    """The bound that a gate was asked about; with `-v` else the strictest that there is."""
    asked = [name for name in PREFERRED_BOUNDS if any(asks_about(decision, name) for decision in row.decisions)]
    for name in (*asked, *(PREFERRED_BOUNDS if verbosity > 0 else ())):
        if name in row.result.bounds:
            return row.result.bounds[name]
    return None
