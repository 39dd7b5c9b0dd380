"""A terminal outside of a pytest run, with as much of pytest's reporter as the summary needs."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

if TYPE_CHECKING:
    import pytest

__all__ = ["screen"]

CODES: Final = {"bold": 1, "red": 31, "green": 32, "yellow": 33}


def screen(stream: TextIO | None = None) -> pytest.TerminalReporter:
    """Something that writes a run's summary to `stream`, by default standard output: in color on a terminal."""
    return cast("pytest.TerminalReporter", _Screen(sys.stdout if stream is None else stream))


class _Screen:
    verbosity = 0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colors = stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.fullwidth = shutil.get_terminal_size((80, 24)).columns

    @property
    def config(self) -> _Screen:
        return self

    def getoption(self, name: str) -> Any:
        return False

    def get_terminal_writer(self) -> _Screen:
        return self

    def write(self, text: str, **markup: bool) -> None:
        codes = [str(CODES[name]) for name, on in markup.items() if on]
        self._stream.write(f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes and self._colors else text)

    def write_line(self, text: str, **markup: bool) -> None:
        self.write(text, **markup)
        self._stream.write("\n")

    def write_sep(self, sign: str, title: str, **markup: bool) -> None:
        # as wide as pytest's own separators
        fill = sign * max((self.fullwidth - len(title) - 2) // 2, 1)
        line = f"{fill} {title} {fill}"
        self.write_line(line + (sign if len(line) + 1 <= self.fullwidth else ""), **markup)
