"""What a run is about to ask, in one line, and what a whole run would ask, as a table."""

from __future__ import annotations

from typing import Final

import pytest

from pytest_emid.measuring.format import amount, clip, duration, visible
from pytest_emid.measuring.plan import CLEAN, Forecast, Plan

__all__ = ["forecast_line", "summarize_plan"]

UNKNOWN: Final = "unknown: nothing was measured yet"
LABEL_WIDTH: Final = 50


def forecast_line(label: str, model: str, forecast: Forecast) -> str:
    """Such as `emid: defocus_blur:3 on tiny-llava: 12 answers cached, 48 to ask, about 2 min`."""
    parts = [f"{forecast.cached:,} answers cached", f"{forecast.to_ask:,} to ask"]
    parts.append(f"time {UNKNOWN}" if forecast.seconds is None else f"about {duration(forecast.seconds)}")
    if forecast.cost is not None:
        parts.append(f"cost about {amount(forecast.cost)}")
    return f"emid: {visible(label)} on {visible(model)}: {', '.join(parts)}"


def summarize_plan(terminal: pytest.TerminalReporter, plan: Plan) -> None:
    """Print the section. `-q` leaves the fine print out; `-qq` and `--no-summary` print nothing."""
    if terminal.verbosity < -1 or terminal.config.getoption("no_summary"):
        return
    terminal.write_sep("=", "emid plan", bold=True)
    rows = plan.rows()
    if not rows:
        terminal.write_line("Nothing would be asked: no test came to measure anything.")
        return
    cached, to_ask = plan.totals()
    cells = [
        *((clip(row.label, LABEL_WIDTH), f"{row.cached:,}", f"{row.to_ask:,}") for row in rows),
        ("in all, each once", f"{cached:,}", f"{to_ask:,}"),
    ]
    titles = ("scenario", "cached", "to ask")
    widths = [max(len(titles[i]), *(len(line[i]) for line in cells)) for i in range(len(titles))]

    def line(parts: tuple[str, str, str]) -> str:
        label, *numbers = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
        return "  ".join([label, *(number.strip().rjust(len(number)) for number in numbers)])

    shown = None
    for row, parts in zip(rows, cells, strict=False):
        if shown != (row.model, row.dataset):
            shown = (row.model, row.dataset)
            terminal.write_line(f"model {visible(row.model)}, dataset {visible(row.dataset)}")
            terminal.write_line(line(titles), bold=True)
        terminal.write_line(line(parts))
    terminal.write_line(line(cells[-1]), bold=True)
    seconds, cost = plan.seconds(), plan.cost()
    terminal.write_line(f"time: {UNKNOWN if seconds is None else f'about {duration(seconds)} in one process'}")
    if plan.is_priced:
        terminal.write_line(f"cost: {UNKNOWN if cost is None else f'about {amount(cost)}'}")
    if terminal.verbosity >= 0:
        terminal.write_line(
            f"Nothing was asked. A test that measures several scenarios is counted up to its first; {CLEAN} is the "
            "dataset without a shift."
        )
