"""A progress bar while a model answers, on the terminal's own standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest

__all__ = ["ProgressBar"]

INTERVAL: Final = 0.1
"""Seconds between two drawings: suspending pytest's capture is not free."""


class ProgressBar:
    """Called as answers arrive. Visible without `-s`, silent where standard error is no terminal.

    Under pytest-xdist the workers have no terminal, and show nothing.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._bar: Any = None
        self._label = ""
        self._drawn = 0.0

    def __call__(self, label: str, done: int, total: int) -> None:
        """`done` of `total` answers have arrived for what `label` names."""
        now = time.monotonic()
        finished = done >= total
        if self._bar is None and finished:
            return  # all of it was cached: nothing to wait for
        if self._bar is not None and self._label == label and not finished and now - self._drawn < INTERVAL:
            return
        self._drawn = now
        if self._capture is None:
            self._draw(label, done, total)
            return
        with self._capture.global_and_fixture_disabled():
            self._draw(label, done, total)

    def _draw(self, label: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is not None and self._label != label:
            self._close()
        if self._bar is None:
            if self._reporter is not None:
                # Ends the line of dots, and makes pytest begin a new one afterwards.
                self._reporter.ensure_newline()
            self._bar, self._label = _bar_class()(total=total, desc=f"emid {label}", unit="answer", leave=False), label
        self._bar.n = done
        self._bar.refresh()
        if done >= total:
            self._close()

    def _close(self) -> None:
        self._bar.close()
        self._bar = None


def _bar_class() -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        # No monitoring thread: it would draw while pytest captures.
        monitor_interval = 0

    return Bar
