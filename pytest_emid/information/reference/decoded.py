"""The decoded form of reference information: how well a linear decoder reads the reference out of the response.

It is fitted on each set anew, by cross-fitting, and hardly sees a change of style or format that leaves different
answers different. Needs some hundreds of samples. What it estimates, and the direct form:
`pytest_emid.information.reference.direct`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, unit_rows
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.reference.whitening import Whitened, Whitening

__all__ = ["decoded", "decoded_between", "decoded_obstacle"]

Float = NDArray[np.float64]

FEWEST_TO_DECODE = 150
FOLDS = 10
# More components than this share of the samples would let a decoder learn its samples by heart.
COMPONENTS = 0.5
# Singular values of responses are raised to this: a long preamble leaves what an answer says little of their variance.
EVENED = 0.75


def decoded_obstacle(n: int, clusters: int) -> str | None:
    """Why the decoded form cannot be computed from this many samples and clusters; None where it can.

    >>> decoded_obstacle(300, 100) is None
    True
    >>> decoded_obstacle(300, 4)
    'the decoded form is cross-fitted over 10 groups of clusters, and there are 4 clusters'
    """
    if n < FEWEST_TO_DECODE:
        return (
            f"the decoded form needs at least {FEWEST_TO_DECODE} samples to fit its decoder, and there are {n}: "
            "its level would be biased and its power low"
        )
    if clusters < FOLDS:
        return f"the decoded form is cross-fitted over {FOLDS} groups of clusters, and there are {clusters} clusters"
    return None


def decoded(
    whitening: Whitening,
    response: ArrayLike,
    reference: ArrayLike,
    text: ArrayLike,
    *,
    clusters: Clusters = None,
    folds: int = FOLDS,
    penalty: float = 2e-3,
    seed: int = 0,
) -> Float:
    """Decoded reference information of one set, as n scores.

    A ridge regression predicts the whitened reference from the response and the question, fitted on other folds; the
    score is the cosine of that prediction to the whitened reference, minus the same for a regression on the question
    alone. Both blocks of features get the same total variance, and directions of the response are evened out in part,
    so that what dilutes all answers alike costs little.

    A diagnostic, not a gate: the decoder is fitted on each set anew, and the noise of that fit is not in the spread of
    the scores, so that intervals of their mean are too short (docs/appendix/dropped.md).

    Args:
        whitening, response, reference, text, clusters: as for `reference_information.direct`.
        folds: clusters are dealt to this many folds, whole.
        penalty: of the ridge regressions, as a share of the total variance of their features.
            The same for all sets, so that they compare: chosen per set it follows the noise in each.
        seed: of the folds; use one seed for sets that are compared.

    Raises:
        EstimationError: bad arrays, too few samples or clusters (`decoded_obstacle` says so beforehand), or an option
            out of range.

    >>> rng = np.random.default_rng(0)
    >>> text, reference = rng.normal(size=(200, 3)), rng.normal(size=(200, 6))
    >>> whitening = Whitening.fit(rng.normal(size=(60, 6)), rng.normal(size=(60, 3)))
    >>> right, wrong = (decoded(whitening, answers, reference, text).mean() for answers in (reference, reference[::-1]))
    >>> bool(right > 0.5), bool(abs(wrong) < 0.2)
    (True, True)
    """
    pairs = whitening.pairs(response, reference, text)
    return decoded_between(pairs, clusters=clusters, folds=folds, penalty=penalty, seed=seed)


def decoded_between(
    pairs: Whitened, *, clusters: Clusters = None, folds: int = FOLDS, penalty: float = 2e-3, seed: int = 0
) -> Float:
    """`decoded` of pairs that are whitened already.

    >>> rng = np.random.default_rng(0)
    >>> text, reference = rng.normal(size=(200, 3)), rng.normal(size=(200, 6))
    >>> whitening = Whitening.fit(rng.normal(size=(60, 6)), rng.normal(size=(60, 3)))
    >>> pairs = whitening.pairs(reference, reference, text)
    >>> bool((decoded_between(pairs) == decoded(whitening, reference, reference, text)).all())
    True
    """
    if folds < 2:
        raise EstimationError(f"folds: {folds} cannot be cross-fitted. Use at least 2.")
    if not 0.0 < penalty < math.inf:
        raise EstimationError(f"penalty: {penalty} is not a finite number above 0.")
    true = pairs.true
    codes = as_clusters(clusters, len(true))
    groups = int(codes.max()) + 1
    obstacle = decoded_obstacle(len(true), groups)
    if obstacle is not None:
        raise EstimationError(f"{obstacle[0].upper()}{obstacle[1:]}. Use the direct form, or measure more samples.")
    told = _evened(pairs.response.astype(np.float64))  # the decoder reads the response as it is
    width = told.shape[1]
    both = np.concatenate([told, pairs.text], axis=1)
    del told  # a large set is not held more often than it must be
    for block in (both[:, :width], both[:, width:]):
        _to_one_size(block)
    fold = (np.random.default_rng(seed).permutation(groups) % folds)[codes]
    target = unit_rows(true)
    scores = np.zeros(len(true))
    for sign, features in ((1.0, both), (-1.0, both[:, width:])):
        predict = _Decoder(features, true, penalty)
        for k in range(folds):
            inside = fold == k
            scores[inside] += sign * np.einsum("ij,ij->i", unit_rows(predict(inside)), target[inside])
    return scores


def _evened(rows: Float) -> Float:
    """Principal components of the rows, their singular values raised to `EVENED`."""
    centred = _about_mean(rows)
    if len(rows) < rows.shape[1]:
        left, values, _ = np.linalg.svd(centred, full_matrices=False)
        return np.asarray(left * values**EVENED, dtype=np.float64)
    squares, vectors = np.linalg.eigh(centred.T @ centred)
    kept = squares > 1e-12 * squares[-1]
    found: Float = (centred @ vectors[:, kept]) * squares[kept] ** ((EVENED - 1.0) / 2.0)
    return found


def _to_one_size(rows: Float) -> None:
    """Centre the rows in place, and scale them to a mean squared length of one; constant rows become zero."""
    rows[:] = _about_mean(rows)
    size = float(np.linalg.norm(rows) / np.sqrt(len(rows)))
    if size > 0.0:
        rows /= size


def _about_mean(rows: Float) -> Float:
    centred: Float = rows - rows.mean(axis=0)
    # What is left of equal rows is rounding.
    return centred if np.linalg.norm(centred) > 1e-9 * np.linalg.norm(rows) else np.zeros_like(rows)


class _Decoder:
    """Ridge predictions for some samples from the leading principal components of all others.

    Components come from the smaller of two matrices of products, and with more samples than features that of a part is
    what is left of the whole: a fold then costs the same whatever the number of samples.
    """

    def __init__(self, x: Float, y: Float, penalty: float) -> None:
        """From features about their mean, and whitened references."""
        self._x, self._y = x, y
        self._penalty = penalty
        self._all = _moments(x, y) if len(x) > x.shape[1] else None

    def __call__(self, outside: NDArray[np.bool_]) -> Float:
        x_new = self._x[outside]
        m, d = len(self._x) - len(x_new), self._x.shape[1]
        if self._all is None or m <= d:
            x, y = self._x[~outside], self._y[~outside]
            x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
            x -= x_mean
            slope = x.T @ self._solve(x @ x.T, y - y_mean, m)
        else:
            own = _moments(x_new, self._y[outside])
            x_sum, y_sum, xx, xy = (whole - part for whole, part in zip(self._all, own, strict=True))
            x_mean, y_mean = x_sum / m, y_sum / m
            slope = self._solve(xx - np.outer(x_sum, x_mean), xy - np.outer(x_sum, y_mean), m)
        predicted: Float = (x_new - x_mean) @ slope + y_mean
        return predicted

    def _solve(self, products: Float, target: Float, m: int) -> Float:
        """(products + ridge)^-1 target on the leading components of the products of m samples."""
        if not np.trace(products) > 0.0:
            return np.zeros_like(target)
        if len(products) <= COMPONENTS * m:
            # All components lead: no need to know them.
            ridge = self._penalty * float(np.trace(products))
            return np.asarray(np.linalg.solve(products + ridge * np.eye(len(products)), target), dtype=np.float64)
        squares, vectors = np.linalg.eigh(products)
        squares, vectors = squares[::-1], vectors[:, ::-1]
        kept = (squares > 1e-12 * squares[0]) & (np.arange(len(squares)) < COMPONENTS * m)
        squares, vectors = squares[kept], vectors[:, kept]
        ridge = self._penalty * float(squares.sum())
        solved: Float = (vectors / (squares + ridge)) @ (vectors.T @ target)
        return solved


Moments = tuple[Float, Float, Float, Float]


def _moments(x: Float, y: Float) -> Moments:
    return x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y
