"""Replay packs of a store: what it holds as a file, and what a file holds in it. Neither is ever whole in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_emid.cache.store import Sizes, Store
from pytest_emid.errors import DataError
from pytest_emid.models.packs import Answer, Vector, read_entries, write_entries

__all__ = ["models_of", "read_pack", "write_pack"]


def write_pack(
    store: Store, path: Path, vectors: bool = True, key: bytes | None = None, model: str | None = None
) -> Sizes:
    """Write a store's answers (failures left out) and vectors, signed where a key is given.

    With `model`, the name of a model or the start of its fingerprint, the answers of no other are written.

    Raises:
        DataError: the file cannot be written, or no model is called so.
    """
    kept: Iterator[Answer] = store.every_answer()
    if model is not None:
        held = models_of(store)
        if not any(_is(model, name, fingerprint) for name, fingerprint in held):
            there = "; ".join(f"{name} ({fingerprint[:12]})" for name, fingerprint in held) or "none"
            raise DataError(f"the cache {store.path} holds no answers of a model {model!r}; it holds: {there}.")
        kept = (answer for answer in kept if _is(model, answer.model, answer.fingerprint))
    answers, rows, size = write_entries(path, kept, store.every_vector() if vectors else (), key)
    return Sizes(answers, 0, rows, size)


def models_of(store: Store) -> list[tuple[str, str]]:
    """Name and fingerprint of every model with answers, the one that was asked last at the end."""
    sql = (
        "SELECT model, fingerprint FROM answers WHERE outcome != 'failed' "
        "GROUP BY model, fingerprint ORDER BY max(created), model, fingerprint"
    )
    return [(str(model), str(fingerprint)) for model, fingerprint in store.do(lambda c: c.execute(sql).fetchall())]


def _is(wanted: str, name: str, fingerprint: str) -> bool:
    return wanted == name or (wanted != "" and fingerprint.startswith(wanted))


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
