"""What a plan wants to know of earlier measurements, kept beside a model's answers: how much its clean scores vary, and
what measuring takes beyond asking.

Good for plans, and for nothing that is measured: losing it changes no result.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from pytest_emid.cache.store import Store

__all__ = ["UNKNOWN", "Measured", "recall_measured", "remember_measured"]

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS measured (
    fingerprint TEXT, dataset TEXT, spread REAL, first REAL, later REAL, PRIMARY KEY (fingerprint, dataset)
) WITHOUT ROWID
"""
_UPDATE: Final = """
INSERT INTO measured VALUES (?, ?, ?, ?, ?) ON CONFLICT (fingerprint, dataset) DO UPDATE SET
    spread = COALESCE(excluded.spread, spread), first = COALESCE(excluded.first, first),
    later = COALESCE(excluded.later, later)
"""


class Measured(NamedTuple):
    """What is known of measurements of one model on one dataset, whatever part of it was measured; None where nothing.

    Attributes:
        spread: mean square of the clean scores over the square of their mean, at least 1.
        first: seconds that the first scenario of a process took beyond asking: loading, encoding, fitting, scoring.
        later: likewise, those of a later one.
    """

    spread: float | None = None
    first: float | None = None
    later: float | None = None


UNKNOWN: Final = Measured()


def remember_measured(store: Store, fingerprint: str, dataset: str, found: Measured) -> None:
    """Note what is known now; what is None stays as it was. A store that is only read is left as it is."""
    if store.read_only:
        return

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(_TABLE)
        connection.execute(_UPDATE, (fingerprint, dataset, *found))

    store.do(write)


def recall_measured(store: Store, fingerprint: str, dataset: str) -> Measured:
    """What was noted of the model of this fingerprint on the clean set of this name."""

    def read(connection: sqlite3.Connection) -> Measured:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'measured'").fetchone():
            return UNKNOWN
        sql = "SELECT spread, first, later FROM measured WHERE fingerprint = ? AND dataset = ?"
        row = connection.execute(sql, (fingerprint, dataset)).fetchone()
        return UNKNOWN if row is None else Measured(*row)

    return store.do(read)
