"""A guard against answers that follow from the question alone: a model to which the pictures do not matter.

No shift of the pictures takes anything from a model that never looks at them: everything is retained. Information
given the question is nothing for such a model, but questions are held against answers by regression, and where nearly
every question is another one a language prior is not told from sight. Where one question is asked of several pictures
the two part: an answer that follows from the question agrees with the references of the other pictures as with its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_matrix, unit_rows
from pytest_emid.information.companions import check_texts, normalise_answer
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import ratio_interval

__all__ = ["is_prior", "picture_share"]

FEWEST_QUESTIONS: Final = 5
"""Questions that must be asked of several pictures; with fewer, information given the question tells by itself."""
FEWEST: Final = 20
"""Samples that must have such a question."""
OTHERS: Final = 16
"""References of other pictures that an answer is held against, at most: the cost stays linear."""
LITTLE: Final = 0.1
"""Upper limit of the share of what pictures decide, below which nothing shows that they are looked at."""
ROUNDING: Final = 1e-6


def picture_share(
    questions: Sequence[str],
    pictures: Sequence[str],
    response: ArrayLike,
    reference: ArrayLike,
    confidence: float = 0.95,
) -> Estimate | None:
    """How much the answers hold of what the pictures decide: 0 for a language prior, 1 for the references themselves.

    Of every question that is asked of several pictures with different references: how much closer an answer is to its
    own reference than to those of the others, in cosines, over the same for the references. Questions are the clusters
    of the interval.

    Args:
        questions: (n,) texts.
        pictures: (n,) digests; empty for a sample without a picture, which is left out.
        response, reference: (n, d) embeddings of answers and references.
        confidence: two-sided, in (0, 1).

    Returns:
        None where fewer than five questions, or twenty samples, can tell.

    Raises:
        EstimationError: bad arrays, or other lengths.

    >>> true = np.random.default_rng(0).normal(size=(40, 8))
    >>> asked = [f"What is in room {i // 4}?" for i in range(40)]
    >>> shown = [f"{i}.png" for i in range(40)]
    >>> print(picture_share(asked, shown, true, true))
    1 [1, 1]
    >>> prior = picture_share(asked, shown, true[[i - i % 4 for i in range(40)]], true)
    >>> is_prior(prior), is_prior(picture_share(asked, shown, true, true))
    (True, False)
    >>> picture_share(shown, shown, true, true) is None  # each question once
    True
    """
    true = as_matrix("reference", reference, nonzero_rows=True)
    told = as_matrix("response", response, rows=len(true), columns=true.shape[1], nonzero_rows=True)
    for name, texts in (("questions", questions), ("pictures", pictures)):
        check_texts(name, texts)
        if len(texts) != len(true):
            raise EstimationError(f"{name}: {len(texts)} for {len(true)} references. Give one per sample.")
    # What all answers share is style, and would leave a long preamble little to tell with.
    true, told = (unit_rows(rows - rows.mean(axis=0)) for rows in (true, told))
    held, whole, labels = [], [], []
    for label, places in enumerate(_asked_of_several(questions, pictures)):
        own = true[places]
        # In a ring every reference is compared with as often as every other: what is always said comes out as nothing.
        steps = range(1, min(len(places), OTHERS + 1))
        apart = own - np.mean([np.roll(own, -step, axis=0) for step in steps], axis=0)
        decided = np.einsum("ij,ij->i", own, apart)
        if decided.max() <= ROUNDING:
            continue  # one reference for all pictures
        held.append(np.einsum("ij,ij->i", told[places], apart))
        whole.append(decided)
        labels += [label] * len(places)
    if len(held) < FEWEST_QUESTIONS or len(labels) < FEWEST:
        return None
    return ratio_interval(np.concatenate(held), np.concatenate(whole), labels, confidence)


def is_prior(share: Estimate | None) -> bool:
    """Whether nothing shows that the pictures matter: the share may be nothing, and is little at most.

    >>> is_prior(None)
    False
    """
    return share is not None and share.low <= ROUNDING and share.high < LITTLE


def _asked_of_several(questions: Sequence[str], pictures: Sequence[str]) -> list[list[int]]:
    """Positions of samples, by the question that they ask of different pictures."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, (question, picture) in enumerate(zip(questions, pictures, strict=True)):
        if picture:
            found[normalise_answer(question)].append(i)
    return [places for places in found.values() if len({pictures[i] for i in places}) > 1]
