"""A finite alphabet for free answers: exact-match classes of texts, or k-means classes of embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_matrix
from pytest_emid.information.companions import check_texts, normalise_answer
from pytest_emid.information.memory import Memory

__all__ = ["AnswerClasses", "cluster_classes", "exact_match_classes"]

Labels = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class AnswerClasses:
    """Several sets of answers in one alphabet.

    Attributes:
        labels: one integer array per set, in the order given, values 0..letters-1.
        letters: M, the size of the alphabet.
        names: what each class stands for; empty for clusters of embeddings.

    >>> classes = exact_match_classes(["yes", "no"], vocabulary=["no", "yes"])
    >>> classes.labels[0].tolist(), classes.letters, classes.names
    ([1, 0], 3, ('no', 'yes', '(other)'))
    """

    labels: tuple[Labels, ...]
    letters: int
    names: tuple[str, ...] = ()


def exact_match_classes(
    *texts: Sequence[str],
    vocabulary: Sequence[str] | None = None,
    normalise: Callable[[str], str] = normalise_answer,
) -> AnswerClasses:
    """Texts that are equal after `normalise` share a class, across all sets.

    Args:
        texts: sets of answers, such as responses and references, clean and shifted.
        vocabulary: the possible answers, such as the options of a multiple choice; every other answer falls into one
            further class, `(other)`. None takes the answers seen as the alphabet, in order of first appearance: fine
            where answers repeat, meaningless where almost each is unique.
        normalise: applied to every answer and to the vocabulary.

    Raises:
        EstimationError: no answer at all, one that is no text, or two entries of the vocabulary that are the same
            after `normalise`.

    >>> classes = exact_match_classes(["A cat.", "dog"], ["cat", "a dog"])
    >>> [labels.tolist() for labels in classes.labels], classes.names
    ([[0, 1], [0, 1]], ('cat', 'dog'))
    """
    for index, answers in enumerate(texts):
        check_texts(f"texts[{index}]", answers)
    sets = [[normalise(text) for text in answers] for answers in texts]
    if not any(sets):
        raise EstimationError("texts: there is no answer to classify.")
    if vocabulary is None:
        codes: dict[str, int] = {}
        labels = tuple(np.array([codes.setdefault(text, len(codes)) for text in answers], np.intp) for answers in sets)
        return AnswerClasses(labels, len(codes), tuple(codes))
    known: dict[str, int] = {}
    for entry in vocabulary:
        if normalise(entry) in known:
            raise EstimationError(f"vocabulary: {entry!r} is the same answer as an earlier entry. Leave one out.")
        known[normalise(entry)] = len(known)
    labels = tuple(np.array([known.get(text, len(known)) for text in answers], np.intp) for answers in sets)
    return AnswerClasses(labels, len(known) + 1, (*known, "(other)"))


def cluster_classes(
    *embeddings: ArrayLike, k: int, seed: int, fit: ArrayLike | None = None, restarts: int = 4
) -> AnswerClasses:
    """Answers whose embeddings fall nearest to the same of k centres share a class: a finite alphabet for free text.

    The centres come from k-means (k-means++ starts, Lloyd's iterations), the best of `restarts`. The bound on EMID
    holds for every partition of the answers; confidence limits are those of a partition fixed beforehand, so pass
    `fit`, such as reference embeddings of a calibration set, where there is one.

    Args:
        embeddings: sets of (n_s, d) embeddings in one space.
        k: number of classes.
        seed: of the starts.
        fit: (m, d) embeddings that decide the centres; None pools all sets.
        restarts: k-means runs.

    Raises:
        EstimationError: no set, not finite, dimensions that differ, fewer distinct rows than k, or an option out of
            range.

    >>> answers = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]])
    >>> first, second, third = cluster_classes(answers, k=2, seed=0).labels[0]
    >>> bool(first == third != second)
    True
    """
    for name, count, least in (("k", k, 0), ("restarts", restarts, 1)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
            raise EstimationError(f"{name}: expected a whole number of at least 1, got {count!r}.")
    if not embeddings:
        raise EstimationError("embeddings: there is no set to classify.")
    sets = [as_matrix("embeddings[0]", embeddings[0])]
    columns = sets[0].shape[1]
    sets += [as_matrix(f"embeddings[{i}]", rows, columns=columns) for i, rows in enumerate(embeddings[1:], 1)]
    points = np.concatenate(sets) if fit is None else as_matrix("fit", fit, columns=columns)
    centres = _fitted(lambda: _centres(points, k, seed, restarts), points, k, seed, restarts)
    return AnswerClasses(tuple(_nearest(rows, centres)[0] for rows in sets), k)


Matrix = NDArray[np.float64]

_fitted: Final = Memory[Matrix](kept=4)
"""Centres: all scenarios of a run share those of the calibration references."""


def _centres(points: Matrix, k: int, seed: int, restarts: int) -> Matrix:
    distinct = len(np.unique(points, axis=0))
    if not 1 <= k <= distinct:
        raise EstimationError(
            f"k: {k} classes cannot be told apart among {distinct} distinct embeddings. Ask for fewer."
        )
    rng = np.random.default_rng(seed)
    runs = [_kmeans(points, k, rng) for _ in range(restarts)]
    return min(runs, key=lambda run: run[1])[0]


def _kmeans(points: Matrix, k: int, rng: np.random.Generator, iterations: int = 100) -> tuple[Matrix, float]:
    """Centres (k, d) and the sum of squared distances to them.

    Source: Arthur and Vassilvitskii (2007), "k-means++: the advantages of careful seeding".
    """
    chosen = [int(rng.integers(len(points)))]
    for _ in range(1, k):
        distance = _nearest(points, points[chosen])[1]
        distance[chosen] = 0.0
        if not distance.any():  # what is left differs by rounding only
            distance = np.ones(len(points))
        chosen.append(int(rng.choice(len(points), p=distance / distance.sum())))
    centres = points[chosen].copy()
    labels = np.full(len(points), -1, dtype=np.intp)
    for _ in range(iterations):
        new, distance = _nearest(points, centres)
        for empty in np.setdiff1d(np.arange(k), new):
            # A centre without points takes the worst-served point of a class that can spare it.
            spare = np.bincount(new, minlength=k)[new] > 1
            worst = int(np.where(spare, distance, -1.0).argmax())
            new[worst], distance[worst] = empty, 0.0
        if np.array_equal(new, labels):
            break
        labels = new
        centres = _means(points, labels, k)
    return centres, float(_nearest(points, centres)[1].sum())


def _means(points: Matrix, labels: Labels, k: int) -> Matrix:
    """The mean of each class's points, (k, d); no class is empty."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=k))])
    sums: Matrix = np.add.reduceat(points[np.argsort(labels, kind="stable")], starts[:-1], axis=0)
    return sums / np.diff(starts)[:, None]


def _nearest(points: Matrix, centres: Matrix) -> tuple[Labels, Matrix]:
    """The nearest centre of each point and its squared distance."""
    square = (centres**2).sum(axis=1) - 2.0 * points @ centres.T
    labels = square.argmin(axis=1)
    distance = square[np.arange(len(points)), labels] + (points**2).sum(axis=1)
    return labels, np.maximum(distance, 0.0)
