"""Names of answers: sha256 over everything that decides them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from pytest_emid.data.sample import Sample
from pytest_emid.models.backend.identity import check_identity
from pytest_emid.models.base import Model, traits_of

__all__ = ["answer_key", "answer_keys", "digest_of_parts", "former_keys", "identity_of"]


def answer_key(
    name: str, fingerprint: str, picture: str, question: str, repeat: int = 0, sample: str | None = None
) -> bytes:
    """sha256 of everything that decides an answer.

    Args:
        name: the model's.
        fingerprint: the model's.
        picture: its digest.
        question: its text.
        repeat: answers that are asked more than once on purpose are kept apart.
        sample: the sample's id, of models that answer by id.

    Example:
        >>> answer_key("m", "1", "p", "q") == answer_key("m", "1", "p", "q", sample="s1")
        False
    """
    by_id = () if sample is None else (sample,)
    return digest_of_parts("answer/2", name, fingerprint, picture, question, str(repeat), *by_id)


def answer_keys(model: Model, samples: Sequence[Sample], pictures: Sequence[str], repeat: int = 0) -> list[bytes]:
    """The key of every sample's answer.

    Raises:
        ModelError: the model has no name or no fingerprint.
    """
    name, fingerprint = identity_of(model)
    by_id = traits_of(model).by_id
    return [
        answer_key(name, fingerprint, picture, sample.question, repeat, sample.id if by_id else None)
        for sample, picture in zip(samples, pictures, strict=True)
    ]


def former_keys(model: Model, samples: Sequence[Sample], pictures: Sequence[str], repeat: int = 0) -> list[bytes]:
    """The keys of version 0.1.0, which did not hold the model's name; none for models that answer by id.

    What is kept under them is this model's where the name that is kept with it is this model's, too.
    """
    if traits_of(model).by_id:
        return []
    _, fingerprint = identity_of(model)
    return [
        digest_of_parts("answer/1", fingerprint, picture, sample.question, str(repeat))
        for sample, picture in zip(samples, pictures, strict=True)
    ]


def identity_of(backend: Any) -> tuple[str, str]:
    """The name and fingerprint of a model or an encoder.

    Raises:
        ModelError: one of them is no text, or empty.
    """
    check_identity(backend)
    return backend.name, backend.fingerprint


def digest_of_parts(*parts: str) -> bytes:
    """sha256 over every part behind its length, so that no two lists of parts run into one another."""
    raws = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join([len(raw).to_bytes(8, "big") + raw for raw in raws])).digest()
