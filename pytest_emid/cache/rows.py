"""Rows of the cache's tables: how answers and vectors are written, and the digests over them."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from typing import Any, Final

import numpy as np

from pytest_emid.cache.served import error_and_told, error_bytes
from pytest_emid.models.base import Outcome, Response, TokenScores
from pytest_emid.models.packs import Answer, Vector

__all__ = [
    "INSERT_VECTOR",
    "decoded",
    "digest_of",
    "encoded",
    "keep",
    "picture_check",
    "response_of",
    "shown",
    "vector_insertion",
]

INSERT_VECTOR: Final = "INSERT OR REPLACE INTO vectors VALUES (?,?,?,?,?,?,?)"


def keep(connection: sqlite3.Connection, answer: Answer, run: str) -> None:
    """Write an answer, and which run made it."""
    connection.execute(*_insert(answer))
    if answer.response.outcome is not Outcome.FAILED:  # which never takes an answer's place
        row = (answer.key, run, encoded(answer.sample), encoded(answer.question), int(answer.by_id))
        connection.execute("INSERT OR REPLACE INTO made VALUES (?,?,?,?,?)", row)


def vector_insertion(entry: Vector) -> tuple[str, tuple[Any, ...]]:
    """The statement that writes a vector, and its values."""
    raw = np.ascontiguousarray(entry.vector, dtype="<f4").tobytes()
    now = time.time()
    return INSERT_VECTOR, (entry.key, entry.encoder, entry.fingerprint, raw, now, now, digest_of(entry.key, raw))


def _insert(answer: Answer) -> tuple[str, tuple[Any, ...]]:
    key, model, fingerprint, response = answer[:4]
    text, error = encoded(response.text), error_bytes(response)
    # + 0.0, for SQLite keeps no sign of a zero
    outcome, entropy = str(response.outcome), None if response.entropy is None else float(response.entropy) + 0.0
    scores = None if response.scores is None else response.scores.to_bytes()
    digest = digest_of(key, outcome, text, error, entropy, scores)
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


def response_of(outcome: str, text: bytes, error: bytes, entropy: float | None, scores: bytes | None) -> Response:
    """Of the columns outcome, text, error, entropy and scores."""
    told = None if scores is None else TokenScores.from_bytes(scores)
    said, served, reasoning = error_and_told(error)
    return Response(decoded(text), Outcome(outcome), said, entropy, told, served, reasoning)


def digest_of(*parts: bytes | str | float | None) -> bytes:
    """sha256 over every part behind its length."""
    if parts[-1] is None:  # no scores: entries of the first format had none
        parts = parts[:-1]
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def encoded(text: str) -> bytes:
    """Of a text that may hold lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def decoded(raw: bytes) -> str:
    """The inverse of `encoded`."""
    return raw.decode("utf-8", "surrogatepass")


def picture_check(recipe: str, sample: bytes, digest: str) -> str:
    """What a note of a picture's digest is checked by."""
    return digest_of(recipe, sample, digest).hex()[:16]


def shown(raw: object) -> str:
    """What was asked, for people to read: of damaged notes, what is left."""
    if not isinstance(raw, bytes):
        return ""
    try:
        return decoded(raw)
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")
