"""The SQLite file behind the cache: answers, vectors, picture digests, and claims on work in progress.

Every entry carries a digest of its content, which is checked when
it is read. Values are plain columns and raw bytes. Keys are sha256 digests of everything that decides the value.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytest_emid.cache.database import Database
from pytest_emid.cache.served import error_and_served, error_bytes
from pytest_emid.models.base import Outcome, Response, TokenScores

__all__ = ["Answer", "Sizes", "Store", "Vector"]

log: Final = logging.getLogger(__name__)

_RESPONSE: Final = "outcome, text, error, entropy, scores"
"""Columns of an answer that its digest covers, after the key."""
_SIZE: Final = "length(text) + coalesce(length(scores), 0) + 200"
_CHUNK: Final = 400
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


class Answer(NamedTuple):
    """A stored answer, with the name and fingerprint of the model that gave it."""

    key: bytes
    model: str
    fingerprint: str
    response: Response


class Vector(NamedTuple):
    """A stored vector, with the name and fingerprint of the encoder that made it."""

    key: bytes
    encoder: str
    fingerprint: str
    vector: NDArray[np.float32]


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

    Raises:
        DataError: the file is not ours, is damaged, was written by another version, cannot be written, or is missing
            where it is only to be read.
    """

    def __init__(self, path: Path | None, across_machines: bool = False, read_only: bool = False) -> None:
        super().__init__(path, _TABLES, across_machines, _UPGRADES, read_only)
        self.damaged = 0

    # answers

    def answers(self, keys: Iterable[bytes], since: float = 0.0) -> dict[bytes, Response]:
        """The stored answers among `keys`, failures left out. `since`: only those created at that time or later."""
        found: dict[bytes, Response] = {}
        old: list[bytes] = []
        now = time.time()
        sql = f"SELECT key, {_RESPONSE}, used, digest FROM answers WHERE created >= ? AND key IN (%s)"
        for key, *columns, used, digest in self._select(sql, list(keys), since):
            if columns[0] == Outcome.FAILED:
                continue
            if digest != _digest(key, *columns):
                self._drop_damaged("answers", key)
                continue
            found[key] = _response(*columns)
            if used < now - _DAY:
                old.append(key)
        self._touch("answers", old, now)
        return found

    def failures(self, keys: Iterable[bytes], since: float) -> dict[bytes, Response]:
        """The failures among `keys` that happened at `since` or later."""
        sql = "SELECT key, error FROM answers WHERE created >= ? AND outcome = 'failed' AND key IN (%s)"
        return {key: Response("", Outcome.FAILED, _text(error)) for key, error in self._select(sql, list(keys), since)}

    def put_answer(self, answer: Answer) -> None:
        """Keep one answer, durably against the end of this process. A failure never replaces an answer."""
        self.do(lambda connection: connection.execute(*_insert(answer)))

    def put_answers(self, answers: Iterable[Answer]) -> None:
        """Keep answers, all or none of them."""
        rows = [_insert(answer) for answer in answers]

        def write(connection: sqlite3.Connection) -> None:
            for sql, row in rows:
                connection.execute(sql, row)

        self.transact(write)

    def every_answer(self) -> Iterator[Answer]:
        """All answers that are sound, failures left out, in the order of their keys."""
        sql = f"SELECT key, model, fingerprint, {_RESPONSE}, digest FROM answers ORDER BY key"
        for key, model, fingerprint, *columns, digest in self.do(lambda connection: connection.execute(sql).fetchall()):
            if columns[0] != Outcome.FAILED and digest == _digest(key, *columns):
                yield Answer(key, model, fingerprint, _response(*columns))

    # vectors

    def vectors(self, keys: Iterable[bytes], since: float = 0.0) -> dict[bytes, NDArray[np.float32]]:
        """The stored vectors among `keys`."""
        found: dict[bytes, NDArray[np.float32]] = {}
        old: list[bytes] = []
        now = time.time()
        sql = "SELECT key, vector, used, digest FROM vectors WHERE created >= ? AND key IN (%s)"
        for key, vector, used, digest in self._select(sql, list(keys), since):
            if digest != _digest(key, vector):
                self._drop_damaged("vectors", key)
                continue
            found[key] = np.frombuffer(vector, dtype="<f4").astype(np.float32)
            if used < now - _DAY:
                old.append(key)
        self._touch("vectors", old, now)
        return found

    def put_vectors(self, vectors: Iterable[Vector]) -> None:
        """Keep vectors, all or none of them."""
        now = time.time()
        rows = []
        for key, encoder, fingerprint, vector in vectors:
            raw = np.ascontiguousarray(vector, dtype="<f4").tobytes()
            rows.append((key, encoder, fingerprint, raw, now, now, _digest(key, raw)))
        self.transact(
            lambda connection: connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?,?,?,?)", rows)
        )

    def every_vector(self) -> Iterator[Vector]:
        """All vectors that are sound, in the order of their keys."""
        sql = "SELECT key, encoder, fingerprint, vector, digest FROM vectors ORDER BY key"
        for key, encoder, fingerprint, raw, digest in self.do(lambda c: c.execute(sql).fetchall()):
            if digest == _digest(key, raw):
                yield Vector(key, encoder, fingerprint, np.frombuffer(raw, dtype="<f4").astype(np.float32))

    # digests of the pictures that a recipe makes

    def pictures(self, recipe: str) -> dict[str, str]:
        """Sample id to picture digest, as far as known."""
        sql = "SELECT sample, picture FROM pictures WHERE recipe = ?"
        known: dict[str, str] = {}
        for sample, digest in self.do(lambda c: c.execute(sql, (recipe,)).fetchall()):
            # Damaged rows say nothing: their pictures are drawn, and noted anew.
            with contextlib.suppress(UnicodeDecodeError, AttributeError):
                known[_text(sample)] = digest
        return known

    def put_pictures(self, recipe: str, digests: dict[str, str], replace: bool = False) -> None:
        """Keep picture digests; `replace` forgets what was known of this recipe."""

        def write(connection: sqlite3.Connection) -> None:
            if replace:
                connection.execute("DELETE FROM pictures WHERE recipe = ?", (recipe,))
            rows = [(recipe, _bytes(sample), digest) for sample, digest in digests.items()]
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
            owners = [row[0] for row in connection.execute("SELECT DISTINCT owner FROM claims")]
            for other in owners:
                if other != owner and gone(other):
                    connection.execute("DELETE FROM claims WHERE owner = ?", (other,))
            sql = "INSERT OR IGNORE INTO claims VALUES (?,?,?)"
            return [key for key in keys if connection.execute(sql, (key, owner, now + lease)).rowcount == 1]

        return self.transact(take)

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

    def _select(self, sql: str, keys: list[bytes], since: float) -> Iterator[Any]:
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            filled = sql % ",".join("?" * len(part))
            yield from self.do(lambda c, q=filled, a=(since, *part): c.execute(q, a).fetchall())  # type: ignore[misc]

    def _touch(self, table: str, keys: list[bytes], now: float) -> None:
        if keys and not self.read_only:
            rows = [(now, key) for key in keys]
            self.transact(lambda c: c.executemany(f"UPDATE {table} SET used = ? WHERE key = ?", rows))

    def _drop_damaged(self, table: str, key: bytes) -> None:
        self.damaged += 1
        log.warning("cache %s: an entry in %s does not match its digest and is made anew.", self.path, table)
        if not self.read_only:
            self.do(lambda connection: connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)))


def _insert(answer: Answer) -> tuple[str, tuple[Any, ...]]:
    key, model, fingerprint, response = answer
    text, error = _bytes(response.text), error_bytes(response)
    # + 0.0, for SQLite keeps no sign of a zero
    outcome, entropy = str(response.outcome), None if response.entropy is None else float(response.entropy) + 0.0
    scores = None if response.scores is None else response.scores.to_bytes()
    digest = _digest(key, outcome, text, error, entropy, scores)
    now = time.time()
    fields = "error = excluded.error, created = excluded.created, digest = excluded.digest"
    if response.outcome is Outcome.FAILED:
        change = f"{fields} WHERE answers.outcome = 'failed'"
    else:
        change = f"{fields}, model = excluded.model, outcome = excluded.outcome, text = excluded.text, "
        change += "entropy = excluded.entropy, scores = excluded.scores, used = excluded.used"
    return (
        f"INSERT INTO answers VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO UPDATE SET {change}",
        (key, model, fingerprint, outcome, text, error, entropy, now, now, digest, scores),
    )


def _response(outcome: str, text: bytes, error: bytes, entropy: float | None, scores: bytes | None) -> Response:
    """Of the columns `_RESPONSE`."""
    told = None if scores is None else TokenScores.from_bytes(scores)
    said, served = error_and_served(error)
    return Response(_text(text), Outcome(outcome), said, entropy, told, served)


def _digest(*parts: bytes | str | float | None) -> bytes:
    if parts[-1] is None:  # no scores: entries of the first format had none
        parts = parts[:-1]
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
