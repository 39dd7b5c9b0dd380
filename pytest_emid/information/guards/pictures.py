"""A guard against answers that follow from the question alone: a model to which the pictures do not matter.

No shift of the pictures takes anything from a model that never looks at them: everything is retained. Information
given the question is nothing for such a model, but questions are held against answers by regression, and where nearly
every question is another one a language prior is not told from sight. Where one question is asked of several pictures
the two part: an answer that follows from the question agrees with the references of the other pictures as with its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import blocks, checked_matrix, unit_rows
from pytest_emid.information.companions import check_texts, normalise_answer
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import ratio_interval

__all__ = ["is_prior", "picture_share"]

Float = NDArray[np.float64]

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
    true = checked_matrix("reference", reference, nonzero_rows=True)
    told = checked_matrix("response", response, rows=len(true), columns=true.shape[1], nonzero_rows=True)
    for name, texts in (("questions", questions), ("pictures", pictures)):
        check_texts(name, texts)
        if len(texts) != len(true):
            raise EstimationError(f"{name}: {len(texts)} for {len(true)} references. Give one per sample.")
    groups = _asked_of_several(questions, pictures)
    if len(groups) < FEWEST_QUESTIONS:
        return None
    held, whole = _held(groups, told, true)
    labels = np.repeat(np.arange(len(groups)), [len(places) for places in groups])
    firsts = np.flatnonzero(np.diff(labels, prepend=-1))
    tells = np.repeat(np.maximum.reduceat(whole, firsts) > ROUNDING, np.diff(firsts, append=len(labels)))
    if len(set(labels[tells].tolist())) < FEWEST_QUESTIONS or tells.sum() < FEWEST:
        return None
    return ratio_interval(held[tells], whole[tells], labels[tells], confidence)


def is_prior(share: Estimate | None) -> bool:
    """Whether nothing shows that the pictures matter: the share may be nothing, and is little at most.

    >>> is_prior(None)
    False
    """
    return share is not None and share.low <= ROUNDING and share.high < LITTLE


def _held(groups: Sequence[NDArray[np.intp]], told: NDArray[Any], true: NDArray[Any]) -> tuple[Float, Float]:
    """How much closer answers, and references, are to their own reference than to others, group by group.

    In a ring every reference is compared with as often as every other: what is always said comes out as nothing.
    """
    mean = told.mean(axis=0, dtype=np.float64), true.mean(axis=0, dtype=np.float64)

    def rows(matrix: NDArray[Any], about: Float, places: NDArray[np.intp]) -> Float:
        # What all answers share is style, and would leave a long preamble little to tell with.
        return unit_rows(matrix[places] - about)

    all_places = np.concatenate(groups)
    steps = np.concatenate([np.full(len(places), min(len(places) - 1, OTHERS)) for places in groups])
    rings = [np.concatenate([np.roll(places, -step) for places in groups]) for step in range(1, int(steps.max()) + 1)]
    held, whole = np.empty(len(all_places)), np.empty(len(all_places))
    for block in blocks(len(all_places)):
        a, r = rows(told, mean[0], all_places[block]), rows(true, mean[1], all_places[block])
        others = np.zeros_like(r)
        for step, ring in enumerate(rings):
            within = steps[block] > step
            others[within] += rows(true, mean[1], ring[block][within])
        apart = r - others / steps[block][:, None]
        held[block], whole[block] = np.einsum("ij,ij->i", a, apart), np.einsum("ij,ij->i", r, apart)
    return held, whole


def _asked_of_several(questions: Sequence[str], pictures: Sequence[str]) -> list[NDArray[np.intp]]:
    """Positions of samples, by the question that they ask of different pictures."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, (question, picture) in enumerate(zip(questions, pictures, strict=True)):
        if picture:
            found[normalise_answer(question)].append(i)
    return [np.array(places) for places in found.values() if len({pictures[i] for i in places}) > 1]
