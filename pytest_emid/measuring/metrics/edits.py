"""Near misses, letter by letter: what OCR and document questions are scored by. Distances are rapidfuzz's."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from pytest_emid.measuring.metrics.base import needs

__all__ = ["anls", "character_accuracy"]


def anls(response: str, references: Sequence[str], sample: Any = None, *, threshold: float = 0.5) -> float:
    """Average normalised Levenshtein similarity of DocVQA: the best over the references, below `threshold` 0.

    1 - distance / length of the longer text, case folded, white space collapsed. Source: Biten et al. (2019), "Scene
    Text Visual Question Answering".

    >>> anls("Main Stret", ["main street"]), anls("Broadway", ["main street"])
    (0.9090909090909091, 0.0)
    """
    distance = needs("rapidfuzz.distance", "anls").Levenshtein
    said = _plain(response).casefold()
    best = max(float(distance.normalized_similarity(said, _plain(known).casefold())) for known in references)
    return best if best >= threshold else 0.0


def character_accuracy(response: str, references: Sequence[str], sample: Any = None) -> float:
    """1 - character error rate, at least 0; the best over the references. Case and spaces count.

    The character error rate is the Levenshtein distance over the length of the reference.

    >>> character_accuracy("Main Stret", ["Main Street"]), character_accuracy("abc", [""])
    (0.9090909090909091, 0.0)
    """
    distance = needs("rapidfuzz.distance", "character_accuracy").Levenshtein
    said = _plain(response)
    return max(_kept(int(distance.distance(said, _plain(known))), len(_plain(known))) for known in references)


def _kept(errors: int, length: int) -> float:
    return max(0.0, 1.0 - errors / length) if length else float(errors == 0)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
