"""Names of vectors: sha256 over everything that decides them. Those of answers are in `pytest_emid.models.keys`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

from pytest_emid.data.sample import Sample
from pytest_emid.models.base import Model
from pytest_emid.models.keys import answer_key, answer_keys, digest_of_parts, former_keys

__all__ = ["Former", "answer_key", "answer_keys", "embedding_key", "former_keys", "text_digest"]


class Former:
    """Under which keys version 0.1.0 kept the answers to the same questions."""

    def __init__(self, model: Model, samples: Sequence[Sample], pictures: Sequence[str], repeat: int) -> None:
        self._of = (model, samples, pictures, repeat)

    @cached_property
    def keys(self) -> dict[bytes, bytes]:
        """By today's key; made when an answer is not kept under that."""
        former = former_keys(*self._of)
        return dict(zip(answer_keys(*self._of), former, strict=True)) if former else {}


def embedding_key(fingerprint: str, kind: str, content: str) -> bytes:
    """sha256 of what decides a vector: the encoder's fingerprint, `image` or `text`, the content's digest."""
    return digest_of_parts("vector/1", fingerprint, kind, content)


def text_digest(text: str) -> str:
    """sha256 of a text, which may hold lone surrogates."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
