"""What a run says while it asks: one line before, and a bar while a model answers, on the terminal's standard error."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.measuring.format import visible
from pytest_emid.plugin.config import SHARED
from pytest_emid.plugin.reports.heartbeat import SUFFIX, Heartbeat, Reported, states_in

if TYPE_CHECKING:
    import pytest

    from pytest_emid.measuring.plan import Forecast

__all__ = ["ProgressBar", "WorkerProgress", "progress_of", "watch"]

INTERVAL: Final = 0.1
"""Seconds between two drawings: suspending pytest's capture is not free."""


class ProgressBar:
    """Called before a model is asked and as answers arrive. Both are visible without `-s`.

    The line goes where pytest's own lines go. The bar is silent where standard error is no terminal.

    Where there is none, a line says now and then how far it is; see `heartbeat`.

    The bar stands on the line below pytest's dots while it is there, and leaves no trace.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._writer: Any = None if self._reporter is None else config.get_terminal_writer()
        self._captures = config.getoption("capture", "no") != "no"
        self._bar: Any = None
        self._label = ""
        self._drawn = 0.0
        self._column: int | None = None
        self._reported = Reported()
        self._heartbeat = Heartbeat(lambda: [state for state in [self._reported()] if state.label], self._say)
        self._output: int | None = None
        if self._reporter is not None and self._reporter.verbosity >= 0 and not _is_terminal():
            with self._uncaptured():
                # what is written while a test runs is that test's: the thread needs an output of its own
                self._output = _duplicate()

    def begin(self, label: str) -> None:
        """Something is measured from now on."""
        self._reported.begin(label)
        if self._output is not None:
            self._heartbeat.start()

    def _say(self, line: str) -> None:
        if self._output is not None:
            os.write(self._output, f"\n{line}\n".encode(errors="replace"))

    def __call__(self, label: str, done: int, total: int) -> None:
        """`done` of `total` answers have arrived for what `label` names."""
        self._reported.asks(label, done, total)
        now = time.monotonic()
        finished = done >= total
        if self._bar is None and finished:
            return  # all of it was cached: nothing to wait for
        if self._bar is not None and self._label == label and not finished and now - self._drawn < INTERVAL:
            return
        self._drawn = now
        with self._uncaptured():
            if _is_terminal():
                self._draw(label, done, total)

    def announce(self, label: str, model: str, forecast: Forecast) -> None:
        """One line before a model is asked, in the place of pytest's own; `-q` leaves it out."""
        from pytest_emid.plugin.reports.plan import forecast_line

        self.say(forecast_line(label, model, forecast))

    def say(self, sentence: str) -> None:
        """One line in the place of pytest's own, such as for whom this run waits; `-q` leaves it out."""
        if self._reporter is None or self._reporter.verbosity < 0:
            return
        with self._uncaptured():
            if self._writer.width_of_current_line:
                self._writer.line()
            self._writer.write(visible(sentence))
            if self._reporter.verbosity > 0 and self._captures:
                # pytest names the test again, on a line of its own
                self._reporter.currentfspath = None
            else:
                self._writer.line()
            self._writer.flush()

    def close(self) -> None:
        """Take the bar away: the model stopped answering."""
        self._heartbeat.stop()
        self._reported.end()
        if self._bar is not None:
            with self._uncaptured():
                self._erase()

    def _uncaptured(self) -> AbstractContextManager[None]:
        if self._capture is None:
            return nullcontext()
        context: AbstractContextManager[None] = self._capture.global_and_fixture_disabled()
        return context

    def _draw(self, label: str, done: int, total: int) -> None:
        if self._bar is not None and self._label != label:
            self._erase()
        if self._bar is None:
            self._make(label, total)
        self._bar.n = done
        self._bar.refresh()
        if done >= total:
            self._erase()

    def _make(self, label: str, total: int) -> None:
        self._column = None
        if self._writer is not None and sys.stdout.isatty():
            # Below the line that pytest is writing, whose column is known as long as tests do not print on it.
            self._writer.flush()
            self._column = self._writer.width_of_current_line if self._captures else None
            sys.stderr.write("\n")
        # pytest's width: a pseudo-terminal without a size would leave no room at all.
        width = 80 if self._writer is None else min(self._writer.fullwidth, 100)
        description = f"emid {visible(label)}"
        self._label = label
        self._bar = _bar_class()(total=total, desc=description, unit=" answers", leave=False, ncols=width, nrows=20)

    def _erase(self) -> None:
        self._bar.close()
        self._bar = None
        if self._column is not None:
            # Up by a line, and right to where pytest goes on.
            right = f"\x1b[{self._column}C" if self._column else ""
            sys.stderr.write(f"\x1b[A{right}")
        sys.stderr.flush()


class WorkerProgress:
    """What a worker of pytest-xdist tells its controller, which has the terminal: in a file that it reads."""

    def __init__(self, who: str, folder: Path) -> None:
        self._reported = Reported(who, folder / f"{who}{SUFFIX}")
        self._heartbeat = Heartbeat(list, lambda line: None, self._reported.write)

    def __call__(self, label: str, done: int, total: int) -> None:
        """`done` of `total` answers have arrived for what `label` names."""
        self._reported.asks(label, done, total)

    def announce(self, label: str, model: str, forecast: Forecast) -> None:
        """Nothing: what several workers are about to ask in the same moment is no line that anybody reads."""

    def say(self, sentence: str) -> None:
        """Nothing: the controller says who waits for whom, and a worker's log holds the sentence."""

    def begin(self, label: str) -> None:
        """Something is measured from now on."""
        self._reported.begin(label)
        self._heartbeat.start()

    def close(self) -> None:
        """Nothing is measured any more."""
        self._heartbeat.stop()
        self._reported.end()


def progress_of(config: pytest.Config) -> ProgressBar | WorkerProgress:
    """What a process is told as answers arrive."""
    told = getattr(config, "workerinput", None)
    return ProgressBar(config) if told is None else WorkerProgress(told["workerid"], Path(told[SHARED]))


def watch(config: pytest.Config, folder: Path) -> Heartbeat | None:
    """Let a controller say what its workers are doing; None where it is to be quiet."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or reporter.verbosity < 0:
        return None

    def say(line: str) -> None:
        reporter.ensure_newline()
        reporter.write_line(line)

    heartbeat = Heartbeat(lambda: list(states_in(folder)), say)
    heartbeat.start()
    return heartbeat


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _duplicate() -> int | None:
    """Another descriptor of standard output; None where there is none."""
    try:
        return os.dup(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def _bar_class() -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        # No monitoring thread: it would draw while pytest captures.
        monitor_interval = 0

    return Bar
