"""The SQLite file behind the cache: answers, vectors, picture digests, and claims on work in progress.

WAL mode; one connection per process and thread. Every entry carries a digest of its content, which is checked when
it is read. Values are plain columns and raw bytes. Keys are sha256 digests of everything that decides the value.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import DataError
from pytest_emid.models.base import Outcome, Response

__all__ = ["Answer", "Sizes", "Store"]

log: Final = logging.getLogger(__name__)

APPLICATION: Final = 0x454D4944
"""`EMID`, in the file's header: nobody else's database is taken for ours."""
SCHEMA: Final = 1
PATIENCE: Final = 60.0
"""Seconds to wait for another process's write."""
_CHUNK: Final = 400
_DAY: Final = 86_400.0
_TABLES: Final = """
CREATE TABLE answers (
    key BLOB PRIMARY KEY, model TEXT NOT NULL, outcome TEXT NOT NULL, text BLOB NOT NULL, error BLOB NOT NULL,
    entropy REAL, created REAL NOT NULL, used REAL NOT NULL, digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE vectors (
    key BLOB PRIMARY KEY, encoder TEXT NOT NULL, vector BLOB NOT NULL,
    created REAL NOT NULL, used REAL NOT NULL, digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE pictures (
    recipe TEXT NOT NULL, sample BLOB NOT NULL, picture TEXT NOT NULL, PRIMARY KEY (recipe, sample)
) WITHOUT ROWID;
CREATE TABLE claims (key BLOB PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX claims_by_owner ON claims (owner);
"""

T = TypeVar("T")


class Answer(NamedTuple):
    """A stored answer."""

    key: bytes
    model: str
    response: Response
    created: float


class Sizes(NamedTuple):
    """How much is stored: entries, and bytes of their content."""

    answers: int
    failures: int
    vectors: int
    bytes: int


class Store:
    """One file, or memory.

    Args:
        path: the database; it and its folder are made when missing. None keeps everything in memory.
        across_machines: several machines share the file over a network. WAL needs shared memory, so the older
            rollback journal is used; the file system must have working POSIX locks.

    Raises:
        DataError: the file is not ours, is damaged, was written by a newer version, or cannot be written.
    """

    def __init__(self, path: Path | None, across_machines: bool = False) -> None:
        self.path = path
        self.damaged = 0
        self._journal = "DELETE" if across_machines else "WAL"
        self._connections: dict[tuple[int, int], sqlite3.Connection] = {}
        self._finalizer = weakref.finalize(self, _close, self._connections)
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DataError(
                    f"cannot make the cache folder {path.parent}: {error}. Choose another with --emid-cache-dir."
                ) from error
        self._do(self._prepare)

    def close(self) -> None:
        """Close this process's connections. The store opens them again when it is used."""
        _close(self._connections)

    def close_thread(self) -> None:
        """Close the calling thread's connection."""
        connection = self._connections.pop((os.getpid(), threading.get_ident()), None)
        if connection is not None and self.path is not None:
            connection.close()

    # answers

    def answers(self, keys: Iterable[bytes], since: float = 0.0) -> dict[bytes, Response]:
        """The stored answers among `keys`, failures left out. `since`: only those created at that time or later."""
        found: dict[bytes, Response] = {}
        old: list[bytes] = []
        now = time.time()
        sql = "SELECT key, outcome, text, error, entropy, used, digest FROM answers WHERE created >= ? AND key IN (%s)"
        for row in self._select(sql, list(keys), since):
            key, outcome, text, error, entropy, used, digest = row
            if outcome == Outcome.FAILED:
                continue
            if digest != _digest(key, outcome, text, error, entropy):
                self._drop_damaged("answers", key)
                continue
            found[key] = Response(_text(text), Outcome(outcome), _text(error), entropy)
            if used < now - _DAY:
                old.append(key)
        self._touch("answers", old, now)
        return found

    def failures(self, keys: Iterable[bytes], since: float) -> dict[bytes, Response]:
        """The failures among `keys` that happened at `since` or later."""
        sql = "SELECT key, error FROM answers WHERE created >= ? AND outcome = 'failed' AND key IN (%s)"
        return {key: Response("", Outcome.FAILED, _text(error)) for key, error in self._select(sql, list(keys), since)}

    def put_answer(self, key: bytes, model: str, response: Response) -> None:
        """Keep one answer, durably against the end of this process. A failure never replaces an answer."""
        text, error = _bytes(response.text), _bytes(response.error)
        outcome, entropy = str(response.outcome), None if response.entropy is None else float(response.entropy)
        failed = response.outcome is Outcome.FAILED
        now = time.time()
        row = (key, model, outcome, text, error, entropy, now, now, _digest(key, outcome, text, error, entropy))
        sql = "INSERT INTO answers VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO " + (
            "UPDATE SET error = excluded.error, created = excluded.created, digest = excluded.digest "
            "WHERE answers.outcome = 'failed'"
            if failed
            else "UPDATE SET model = excluded.model, outcome = excluded.outcome, text = excluded.text, "
            "error = excluded.error, entropy = excluded.entropy, created = excluded.created, used = excluded.used, "
            "digest = excluded.digest"
        )
        self._do(lambda connection: connection.execute(sql, row))

    def every_answer(self) -> Iterator[Answer]:
        """All answers that are sound, failures left out, in the order of their keys."""
        sql = "SELECT key, model, outcome, text, error, entropy, created, digest FROM answers ORDER BY key"
        for key, model, outcome, text, error, entropy, created, digest in self._do(lambda c: c.execute(sql).fetchall()):
            if outcome != Outcome.FAILED and digest == _digest(key, outcome, text, error, entropy):
                yield Answer(key, model, Response(_text(text), Outcome(outcome), _text(error), entropy), created)

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

    def put_vectors(self, encoder: str, vectors: Sequence[tuple[bytes, NDArray[np.float32]]]) -> None:
        """Keep vectors, all or none of them."""
        now = time.time()
        rows = []
        for key, vector in vectors:
            raw = np.ascontiguousarray(vector, dtype="<f4").tobytes()
            rows.append((key, encoder, raw, now, now, _digest(key, raw)))
        self._transact(
            lambda connection: connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?,?,?)", rows)
        )

    # digests of the pictures that a recipe makes

    def pictures(self, recipe: str) -> dict[str, str]:
        """Sample id to picture digest, as far as known."""
        sql = "SELECT sample, picture FROM pictures WHERE recipe = ?"
        return {_text(sample): digest for sample, digest in self._do(lambda c: c.execute(sql, (recipe,)).fetchall())}

    def put_pictures(self, recipe: str, digests: dict[str, str], replace: bool = False) -> None:
        """Keep picture digests; `replace` forgets what was known of this recipe."""

        def write(connection: sqlite3.Connection) -> None:
            if replace:
                connection.execute("DELETE FROM pictures WHERE recipe = ?", (recipe,))
            rows = [(recipe, _bytes(sample), digest) for sample, digest in digests.items()]
            connection.executemany("INSERT OR REPLACE INTO pictures VALUES (?,?,?)", rows)

        self._transact(write)

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

        return self._transact(take)

    def renew(self, owner: str, lease: float) -> None:
        """Keep an owner's claims for another lease."""
        expires = time.time() + lease
        self._do(lambda c: c.execute("UPDATE claims SET expires = ? WHERE owner = ?", (expires, owner)))

    def release(self, owner: str) -> None:
        """Let go of all claims of an owner."""
        self._do(lambda connection: connection.execute("DELETE FROM claims WHERE owner = ?", (owner,)))

    # upkeep

    def sizes(self) -> Sizes:
        """How much is stored."""

        def count(connection: sqlite3.Connection) -> Sizes:
            answers, failures, answer_bytes = connection.execute(
                "SELECT count(*), coalesce(sum(outcome = 'failed'), 0), coalesce(sum(length(text) + 200), 0) "
                "FROM answers"
            ).fetchone()
            vectors, vector_bytes = connection.execute(
                "SELECT count(*), coalesce(sum(length(vector) + 160), 0) FROM vectors"
            ).fetchone()
            return Sizes(answers - failures, failures, vectors, answer_bytes + vector_bytes)

        return self._do(count)

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
                    "SELECT 'answers', key, length(text) + 200, used FROM answers UNION ALL "
                    "SELECT 'vectors', key, length(vector) + 160, used FROM vectors ORDER BY used DESC"
                )
                kept = 0
                for table, key, size, _ in connection.execute(sql).fetchall():
                    kept += size
                    if kept > max_bytes:
                        gone += connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)).rowcount
            return gone

        gone = self._transact(forget)
        if gone:
            self._do(lambda connection: connection.execute("PRAGMA incremental_vacuum").fetchall())
        return gone

    def check(self) -> None:
        """Read the whole file.

        Raises:
            DataError: SQLite finds it damaged.
        """
        verdict = self._do(lambda connection: connection.execute("PRAGMA integrity_check").fetchone()[0])
        if verdict != "ok":
            raise self._unreadable(verdict)

    # SQLite

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables in a new file; refuse a file that is not ours."""
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application == APPLICATION and version == SCHEMA:
            return
        if application == APPLICATION:
            raise DataError(
                f"the cache {self.path} has format {version}; this version of pytest-emid reads format {SCHEMA}. "
                "Use the version that wrote it, or move the file away to start a new cache."
            )
        if tables:
            raise DataError(
                f"{self.path} is a database of another program, not a cache of pytest-emid. "
                "Choose another place with --emid-cache-dir."
            )
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA journal_mode = {self._journal}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:  # nobody was faster
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        key = (os.getpid(), 0 if self.path is None else threading.get_ident())
        if key not in self._connections:
            connection = sqlite3.connect(
                ":memory:" if self.path is None else self.path,
                timeout=PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
            # A commit survives the end of the process; only a power cut can lose the last ones, never the file.
            connection.execute("PRAGMA synchronous = NORMAL")
            self._connections[key] = connection
        return self._connections[key]

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, again while other processes hold the file."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return work(self._connection())
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise self._unreadable(str(error)) from error
                time.sleep(0.02)
            except sqlite3.DatabaseError as error:
                raise self._unreadable(str(error)) from error

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def whole(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._do(whole)

    def _select(self, sql: str, keys: list[bytes], since: float) -> Iterator[Any]:
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            filled = sql % ",".join("?" * len(part))
            yield from self._do(lambda c, q=filled, a=(since, *part): c.execute(q, a).fetchall())  # type: ignore[misc]

    def _touch(self, table: str, keys: list[bytes], now: float) -> None:
        if keys:
            rows = [(now, key) for key in keys]
            self._transact(lambda c: c.executemany(f"UPDATE {table} SET used = ? WHERE key = ?", rows))

    def _drop_damaged(self, table: str, key: bytes) -> None:
        self.damaged += 1
        log.warning("cache %s: an entry in %s does not match its digest and is made anew.", self.path, table)
        self._do(lambda connection: connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)))

    def _unreadable(self, why: str) -> DataError:
        self.close()
        return DataError(
            f"the cache {self.path} cannot be used: {why}. Delete or move the file (only answers and embeddings are "
            "in it: they are asked again), or choose another place with --emid-cache-dir."
        )


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _digest(*parts: bytes | str | float | None) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _close(connections: dict[tuple[int, int], sqlite3.Connection]) -> None:
    for key in list(connections):
        if key[0] == os.getpid():  # a forked child leaves its parent's alone
            connections.pop(key).close()
