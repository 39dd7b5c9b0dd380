"""Names of vectors: sha256 over everything that decides them. Those of answers are in `pytest_emid.models.keys`."""

from __future__ import annotations

import hashlib

from pytest_emid.models.keys import answer_key, answer_keys, digest_of_parts, former_keys

__all__ = ["answer_key", "answer_keys", "embedding_key", "former_keys", "text_digest"]


def embedding_key(fingerprint: str, kind: str, content: str) -> bytes:
    """sha256 of what decides a vector: the encoder's fingerprint, `image` or `text`, the content's digest."""
    return digest_of_parts("vector/1", fingerprint, kind, content)


def text_digest(text: str) -> str:
    """sha256 of a text, which may hold lone surrogates."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
