"""Results as notebooks show them, and as tables of pandas."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.errors import EmidError
from pytest_emid.information.intervals.estimate import Estimate

if TYPE_CHECKING:
    from pandas import DataFrame

    from pytest_emid.measuring.results import EmidResult

__all__ = ["Results", "html_of", "samples_of", "scenarios_of"]

PAGE: Final = "pytest_emid.plugin.reports.notebook"
"""Draws with the templates of the HTML page. Looked up when something is shown: nothing here stands on it."""


class Results(tuple["EmidResult", ...]):
    """Results, which a notebook shows as one page and which become a table.

    Make it of any results: `Results(measurer.measure(shift) for shift in shifts)`; `read_run(path).results` is one.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: a page of all scenarios."""
        return html_of(self)

    def to_frame(self) -> DataFrame:
        """One row a scenario: estimates with their limits, and the mean of every metric on both sides.

        Raises:
            EmidError: pandas is not installed.
        """
        return scenarios_of(self)


def html_of(results: Sequence[EmidResult]) -> str:
    """Results as a piece of HTML that stands by itself in another page."""
    page: str = import_module(PAGE).embedded(results)
    return page


def samples_of(result: EmidResult) -> DataFrame:
    """One row a sample: of both sides where they hold the same, else of the shifted side.

    Raises:
        EmidError: pandas is not installed.
    """
    shifted = result.shifted.records
    columns: dict[str, list[Any]] = {
        name: [getattr(record, name) for record in shifted] for name in ("id", "cluster", "category", "reference")
    }
    sides = {"clean": result.clean.records, "shifted": shifted} if result.paired else {"shifted": shifted}
    for side, records in sides.items():
        for name, field in (("question", "question"), ("answer", "response"), ("outcome", "outcome")):
            columns[f"{name}_{side}"] = [getattr(record, field) for record in records]
        for name in ("information", "emi", "cosine", "exact"):
            columns[f"{name}_{side}"] = [getattr(record, name) for record in records]
        for name, found in result.metrics.items():
            columns[f"{name}_{side}"] = list(found.on_clean if side == "clean" else found.on_shifted)
    return _frame(columns)


def scenarios_of(results: Sequence[EmidResult]) -> DataFrame:
    """One row a result; see `Results.to_frame`."""
    rows = []
    for result in results:
        row: dict[str, Any] = {
            "scenario": result.scenario,
            "modality": result.modality,
            "model": result.model,
            "dataset": result.clean.dataset,
            "n": result.n,
            "clusters": result.clusters,
            "seed": result.seed,
        }
        for name, estimate in (
            ("retained", result.information_retained),
            ("emid", result.emid),
            ("emid_share", result.emid_share),
        ):
            row |= _with_limits(name, estimate)
        row |= {"exact_clean": result.clean.exact.value, "exact_shifted": result.shifted.exact.value}
        for name, found in result.metrics.items():
            row |= {f"{name}_clean": found.clean.value, f"{name}_shifted": found.shifted.value}
        rows.append(row)
    return _frame(rows)


def _with_limits(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    values = (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _frame(data: Any) -> DataFrame:
    try:
        import pandas
    except ImportError:
        raise EmidError("to_frame makes a table of pandas, which is not installed: pip install pandas.") from None
    return pandas.DataFrame(data)
