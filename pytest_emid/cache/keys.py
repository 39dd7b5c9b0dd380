"""Names of answers and vectors: sha256 over everything that decides them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pytest_emid.data.sample import Sample
from pytest_emid.models.base import Model

__all__ = ["answer_key", "answer_keys", "embedding_key", "text_digest"]


def answer_key(fingerprint: str, picture: str, question: str, repeat: int = 0) -> bytes:
    """sha256 of everything that decides an answer: the model's fingerprint, the picture's digest, the question."""
    return _key("answer/1", fingerprint, picture, question, str(repeat))


def answer_keys(model: Model, samples: Sequence[Sample], pictures: Sequence[str], repeat: int = 0) -> list[bytes]:
    """The key of every sample's answer."""
    fingerprint = model.fingerprint
    return [answer_key(fingerprint, p, sample.question, repeat) for sample, p in zip(samples, pictures, strict=True)]


def embedding_key(fingerprint: str, kind: str, content: str) -> bytes:
    """sha256 of what decides a vector: the encoder's fingerprint, `image` or `text`, the content's digest."""
    return _key("vector/1", fingerprint, kind, content)


def _key(*parts: str) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def text_digest(text: str) -> str:
    """sha256 of a text, which may hold lone surrogates."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
