"""The union of caches: what the jobs of a sharded run kept, in one file. SQLite copies it, whatever its size."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from pytest_emid.cache.cache import Cache
from pytest_emid.cache.store import Store
from pytest_emid.errors import DataError

__all__ = ["Gained", "gather"]

SUFFIXES: Final = (".sqlite", ".sqlite3", ".db")
TABLES: Final = ("answers", "vectors", "pictures", "made")
"""Claims are of processes that have ended."""


class Gained(NamedTuple):
    """What a cache gained from another.

    Attributes:
        answers: that it did not hold.
        vectors: that it did not hold.
        other_answers: questions to which both hold an answer, and not the same one. The first is kept.
    """

    answers: int
    vectors: int
    other_answers: int


def gather(cache: Cache, sources: Sequence[Path], told: Callable[[Path, Gained], None] | None = None) -> None:
    """Keep in a cache what other caches hold. Failures stay behind; an answer is never replaced by another one.

    Args:
        cache: gains.
        sources: cache folders or files; they must exist, and stay as they are.
        told: called after each.

    Raises:
        DataError: a source is no cache, is damaged, or is the cache itself. Sources before it are kept.
    """
    for source in sources:
        file = _file(source)
        if cache.path is None or file.resolve() == cache.path.resolve():
            raise DataError(f"{source} is the cache itself. Give other caches.")
        with closing(Store(file)) as other:  # refuses what is no cache, and brings an older format up to date
            other.check()
        gained = cache.store.do(lambda connection, file=file: _copy(connection, file))  # type: ignore[misc]
        if told is not None:
            told(source, gained)


def _file(source: Path) -> Path:
    file = source if source.suffix in SUFFIXES and not source.is_dir() else source / "cache.sqlite"
    if not file.is_file():
        raise DataError(f"{source} is no cache: there is no file {file}.")
    return file


def _copy(connection: sqlite3.Connection, file: Path) -> Gained:
    connection.execute("ATTACH DATABASE ? AS other", (str(file),))
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            differing = connection.execute(
                "SELECT count(*) FROM answers AS a JOIN other.answers AS b USING (key) "
                "WHERE a.outcome != 'failed' AND b.outcome != 'failed' AND (a.outcome != b.outcome OR a.text != b.text)"
            ).fetchone()[0]
            answers, vectors, *_ = (connection.execute(_insertion(connection, table)).rowcount for table in TABLES)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    finally:
        connection.execute("DETACH DATABASE other")
    return Gained(answers, vectors, differing)


def _insertion(connection: sqlite3.Connection, table: str) -> str:
    names = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    columns = ", ".join(names)
    copied = f"INTO main.{table} ({columns}) SELECT {columns} FROM other.{table}"
    if table != "answers":
        return f"INSERT OR IGNORE {copied}"
    fresh = ", ".join(f"{name} = excluded.{name}" for name in names if name != "key")
    # An answer with its token scores says more than the same answer without them.
    better = "answers.outcome = 'failed' OR (answers.scores IS NULL AND excluded.scores IS NOT NULL)"
    return f"INSERT {copied} WHERE outcome != 'failed' ON CONFLICT (key) DO UPDATE SET {fresh} WHERE {better}"
