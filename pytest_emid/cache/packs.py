"""Replay packs of a store: what it holds as a file, and what a file holds in it. Neither is ever whole in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_emid.cache.store import Sizes, Store
from pytest_emid.models.packs import Answer, Vector, read_entries, write_entries

__all__ = ["read_pack", "write_pack"]


def write_pack(store: Store, path: Path, vectors: bool = True, key: bytes | None = None) -> Sizes:
    """Write a store's answers (failures left out) and vectors, signed where a key is given.

    Raises:
        DataError: the file cannot be written.
    """
    answers, rows, size = write_entries(path, store.every_answer(), store.every_vector() if vectors else (), key)
    return Sizes(answers, 0, rows, size)


def read_pack(path: Path, store: Store, key: bytes | None = None) -> Sizes:
    """Keep what a pack holds in a store.

    Raises:
        DataError: the file is no replay pack, an entry does not match its digest, or the pack is not signed with the
            key that is given. Nothing is kept then.
    """

    def entries() -> Iterator[Answer | Vector]:
        for placed in read_entries(path, key):
            yield placed.entry

    answers, vectors = store.put_entries(entries)
    return Sizes(answers, 0, vectors, path.stat().st_size)
