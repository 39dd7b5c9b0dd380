"""What a run is about to ask, in one line, and what a whole run would ask, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from pytest_emid.measuring.format import amount, clip, duration, percent, visible
from pytest_emid.measuring.plan import CLEAN, LOSSES, Forecast, Plan, Size
from pytest_emid.plugin.config import CONFIG

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
    most = ", at most: gates may stop early" if terminal.config.stash[CONFIG].stop_early else ""
    terminal.write_line(f"time: {UNKNOWN if seconds is None else f'about {duration(seconds)} in one process{most}'}")
    if plan.is_priced:
        terminal.write_line(f"cost: {UNKNOWN if cost is None else f'about {amount(cost)}'}")
    for said in _sizes(plan):
        terminal.write_line(visible(said))
    if terminal.verbosity >= 0:
        terminal.write_line(
            f"Nothing was asked. A test that measures several scenarios is counted up to its first; {CLEAN} is the "
            "dataset without a shift."
        )


def _sizes(plan: Plan) -> Iterator[str]:
    """What gates cost at the sizes that show a loss: one line each."""
    sizes = plan.sizes()
    several = len({(size.model, size.dataset) for size in sizes}) > 1
    for first in sizes[:: len(LOSSES)]:
        basis = (
            "from the spread of the clean answers"
            if first.is_measured
            else "as if nine in ten clean answers were right: none was measured yet"
        )
        about = f" of {first.model} on {first.dataset}" if several else ""
        yield f"what gates{about} see, with 80 % power ({basis}):"
        for size in sizes:
            if (size.model, size.dataset) == (first.model, first.dataset):
                yield _size(size)


def _size(size: Size) -> str:
    """Such as `a loss of 10 %: 82 samples, 82 answers a gate; 410 with the clean ones, about 2 min, cost about 3`."""
    gates = "" if size.gates == 1 else f" of {size.gates}"
    parts = [f"{size.answers:,} answers for all{gates} and the clean set"]
    parts += [f"about {duration(size.seconds)}"] if size.seconds is not None else []
    parts += [f"cost about {amount(size.cost)}"] if size.cost is not None else []
    more = f" (there are {size.held:,})" if size.samples > size.held else ""
    return f"  a loss of {percent(size.loss, 0)}: {size.samples:,} samples a gate{more}; {', '.join(parts)}"
