"""One option: its names, what is legal, and what it does.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

__all__ = ["Option"]


class Option:
    """One option: `--emid-<name>`, ini `emid_<key>`, and for some a keyword of the marker and of calls.

    A plain class: this module is loaded in every pytest run, and making a dataclass takes a millisecond.

    Attributes:
        name: as on the command line, without `--emid-`.
        ini_type: pytest's type of the ini value.
        metavar: what `--help` shows for its value; empty for a switch, which takes none on the command line.
        legal: what is legal, in words; part of every error about it.
        parse: a given value to the one that is used; raises ValueError or TypeError for what is not legal.
        help: what it does, in a sentence.
    """

    def __init__(
        self,
        name: str,
        ini_type: Literal["string", "int", "float", "bool"],
        metavar: str,
        legal: str,
        parse: Callable[[Any], Any],
        help: str,
    ) -> None:
        self.name = name
        self.ini_type = ini_type
        self.metavar = metavar
        self.legal = legal
        self.parse = parse
        self.help = help

    @property
    def key(self) -> str:
        """The name as an identifier: the attribute of `EmidConfig`, and the keyword of the marker."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        return f"--emid-{self.name}"

    @property
    def ini(self) -> str:
        return f"emid_{self.key}"
