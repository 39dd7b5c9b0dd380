"""Reference information I(Y_ref; Yhat | X_t): what answers say about references beyond what the question gives away.

Two estimates, both one score per sample whose mean is the estimate:

- `direct`, here: how close the response is to its reference, in a space from which the question is taken out, against
  how close it is to other references. Works from n = 60 on. Where answers were exactly right it comes near to counting
  them, and any other wording is a loss to it; on free text a change of style costs it little.
- `decoded` (`pytest_emid.information.reference.decoded`): how well a cross-fitted linear decoder reads the reference
  out of the response. Hardly sees style and format. Needs some hundreds of samples.

Neither is in nats: both are 0 where answers say nothing about references and at most about 1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, blocks, unit_rows
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.reference.reliability import Reliability
from pytest_emid.information.reference.whitening import Whitened, Whitening

__all__ = ["Centre", "Reliability", "Whitening", "direct", "direct_between", "reliability_between", "reliability_of"]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]
Centre = Literal["offset", "mean", "none"]

EXPONENT = 0.25
EXACT_EXPONENT = 0.05
# Differences below this share of a reference's typical length are rounding.
SAME = 1e-3
PARTNERS = 512


def direct(
    whitening: Whitening,
    response: ArrayLike,
    reference: ArrayLike,
    text: ArrayLike,
    *,
    reliability: Reliability | None = None,
    clusters: Clusters = None,
    centre: Centre = "offset",
    exponent: float | None = None,
    seed: int = 0,
) -> Float:
    """Direct reference information of one set, as n scores.

    With a_i and b_j the whitened, centred, reliability-weighted response and reference, both of unit length, and
    closeness k(a, b) = 1 - (1 - a.b)^p = 1 - (|a - b| / sqrt 2)^(2 p), the estimate is the mean closeness of matched
    pairs minus that of mismatched pairs: a generalised energy distance between the joint distribution and the product
    of its margins. p = 1 is the plain cosine; a smaller p sees small errors in answers that are nearly right, and
    p near 0 counts answers that are exactly right.

    Source of the kernel: Szekely and Rizzo (2013), "Energy statistics: a class of statistics based on distances",
    exponent 2 p in (0, 2].

    Args:
        whitening: frozen, fitted on other references.
        response: (n, d) embeddings of the model's answers.
        reference: (n, d) embeddings of the reference answers.
        text: (n, d_t) embeddings of the questions; for a paired shifted set those of the *clean* questions, so that
            a corrupted question is no excuse.
        reliability: how well clean answers get each direction right, from `reliability_of(...)` of the clean set; for
            a shifted set of other samples pass `.unpaired()` of it. None weighs all directions alike.
        clusters: (n,) labels; pairs within a cluster do not count as mismatched.
        centre: what is subtracted from the responses before they are compared, which removes a style that all answers
            share: the common `offset` of responses from their references (a geometric median: broken answers hardly
            move it, and it is exactly 0 where enough answers are exactly right), the difference of the `mean`
            response from the mean reference, or `none`. The mean reference is the origin in any case.
        exponent: p, in (0, 1]. None takes it from the clean set, by `reliability`: 0.25 where no clean answer is
            exactly right, falling in proportion to 0.05 where all are; 0.25 without a reliability.
        seed: of the choice of mismatched partners where n is above 512; below, all pairs count.

    Returns:
        (n,) influence values, whose mean is the estimate and whose spread gives its standard error.

    Raises:
        EstimationError: bad arrays, fewer than two clusters, a reliability of other samples or dimensions, or an
            option out of range.

    >>> rng = np.random.default_rng(0)
    >>> text, reference = rng.normal(size=(60, 3)), rng.normal(size=(60, 6))
    >>> whitening = Whitening.fit(rng.normal(size=(60, 6)), rng.normal(size=(60, 3)))
    >>> right, wrong = (direct(whitening, answers, reference, text).mean() for answers in (reference, reference[::-1]))
    >>> bool(right > 0.5), bool(abs(wrong) < 0.2)
    (True, True)
    """
    pairs = whitening.pairs(response, reference, text)
    return direct_between(
        pairs, reliability=reliability, clusters=clusters, centre=centre, exponent=exponent, seed=seed
    )


def direct_between(
    pairs: Whitened,
    *,
    reliability: Reliability | None = None,
    clusters: Clusters = None,
    centre: Centre = "offset",
    exponent: float | None = None,
    seed: int = 0,
) -> Float:
    """`direct` of pairs that are whitened already.

    >>> rng = np.random.default_rng(0)
    >>> text, reference = rng.normal(size=(60, 3)), rng.normal(size=(60, 6))
    >>> whitening = Whitening.fit(rng.normal(size=(60, 6)), rng.normal(size=(60, 3)))
    >>> pairs = whitening.pairs(reference, reference, text)
    >>> bool((direct_between(pairs) == direct(whitening, reference, reference, text)).all())
    True
    """
    if exponent is None:
        exponent = _exponent(0.0 if reliability is None else reliability.exact)
    if not 0.0 < exponent <= 1.0:
        raise EstimationError(f"exponent: {exponent} is not in (0, 1].")
    told, true = _centred(pairs.told, pairs.true, centre, exponent)
    codes = as_clusters(clusters, len(told))
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise EstimationError(
            "clusters: all samples share one cluster, so no mismatched pair tells what chance agreement looks like. "
            "Use samples of at least two pictures."
        )
    scores = np.empty(len(told))
    partners = _partners(codes, seed)
    rows, columns = np.empty(len(told)), np.empty(len(told))
    for weights, inside in _parts(reliability, told):
        far_true, far_told = (unit_rows(far[partners] * weights) for far in (true, told))
        members = np.flatnonzero(inside)
        for block in blocks(len(members)):
            these = members[block]
            a, b = unit_rows(told[these] * weights), unit_rows(true[these] * weights)
            scores[these] = _closeness(np.einsum("ij,ij->i", a, b), exponent)
            apart = codes[these][:, None] != codes[partners][None]
            count = apart.sum(axis=1)
            rows[these] = (_closeness(a @ far_true.T, exponent) * apart).sum(axis=1) / count
            columns[these] = (_closeness(b @ far_told.T, exponent) * apart).sum(axis=1) / count
    # A mean over mismatched pairs moves with both of their halves: each sample answers for its response and its
    # reference, so that the spread of the scores is that of their mean.
    influence: Float = scores - rows - columns + (rows.mean() + columns.mean()) / 2
    return influence


def reliability_of(
    whitening: Whitening,
    response: ArrayLike,
    reference: ArrayLike,
    text: ArrayLike,
    *,
    clusters: Clusters = None,
    centre: Centre = "offset",
    folds: int = 5,
    seed: int = 0,
) -> Reliability:
    """How well the answers of the clean set get each direction right, cross-fitted over clusters.

    Args and errors: as `direct` and `Reliability.fit`.

    >>> rng = np.random.default_rng(0)
    >>> text, reference = rng.normal(size=(60, 3)), rng.normal(size=(60, 6))
    >>> whitening = Whitening.fit(rng.normal(size=(60, 6)), rng.normal(size=(60, 3)))
    >>> trust = reliability_of(whitening, reference, reference, text)
    >>> trust.exact, trust.whole.round(6).tolist()
    (1.0, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """
    pairs = whitening.pairs(response, reference, text)
    return reliability_between(pairs, clusters=clusters, centre=centre, folds=folds, seed=seed)


def reliability_between(
    pairs: Whitened, *, clusters: Clusters = None, centre: Centre = "offset", folds: int = 5, seed: int = 0
) -> Reliability:
    """`reliability_of` pairs that are whitened already.

    >>> rng = np.random.default_rng(0)
    >>> text, reference = rng.normal(size=(60, 3)), rng.normal(size=(60, 6))
    >>> whitening = Whitening.fit(rng.normal(size=(60, 6)), rng.normal(size=(60, 3)))
    >>> trust = reliability_between(whitening.pairs(reference, reference, text))
    >>> trust.weights.shape, trust.fold.shape
    ((5, 6), (60,))
    """
    told, true = pairs.told, pairs.true
    exact = float(_same(told - true, true).mean())
    told, true = _centred(told, true, centre, _exponent(exact))
    return Reliability.fit(told, true, as_clusters(clusters, len(told)), folds=folds, seed=seed, exact=exact)


def _exponent(exact: float) -> float:
    """p for a clean set of which a share is exactly right: an error is an error there, however near it comes."""
    return EXPONENT + (EXACT_EXPONENT - EXPONENT) * exact


def _same(differences: Float, true: Float) -> NDArray[np.bool_]:
    """Which responses are their references, but for rounding."""
    scale = float(np.median(_lengths(true)))
    same: NDArray[np.bool_] = _lengths(differences) <= SAME * scale
    return same


def _lengths(rows: Float, point: Float | None = None) -> Float:
    """Distances of the rows from a point, or from the origin, without another array of their size."""
    found = np.empty(len(rows))
    for block in blocks(len(rows)):
        found[block] = np.linalg.norm(rows[block] if point is None else rows[block] - point, axis=1)
    return found


def _centred(told: Float, true: Float, centre: Centre, exponent: float) -> tuple[Float, Float]:
    """Responses and references about the mean reference, without the style that all responses share."""
    middle: Float = true.mean(axis=0)
    if centre == "none":
        return told - middle, true - middle
    if centre == "offset":
        differences = told - true
        offset = _common_offset(differences, _same(differences, true), exponent)
        del differences  # a large set is not held more often than it must be
        told = told - offset
    elif centre == "mean":
        told = told + (middle - told.mean(axis=0))
    else:
        raise EstimationError(f"centre: {centre!r} is unknown. Use 'offset', 'mean' or 'none'.")
    told -= middle
    return told, true - middle


def _parts(reliability: Reliability | None, told: Float) -> list[tuple[Float, NDArray[np.bool_]]]:
    """Square-root weights of the directions, and the samples that they are for."""
    n, d = told.shape
    everyone = np.ones(n, dtype=np.bool_)
    if reliability is None:
        return [(np.ones(d), everyone)]
    if reliability.weights.shape[1] != d:
        raise EstimationError(
            f"reliability: it weighs {reliability.weights.shape[1]} directions, and the answers have {d}. "
            "Fit it with the same whitening."
        )
    roots = np.sqrt(reliability.weights)
    if reliability.fold is None:
        return [(roots[0], everyone)]
    if len(reliability.fold) != n:
        raise EstimationError(
            f"reliability: it was cross-fitted on {len(reliability.fold)} samples, and there are {n}. "
            "For other samples use reliability.unpaired()."
        )
    return [(root, reliability.fold == k) for k, root in enumerate(roots)]


def _partners(codes: Codes, seed: int) -> Codes:
    """The samples that mismatched pairs are formed with: all of them, or 512 that span two clusters at least."""
    if len(codes) <= PARTNERS:
        return np.arange(len(codes))
    order = np.random.default_rng(seed).permutation(len(codes))
    chosen = order[:PARTNERS]
    if np.all(codes[chosen] == codes[chosen[0]]):
        chosen[-1] = np.flatnonzero(codes != codes[chosen[0]])[0]
    # A sample whose cluster holds all partners but one still meets that one.
    return np.sort(chosen)


def _closeness(cosine: Float, exponent: float) -> Float:
    gap: Float = np.maximum(1.0 - cosine, 0.0)
    # Two square roots take a tenth of the time of a power.
    return 1.0 - (np.sqrt(np.sqrt(gap)) if exponent == 0.25 else gap**exponent)


def _common_offset(
    differences: Float, exact: NDArray[np.bool_], exponent: float, steps: int = 100, tolerance: float = 1e-5
) -> Float:
    """The geometric median of the differences (Weiszfeld's iteration), exactly 0 where 0 does as well.

    The `exact` differences count as 0. Zero is the median when the unit vectors of all others add up to no more than
    the number of zeros: a minority that errs in every direction does not amount to a style.

    Source: Vardi and Zhang (2000), "The multivariate L1-median and associated data depth".
    """
    distance = _lengths(differences)
    towards = np.divide(1.0, distance, out=np.zeros(len(distance)), where=~exact)
    if float(np.linalg.norm(towards @ differences)) <= exact.sum():
        return np.zeros(differences.shape[1])
    point: Float = differences.mean(axis=0)
    spread = float(distance.mean())
    for _ in range(steps):
        # The floor keeps a row that the point sits on from taking all the weight.
        weight = 1.0 / np.maximum(_lengths(differences, point), 1e-6 * spread)
        step: Float = weight @ differences / weight.sum()
        moved = float(np.linalg.norm(step - point))
        point = step
        if moved <= tolerance * spread:
            break
    # A style that all answers share leaves none of them exactly right. Where some are, and most are wrong, the median
    # is that of the mistakes: it counts only if it brings answers closer to their references, by `direct`'s closeness.
    if exact.any() and _energy(distance, exponent) <= _energy(_lengths(differences, point), exponent):
        return np.zeros(differences.shape[1])
    return point


def _energy(distance: Float, exponent: float) -> float:
    return float((distance ** (2 * exponent)).sum())
