"""The SQLite file behind the cache: answers, vectors, picture digests, and claims on work in progress.

Every entry carries a digest of its content, which is checked when
it is read. Values are plain columns and raw bytes. Keys are sha256 digests of everything that decides the value.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytest_emid.cache.database import Database
from pytest_emid.cache.rows import (
    INSERT_VECTOR,
    decoded,
    digest_of,
    encoded,
    keep,
    picture_check,
    response_of,
    shown,
    vector_insertion,
)
from pytest_emid.models.base import Outcome, Response
from pytest_emid.models.packs import Answer, Vector

__all__ = ["Answer", "Sizes", "Store", "Vector"]

log: Final = logging.getLogger(__name__)

_RESPONSE: Final = "outcome, text, error, entropy, scores"
"""Columns of an answer that its digest covers, after the key."""
_SIZE: Final = "length(text) + coalesce(length(scores), 0) + 200"
_CHUNK: Final = 400
_OF_RUN: Final = "key IN (SELECT key FROM made WHERE run = ?) AND"
_DAY: Final = 86_400.0
_TABLES: Final = """
CREATE TABLE answers (
    key BLOB PRIMARY KEY, model TEXT NOT NULL, fingerprint TEXT NOT NULL,
    outcome TEXT NOT NULL, text BLOB NOT NULL, error BLOB NOT NULL,
    entropy REAL, created REAL NOT NULL, used REAL NOT NULL, digest BLOB NOT NULL, scores BLOB
) WITHOUT ROWID;
CREATE TABLE vectors (
    key BLOB PRIMARY KEY, encoder TEXT NOT NULL, fingerprint TEXT NOT NULL, vector BLOB NOT NULL,
    created REAL NOT NULL, used REAL NOT NULL, digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE pictures (
    recipe TEXT NOT NULL, sample BLOB NOT NULL, picture TEXT NOT NULL, PRIMARY KEY (recipe, sample)
) WITHOUT ROWID;
CREATE TABLE claims (key BLOB PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX claims_by_owner ON claims (owner);
"""
_UPGRADES: Final = {1: "ALTER TABLE answers ADD COLUMN scores BLOB"}
"""From a format to the next."""
_MADE: Final = """
CREATE TABLE IF NOT EXISTS made (
    key BLOB PRIMARY KEY, run TEXT NOT NULL, sample BLOB NOT NULL, question BLOB NOT NULL, by_id INTEGER NOT NULL
) WITHOUT ROWID
"""
"""Which run made an answer or a vector, and for which sample. No part of the format: version 0.1.0 does without."""


class Sizes(NamedTuple):
    """How much is stored: entries, and bytes of their content."""

    answers: int
    failures: int
    vectors: int
    bytes: int


class Store(Database):
    """One file, or memory.

    Args:
        path: the database; it and its folder are made when missing. None keeps everything in memory.
        across_machines: several machines share the file over a network. WAL needs shared memory, so the older
            rollback journal is used; the file system must have working POSIX locks. Known by itself where the system
            says that the folder is on a network's file system.
        read_only: nothing is ever written: no use is noted, no damaged entry dropped.
        on_disk: where there is no path: in a file of this process's own, which goes with it, and not in memory.

    Raises:
        DataError: the file is not ours, is damaged, was written by another version, cannot be written, or is missing
            where it is only to be read.
    """

    def __init__(
        self, path: Path | None, across_machines: bool = False, read_only: bool = False, *, on_disk: bool = False
    ) -> None:
        super().__init__(path, _TABLES, across_machines, _UPGRADES, read_only, on_disk)
        self.damaged = 0
        if not self.read_only:
            self.do(lambda connection: connection.execute(_MADE))

    # answers

    def answers(self, keys: Iterable[bytes], run: str | None = None, model: str | None = None) -> dict[bytes, Response]:
        """The stored answers among `keys`, failures left out.

        Args:
            keys: of answers.
            run: only those that this run made; None takes any.
            model: only those that a model of this name gave; None takes any.
        """
        found: dict[bytes, Response] = {}
        old: list[bytes] = []
        now = time.time()
        sql = f"SELECT key, {_RESPONSE}, used, digest FROM answers WHERE {{}} key IN (%s)"
        wanted = {_OF_RUN: run, "model = ? AND": model}
        told = {condition: value for condition, value in wanted.items() if value is not None}
        for key, *columns, used, digest in self._select(sql.format(" ".join(told)), list(keys), *told.values()):
            if columns[0] == Outcome.FAILED:
                continue
            if digest != digest_of(key, *columns):
                self._drop_damaged("answers", key)
                continue
            found[key] = response_of(*columns)
            if used < now - _DAY:
                old.append(key)
        self._touch("answers", old, now)
        return found

    def made_by(self, run: str, keys: Iterable[bytes]) -> set[bytes]:
        """The keys among these whose entries a run made; none where nothing is ever written."""
        if self.read_only:  # a file of version 0.1.0 does not say
            return set()
        return {key for (key,) in self._select("SELECT key FROM made WHERE run = ? AND key IN (%s)", list(keys), run)}

    def other_name(self, fingerprint: str, name: str) -> str | None:
        """Another name under which a model of this fingerprint has answered."""
        sql = "SELECT model FROM answers WHERE fingerprint = ? AND model != ? LIMIT 1"
        row = self.do(lambda connection: connection.execute(sql, (fingerprint, name)).fetchone())
        return None if row is None else str(row[0])

    def failures(self, keys: Iterable[bytes], since: float) -> dict[bytes, Response]:
        """The failures among `keys` that happened at `since` or later."""
        sql = "SELECT key, error FROM answers WHERE created >= ? AND outcome = 'failed' AND key IN (%s)"
        return {
            key: Response("", Outcome.FAILED, decoded(error)) for key, error in self._select(sql, list(keys), since)
        }

    def put_answer(self, answer: Answer, run: str = "") -> None:
        """Keep one answer, durably against the end of this process. A failure never replaces an answer."""
        self.transact(lambda connection: keep(connection, answer, run))

    def put_entries(self, entries: Callable[[], Iterable[Answer | Vector]]) -> tuple[int, int]:
        """Keep answers and vectors, all or none of them, without holding them all.

        Args:
            entries: gives them, and once more where another process was in the way.

        Returns:
            How many answers and vectors.
        """

        def write(connection: sqlite3.Connection) -> tuple[int, int]:
            answers = vectors = 0
            for entry in entries():
                if isinstance(entry, Answer):
                    answers += 1
                    keep(connection, entry, "")
                else:
                    vectors += 1
                    connection.execute(*vector_insertion(entry))
            return answers, vectors

        return self.transact(write)

    def every_answer(self) -> Iterator[Answer]:
        """All answers that are sound, failures left out, in the order of their keys."""
        noted = bool(self.do(lambda c: c.execute("SELECT 1 FROM sqlite_master WHERE name = 'made'").fetchone()))
        more, joined = ("sample, question, by_id", "LEFT JOIN made USING (key)") if noted else ("NULL, NULL, NULL", "")
        sql = f"SELECT key, model, fingerprint, {_RESPONSE}, digest, {more} FROM answers {joined}"
        for key, model, fingerprint, *columns, digest, sample, question, by_id in self._all(sql):
            if columns[0] == Outcome.FAILED or digest != digest_of(key, *columns):
                continue
            asked = [shown(part) for part in (sample, question)]
            yield Answer(key, model, fingerprint, response_of(*columns), asked[0], asked[1], bool(by_id))

    # vectors

    def vectors(self, keys: Iterable[bytes], run: str | None = None) -> dict[bytes, NDArray[np.float32]]:
        """The stored vectors among `keys`. `run`: only those that this run made."""
        found: dict[bytes, NDArray[np.float32]] = {}
        old: list[bytes] = []
        now = time.time()
        condition = "" if run is None else _OF_RUN
        sql = f"SELECT key, vector, used, digest FROM vectors WHERE {condition} key IN (%s)"
        for key, vector, used, digest in self._select(sql, list(keys), *([] if run is None else [run])):
            if digest != digest_of(key, vector):
                self._drop_damaged("vectors", key)
                continue
            found[key] = np.frombuffer(vector, dtype="<f4").astype(np.float32)
            if used < now - _DAY:
                old.append(key)
        self._touch("vectors", old, now)
        return found

    def put_vectors(self, vectors: Sequence[Vector], run: str | None = None) -> None:
        """Keep vectors, all or none of them; `run` is noted with them."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(INSERT_VECTOR, [vector_insertion(vector)[1] for vector in vectors])
            if run is not None:
                rows = [(vector.key, run, b"", b"", 0) for vector in vectors]
                connection.executemany("INSERT OR REPLACE INTO made VALUES (?,?,?,?,?)", rows)

        self.transact(write)

    def every_vector(self) -> Iterator[Vector]:
        """All vectors that are sound, in the order of their keys."""
        for key, encoder, fingerprint, raw, digest in self._all(
            "SELECT key, encoder, fingerprint, vector, digest FROM vectors"
        ):
            if digest == digest_of(key, raw):
                yield Vector(key, encoder, fingerprint, np.frombuffer(raw, dtype="<f4").astype(np.float32))

    # digests of the pictures that a recipe makes

    def pictures(self, recipe: str) -> dict[str, str]:
        """Sample id to picture digest, as far as known."""
        sql = "SELECT sample, picture FROM pictures WHERE recipe = ?"
        known: dict[str, str] = {}
        for sample, noted in self.do(lambda c: c.execute(sql, (recipe,)).fetchall()):
            # Damaged rows say nothing, nor do those of version 0.1.0, which cannot be checked: their pictures are
            # drawn, and noted anew.
            with contextlib.suppress(UnicodeDecodeError, AttributeError, TypeError):
                digest, _, check = noted.partition(":")
                if check == picture_check(recipe, sample, digest):
                    known[decoded(sample)] = digest
        return known

    def put_pictures(self, recipe: str, digests: Mapping[str, str], replace: bool = False) -> None:
        """Keep picture digests; `replace` forgets what was known of this recipe."""

        def write(connection: sqlite3.Connection) -> None:
            if replace:
                connection.execute("DELETE FROM pictures WHERE recipe = ?", (recipe,))
            named = [(encoded(sample), digest) for sample, digest in digests.items()]
            rows = [(recipe, name, f"{digest}:{picture_check(recipe, name, digest)}") for name, digest in named]
            connection.executemany("INSERT OR REPLACE INTO pictures VALUES (?,?,?)", rows)

        self.transact(write)

    # claims

    def claim(self, keys: Sequence[bytes], owner: str, lease: float, gone: Callable[[str], bool]) -> list[bytes]:
        """Take the keys that nobody works on.

        Args:
            keys: what is wanted.
            owner: who takes them.
            lease: seconds until a claim that is not renewed is anybody's.
            gone: whether an owner is known to have ended.

        Returns:
            The keys that are now this owner's, in order. Look once more whether they are stored: the former owner
            stores before it lets go.
        """

        def take(connection: sqlite3.Connection) -> list[bytes]:
            now = time.time()
            connection.execute("DELETE FROM claims WHERE expires < ?", (now,))
            # by another machine's clock, or before ours was set back: nobody claims for longer than a lease
            connection.execute("UPDATE claims SET expires = ? WHERE expires > ?", (now + lease, now + lease))
            owners = [row[0] for row in connection.execute("SELECT DISTINCT owner FROM claims")]
            for other in owners:
                if other != owner and gone(other):
                    connection.execute("DELETE FROM claims WHERE owner = ?", (other,))
            sql = "INSERT OR IGNORE INTO claims VALUES (?,?,?)"
            return [key for key in keys if connection.execute(sql, (key, owner, now + lease)).rowcount == 1]

        return self.transact(take)

    def holders(self, keys: Sequence[bytes]) -> dict[str, int]:
        """Who works on the keys, and on how many of them."""
        held: Counter[str] = Counter()
        for (owner,) in self._select("SELECT owner FROM claims WHERE key IN (%s)", list(keys)):
            held[owner] += 1
        return dict(held)

    def renew(self, owner: str, lease: float) -> None:
        """Keep an owner's claims for another lease."""
        expires = time.time() + lease
        self.do(lambda c: c.execute("UPDATE claims SET expires = ? WHERE owner = ?", (expires, owner)))

    def release(self, owner: str) -> None:
        """Let go of all claims of an owner."""
        self.do(lambda connection: connection.execute("DELETE FROM claims WHERE owner = ?", (owner,)))

    # upkeep

    def sizes(self) -> Sizes:
        """How much is stored."""

        def count(connection: sqlite3.Connection) -> Sizes:
            answers, failures, answer_bytes = connection.execute(
                f"SELECT count(*), coalesce(sum(outcome = 'failed'), 0), coalesce(sum({_SIZE}), 0) FROM answers"
            ).fetchone()
            vectors, vector_bytes = connection.execute(
                "SELECT count(*), coalesce(sum(length(vector) + 160), 0) FROM vectors"
            ).fetchone()
            return Sizes(answers - failures, failures, vectors, answer_bytes + vector_bytes)

        return self.do(count)

    def prune(self, max_bytes: int | None = None, max_age: float | None = None) -> int:
        """Forget what was not used for `max_age` seconds, then the longest unused until `max_bytes` are left.

        Returns:
            How many entries went.
        """

        def forget(connection: sqlite3.Connection) -> int:
            gone = 0
            if max_age is not None:
                oldest = time.time() - max_age
                for table in ("answers", "vectors"):
                    gone += connection.execute(f"DELETE FROM {table} WHERE used < ?", (oldest,)).rowcount
            if max_bytes is not None:
                sql = (
                    f"SELECT 'answers', key, {_SIZE}, used FROM answers UNION ALL "
                    "SELECT 'vectors', key, length(vector) + 160, used FROM vectors ORDER BY used DESC"
                )
                kept = 0
                for table, key, size, _ in connection.execute(sql).fetchall():
                    kept += size
                    if kept > max_bytes:
                        gone += connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)).rowcount
            if gone:
                kept_keys = "SELECT key FROM answers UNION ALL SELECT key FROM vectors"
                connection.execute(f"DELETE FROM made WHERE key NOT IN ({kept_keys})")
            return gone

        gone = self.transact(forget)
        if gone:
            self.do(lambda connection: connection.execute("PRAGMA incremental_vacuum").fetchall())
        return gone

    def check(self) -> None:
        """Read the whole file.

        Raises:
            DataError: SQLite finds it damaged.
        """
        verdict = self.do(lambda connection: connection.execute("PRAGMA integrity_check").fetchone()[0])
        if verdict != "ok":
            raise self.unreadable(verdict)

    # helpers

    def _select(self, sql: str, keys: list[bytes], *first: object) -> Iterator[Any]:
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            filled = sql % ",".join("?" * len(part))
            yield from self.do(lambda c, q=filled, a=(*first, *part): c.execute(q, a).fetchall())  # type: ignore[misc]

    def _all(self, sql: str) -> Iterator[Any]:
        """Rows that begin with their key, in the order of their keys, some at a time."""
        last = b""

        def some(connection: sqlite3.Connection) -> list[Any]:
            return connection.execute(f"{sql} WHERE key > ? ORDER BY key LIMIT {_CHUNK}", (last,)).fetchall()

        while rows := self.do(some):
            yield from rows
            last = rows[-1][0]

    def _touch(self, table: str, keys: list[bytes], now: float) -> None:
        if keys and not self.read_only:
            rows = [(now, key) for key in keys]
            self.transact(lambda c: c.executemany(f"UPDATE {table} SET used = ? WHERE key = ?", rows))

    def _drop_damaged(self, table: str, key: bytes) -> None:
        self.damaged += 1
        log.warning("cache %s: an entry in %s does not match its digest and is made anew.", self.path, table)
        if not self.read_only:
            self.do(lambda connection: connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)))
