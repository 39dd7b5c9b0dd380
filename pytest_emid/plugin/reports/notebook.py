"""Results in a notebook: the page of a run, in a frame of its own, so that neither's style touches the other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.outbox import Outbox
from pytest_emid.plugin.reports.page import render

__all__ = ["embedded"]

LINES: Final = 40_000
"""Bytes of samples without pictures: a notebook keeps every output that it shows."""
HEIGHT: Final = 520


def embedded(results: Sequence[EmidResult]) -> str:
    """A frame with the page. It may run the page's own script, and nothing that the page holds reaches the notebook."""
    outbox = Outbox()
    rows = [Row(outbox.key(result), result, (), (), ()) for result in results]
    title = f"Robustness under {results[0].scenario}" if len(results) == 1 else "Robustness under distribution shift"
    page = render(rows, [], {}, title, lines=LINES)
    style = f"width: 100%; height: {HEIGHT}px; border: 0"
    return f'<iframe title="{escape(title)}" sandbox="allow-scripts" style="{style}" srcdoc="{escape(page)}"></iframe>'
