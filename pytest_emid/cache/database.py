"""One SQLite file that several processes and threads write to: connections, waiting, transactions, errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pytest_emid.cache.mounts import is_shared
from pytest_emid.errors import DataError

__all__ = ["Database"]

APPLICATION: Final = 0x454D4944
"""`EMID`, in the file's header: nobody else's database is taken for ours."""
SCHEMA: Final = 2
PATIENCE: Final = 60.0
"""Seconds to wait for another process's write."""

_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_NO_ACCESS: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM})

T = TypeVar("T")


class Database:
    """A file, or memory, with given tables. WAL mode; one connection per process and thread.

    Args:
        path: the file; it and its folder are made when missing. None keeps everything in memory.
        tables: SQL that makes the tables in a new file.
        across_machines: several machines share the file over a network. WAL needs shared memory, so the older
            rollback journal is used; the file system must have working POSIX locks. Known by itself where the system
            says that the folder is on a network's file system.
        upgrades: SQL that brings the tables from a format to the next one, by the format.
        read_only: nothing is ever written, so that the file may be on a medium that cannot be written.
        on_disk: where there is no path: in a file of this process's own, which goes with it, and not in memory.

    Raises:
        DataError: the file is not ours, is damaged, was written by another version, cannot be written, or is missing
            where it is only to be read.
    """

    def __init__(
        self,
        path: Path | None,
        tables: str,
        across_machines: bool = False,
        upgrades: Mapping[int, str] | None = None,
        read_only: bool = False,
        on_disk: bool = False,
    ) -> None:
        self.path = path
        self._nameless = "" if on_disk else ":memory:"
        self.read_only = read_only and path is not None
        self._frozen = False
        self._upgrades = dict(upgrades or {})
        self._tables = tables
        shared = across_machines or (path is not None and not self.read_only and is_shared(path.parent))
        self._journal = "DELETE" if shared else "WAL"
        self._connections: dict[tuple[int, int], sqlite3.Connection] = {}
        self._finalizer = weakref.finalize(self, _close, self._connections)
        if path is not None and not read_only:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DataError(
                    f"cannot make the cache folder {path.parent}: {error}. Choose another with --emid-cache-dir."
                ) from error
        if self.read_only:
            self._frozen = _is_frozen(self._present())
        self.do(self._check if self.read_only else self._prepare)

    def close(self) -> None:
        """Close this process's connections. The file is opened again when it is used."""
        _close(self._connections)

    def close_thread(self) -> None:
        """Close the calling thread's connection."""
        connection = self._connections.pop((os.getpid(), threading.get_ident()), None)
        if connection is not None:
            connection.close()

    def _present(self) -> Path:
        if self.path is None or not self.path.is_file():
            raise DataError(
                f"there is no cache {self.path}, and its mode is 'read'. "
                "Run once where the model is, with --emid-cache=use, and bring the cache or a replay pack here."
            )
        return self.path

    def _check(self, connection: sqlite3.Connection) -> None:
        """Refuse a file that cannot be read as it is."""
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise self._foreign()
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version in self._upgrades:
            raise DataError(
                f"the cache {self.path} has the older format {version}, and its mode is 'read'. Open it once where it "
                "can be written, with --emid-cache=use: that brings it up to date."
            )
        if version != SCHEMA:
            raise self._of_format(version)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables in a new file; refuse a file that is not ours."""
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application == APPLICATION and version == SCHEMA:
            if self._journal == "DELETE":  # it may have been made where only one machine saw it
                connection.execute("PRAGMA journal_mode = DELETE")
            return
        if application == APPLICATION and version in self._upgrades:
            self._upgrade(connection)
            return
        if application == APPLICATION:
            raise self._of_format(version)
        if tables:
            raise self._foreign()
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA journal_mode = {self._journal}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:  # nobody was faster
                for statement in self._tables.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        """Bring the tables to this version's format, all or nothing."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]  # somebody may have been faster
            for step in range(version, SCHEMA):
                connection.execute(self._upgrades[step])
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        key = (os.getpid(), 0 if self.path is None else threading.get_ident())
        if key not in self._connections:
            connection = sqlite3.connect(
                self._address(),
                uri=self.read_only,
                timeout=PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
            # Damaged text is no error: the entry that holds it does not match its digest.
            connection.text_factory = _decoded
            # A commit survives the end of the process; only a power cut can lose the last ones, never the file.
            if not self.read_only:
                connection.execute("PRAGMA synchronous = NORMAL")
            self._connections[key] = connection
        return self._connections[key]

    def _address(self) -> str:
        if self.path is None:
            return self._nameless
        if not self.read_only:
            return str(self.path)
        return f"{self.path.absolute().as_uri()}?mode=ro{'&immutable=1' if self._frozen else ''}"

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, again while other processes hold the file."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return work(self._connection())
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise self._failed(error) from error
                time.sleep(0.02)
            except sqlite3.DatabaseError as error:
                raise self._failed(error) from error
            except UnicodeDecodeError as error:  # a message that quotes what is damaged
                raise self.unreadable(f"it holds damaged text ({error.reason})") from error

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` as one transaction."""

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

        return self.do(whole)

    def _failed(self, error: sqlite3.DatabaseError) -> DataError:
        """The error for what SQLite raised."""
        code = _code(error)
        if code in _NO_ROOM:
            self.close()
            return DataError(
                f"the cache {self.path} cannot be written or read: {error}. Look at its disk (room, quota, errors), or "
                "choose another place with --emid-cache-dir. What it holds is served again once it can be used."
            )
        if code not in _NO_ACCESS:
            return self.unreadable(str(error))
        self.close()
        if not self.read_only:
            return DataError(
                f"the cache {self.path} cannot be written: {error}. Make it and its folder writable, only read it with "
                "--emid-cache=read, or choose another place with --emid-cache-dir."
            )
        return DataError(
            f"the cache {self.path} cannot be read: {error}. Make it readable; if the run that wrote it was killed, "
            "open it once where it can be written: python -m pytest_emid pack writes a replay pack of it."
        )

    def _of_format(self, version: int) -> DataError:
        return DataError(
            f"the cache {self.path} has format {version}; this version of pytest-emid reads format {SCHEMA}. "
            "Use the version that wrote it, or move the file away to start a new cache."
        )

    def _foreign(self) -> DataError:
        return DataError(
            f"{self.path} is a database of another program, not a cache of pytest-emid. "
            "Choose another place with --emid-cache-dir."
        )

    def unreadable(self, why: str) -> DataError:
        """The error for a file that SQLite cannot use."""
        self.close()
        return DataError(
            f"the cache {self.path} cannot be used: {why}. Delete or move the file (only answers and embeddings are "
            "in it: they are asked again), or choose another place with --emid-cache-dir."
        )


def _is_frozen(path: Path) -> bool:
    """Whether nobody can write: WAL's readers, too, need a file beside the database, and none can be made."""
    beside = [path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm")]
    writable = os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    return not writable and not any(file.exists() and file.stat().st_size for file in beside)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code; 0 for an error of Python's own module, such as text that is not UTF-8."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _close(connections: dict[tuple[int, int], sqlite3.Connection]) -> None:
    for key in list(connections):
        if key[0] == os.getpid():  # a forked child leaves its parent's alone
            connections.pop(key).close()
