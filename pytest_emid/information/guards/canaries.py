"""How much of a kind of falsehood a measure reads: some clean answers made false on purpose, and scored again.

A guard's reach (`contradictions.reach_of`) is one half of what is seen, the measure's own sensitivity the other: short
labels that are wrong need no guard. A kind that both read less than half of is a blind spot.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_vector
from pytest_emid.information.companions import check_texts
from pytest_emid.information.facts import falsified

__all__ = ["canaries", "sensitivity"]


def canaries(
    answers: Sequence[str], kind: str, *, share: float = 0.2, seed: int = 0
) -> tuple[list[str], NDArray[np.bool_]]:
    """The answers with up to a share of them made false in one kind of fact.

    Args:
        answers: of the clean set.
        kind: one of `facts.KINDS`.
        share: of all answers, in (0, 1]; fewer where fewer state such a fact. At a fifth the rest still tells the
            measure what right answers look like.
        seed: of the choice and of the false values.

    Returns:
        The answers, and (n,) which of them were made false.

    Raises:
        EstimationError: an unknown kind, an answer that is no text, or a share out of range.

    >>> canaries(["It is left.", "A cat", "On the right."], "side", share=1.0)[0]
    ['It is right.', 'A cat', 'On the left.']
    """
    check_texts("answers", answers)
    if not 0.0 < share <= 1.0:
        raise EstimationError(f"share: {share} is not in (0, 1]. Use 0.2 to make a fifth of the answers false.")
    made = [falsified(answer, kind, seed) for answer in answers]
    able = np.flatnonzero([false is not None for false in made])
    chosen = np.random.default_rng(seed).permutation(able)[: max(1, round(share * len(answers)))]
    hit = np.zeros(len(answers), dtype=np.bool_)
    hit[chosen] = True
    texts = [
        false if picked and false is not None else answer
        for answer, false, picked in zip(answers, made, hit, strict=True)
    ]
    return texts, hit


def sensitivity(clean: ArrayLike, false: ArrayLike, hit: ArrayLike) -> float:
    """The share of a loss that a measure reads: 1 where answers made false count as answers lost, 0 where it is blind.

    (1 - mean(false) / mean(clean)) over the share of answers that were made false; nan where none was, or where the
    clean answers score nothing.

    Args:
        clean: (n,) scores of the clean answers.
        false: (n,) scores of `canaries(...)`.
        hit: (n,) which were made false.

    >>> sensitivity([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.5], [False, False, False, True])
    0.5
    """
    before = as_vector("clean", clean)
    after = as_vector("false", false, rows=len(before))
    share = float(as_vector("hit", np.asarray(hit, dtype=np.float64), rows=len(before)).mean())
    top = float(before.mean())
    if share == 0.0 or top <= 0.0:
        return float("nan")
    return (1.0 - float(after.mean()) / top) / share
