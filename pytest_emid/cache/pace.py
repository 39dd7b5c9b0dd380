"""How fast a model answers, what an answer takes, and whether it is out of reach: kept beside its answers.

Good for forecasts and for giving up early, and for nothing that is measured: losing it changes no result.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Final

from pytest_emid.cache.store import Store

__all__ = ["Pace", "Stopwatch", "outage", "recall", "remember", "report_outage"]

BURST: Final = 0.005
"""Seconds: answers that follow each other faster arrived together, as those of one batch do."""

AHEAD: Final = 60.0
"""Seconds that another machine's clock may be ahead."""

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS paces (
    fingerprint TEXT PRIMARY KEY, answers REAL NOT NULL, seconds REAL NOT NULL,
    prompt_tokens REAL NOT NULL, completion_tokens REAL NOT NULL, down REAL, why TEXT
) WITHOUT ROWID
"""
_UPDATE: Final = """
INSERT INTO paces VALUES (?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT (fingerprint) DO UPDATE SET
    answers = answers / 2 + excluded.answers, seconds = seconds / 2 + excluded.seconds,
    prompt_tokens = prompt_tokens / 2 + excluded.prompt_tokens,
    completion_tokens = completion_tokens / 2 + excluded.completion_tokens, down = NULL, why = NULL
"""
_OUTAGE: Final = """
INSERT INTO paces VALUES (?, 0, 0, 0, 0, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET
    down = excluded.down, why = excluded.why
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """What some answers took. The numbers are weights as much as counts: later answers weigh more.

    Attributes:
        answers: how many.
        seconds: of wall clock, for all of them, asked as they were (in batches, or many at a time).
        prompt_tokens: as counted by a server; 0 where nobody counts.
        completion_tokens: likewise.
    """

    answers: float
    seconds: float
    prompt_tokens: float = 0.0
    completion_tokens: float = 0.0

    @property
    def seconds_each(self) -> float:
        return self.seconds / self.answers

    def cost_each(self, prices: tuple[float, float]) -> float | None:
        """At (prompt, completion) prices for a million tokens; None where nobody counted tokens."""
        if not self.prompt_tokens + self.completion_tokens:
            return None
        spent = self.prompt_tokens * prices[0] + self.completion_tokens * prices[1]
        return spent / 1e6 / self.answers


class Stopwatch:
    """Times answers. The first ones to arrive are left out where others follow: loading weights took a part of it."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self._opening = 0
        self._opened = self._began
        self.count = 0

    def arrived(self) -> None:
        """One more answer."""
        now = time.monotonic()
        if self.count and not self._opening and now - self._last > BURST:
            self._opening, self._opened = self.count, self._last
        self.count += 1
        self._last = now

    def pace(self, prompt_tokens: float = 0.0, completion_tokens: float = 0.0) -> Pace:
        """Of the answers so far, at least one, for which so many tokens were counted."""
        timed = self.count - self._opening
        share = timed / self.count
        return Pace(timed, self._last - self._opened, share * prompt_tokens, share * completion_tokens)


def recall(store: Store, fingerprint: str) -> Pace | None:
    """What earlier answers of this model took; None where nobody knows."""
    row = _row(store, fingerprint)
    return Pace(*row[:4]) if row is not None and row[0] > 0 else None


def remember(store: Store, fingerprint: str, pace: Pace) -> None:
    """Note what some answers took; earlier ones count half from now on. A model that answers is not out of reach."""
    row = (fingerprint, pace.answers, pace.seconds, pace.prompt_tokens, pace.completion_tokens)
    _write(store, _UPDATE, row)


def report_outage(store: Store, fingerprint: str, why: str) -> None:
    """Note that this model cannot be reached, so that no process of this run tries again."""
    _write(store, _OUTAGE, (fingerprint, time.time(), why))


def outage(store: Store, fingerprint: str, since: float) -> str | None:
    """Why this model cannot be reached, where that was found at `since` or later and nothing was answered after.

    What was found later than now was found by another clock, and does not count.
    """
    row = _row(store, fingerprint)
    return row[5] if row is not None and row[4] is not None and since <= row[4] <= time.time() + AHEAD else None


def _row(store: Store, fingerprint: str) -> tuple[float, float, float, float, float | None, str | None] | None:
    def read(connection: sqlite3.Connection) -> tuple[float, float, float, float, float | None, str | None] | None:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'paces'").fetchone():
            return None
        sql = "SELECT answers, seconds, prompt_tokens, completion_tokens, down, why FROM paces WHERE fingerprint = ?"
        found: tuple[float, float, float, float, float | None, str | None] | None
        found = connection.execute(sql, (fingerprint,)).fetchone()
        return found

    return store.do(read)


def _write(store: Store, sql: str, row: tuple[object, ...]) -> None:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute(_TABLE)
        connection.execute(sql, row)

    store.do(write)
