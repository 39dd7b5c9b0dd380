"""Companions of the information measures: simpler scores of the same answers, one per sample."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_matrix

__all__ = ["check_texts", "cosine_to_reference", "exact_match", "normalise_answer"]

ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def cosine_to_reference(response: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """(n,) cosine of each response embedding to its reference embedding, both (n, d), in [-1, 1].

    Raises:
        EstimationError: not finite, zero rows, or shapes that differ.

    >>> cosine_to_reference([[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]])
    array([1., 0.])
    """
    told = as_matrix("response", response, nonzero_rows=True)
    true = as_matrix("reference", reference, rows=len(told), columns=told.shape[1], nonzero_rows=True)
    lengths = np.linalg.norm(told, axis=1) * np.linalg.norm(true, axis=1)
    cosine: NDArray[np.float64] = np.clip(np.einsum("ij,ij->i", told, true) / lengths, -1.0, 1.0)
    return cosine


@lru_cache(maxsize=4096)  # clean answers and references come up in every scenario
def normalise_answer(answer: str) -> str:
    """The form in which answers are compared for an exact match.

    In this order: Unicode NFKC; case folded; every punctuation character (Unicode category P) becomes a space, except
    an apostrophe or a full stop, comma, colon or hyphen between two letters or digits (`3.5`, `t-shirt` stay whole);
    the English articles a, an, the are dropped; white space is collapsed. An answer of articles alone keeps them.

    >>> normalise_answer("The  T-shirt is «Red», 3.5 m!")
    't-shirt is red 3.5 m'
    """
    folded = unicodedata.normalize("NFKC", answer).casefold()
    kept = []
    for i, character in enumerate(folded):
        if character.isalnum() or not unicodedata.category(character).startswith("P"):
            kept.append(character)
            continue
        inner = 0 < i < len(folded) - 1 and folded[i - 1].isalnum() and folded[i + 1].isalnum()
        kept.append(character if inner and character in "'’.,:-" else " ")
    plain = "".join(kept)
    return " ".join(ARTICLES.sub(" ", plain).split()) or " ".join(plain.split())


def check_texts(name: str, answers: Sequence[str]) -> None:
    """Refuses answers that are no texts, and one text where a list of them is meant.

    Raises:
        EstimationError: such answers; the message names the position.

    >>> check_texts("responses", ["a cat", ""])
    """
    if isinstance(answers, str):
        raise EstimationError(f"{name}: expected a list of texts, got one text, {answers[:60]!r}.")
    for position, answer in enumerate(answers):
        if not isinstance(answer, str):
            raise EstimationError(
                f"{name}: the answer at position {position} is of type {type(answer).__name__}, not a text. "
                "An answer that is missing is an empty text."
            )


def exact_match(responses: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """(n,) 1.0 where the normalised response equals the normalised reference, else 0.0.

    A response with nothing left after normalisation never matches.

    Raises:
        EstimationError: the lengths differ, or an answer is no text.

    >>> exact_match(["The circle is red.", "blue"], ["circle is red", "green"])
    array([1., 0.])
    """
    for name, answers in (("responses", responses), ("references", references)):
        check_texts(name, answers)
    if len(responses) != len(references):
        raise EstimationError(
            f"responses: {len(responses)} answers for {len(references)} references. Give one answer per reference."
        )
    pairs = [(normalise_answer(a), normalise_answer(b)) for a, b in zip(responses, references, strict=True)]
    return np.array([float(bool(a) and a == b) for a, b in pairs])
