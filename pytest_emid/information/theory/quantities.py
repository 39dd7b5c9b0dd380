"""Information quantities on finite alphabets: arrays of probabilities in, nats out, exact to rounding. NumPy only.

Source: Oh, Fang, Im, Du and Li (2025), "Understanding multimodal LLMs under distribution shifts: an
information-theoretic approach", arXiv 2502.00577. Definitions are as restated in public summaries and code.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError

__all__ = [
    "conditional_entropy",
    "distribution",
    "emi",
    "entropy",
    "fannes_audenaert",
    "jensen_shannon",
    "kullback_leibler",
    "log_preference",
    "mutual_information",
    "numbers",
    "total_variation",
    "tv_from_js",
]

Float = NDArray[np.float64]

SUM_TOLERANCE = 1e-6
"""How far a distribution may be from summing to 1, before it is scaled to do so exactly: float32 tables pass."""


_BELOW_ONE = math.nextafter(1.0, 0.0)


def distribution(name: str, probabilities: ArrayLike) -> Float:
    """`probabilities` as float64 distributions along the last axis, each scaled to sum to 1 exactly.

    Raises:
        EstimationError: no entry, a negative or non-finite one, or a row whose sum is further than 1e-6 from 1; the
            message names the row.

    >>> distribution("model", [[0.5, 0.5]])
    array([[0.5, 0.5]])
    >>> distribution("model", [[0.5, 0.6]])
    Traceback (most recent call last):
        ...
    pytest_emid.errors.EstimationError: model: row 0 sums to 1.1, not to 1. Divide each row by its sum.
    """
    p, sums = _checked(name, probabilities)
    if p.size == 0:
        raise EstimationError(f"{name}: expected probabilities along the last axis, got an array of shape {p.shape}.")
    return np.asarray(p / sums)


def entropy(p: ArrayLike) -> Float:
    """Shannon entropy H(p) = -sum_y p(y) log p(y) along the last axis, in nats, in [0, log M].

    Raises:
        EstimationError: no distribution along the last axis; likewise all functions below of tables `p`, `q`, `rows`.

    >>> round(float(entropy([0.5, 0.5])), 6)
    0.693147
    """
    return _entropy(_checked("p", p)[0])


def conditional_entropy(p_x: ArrayLike, rows: ArrayLike) -> float:
    """H(Y|X) = sum_x p(x) H(rows[x]) in nats, for p_x (N,) and rows (N, M).

    >>> round(conditional_entropy([0.5, 0.5], [[1.0, 0.0], [0.5, 0.5]]), 4)  # log 2 / 2
    0.3466
    """
    weight, table = _query_and_rows(p_x, rows)
    return float(weight @ _entropy(table))


def mutual_information(p_x: ArrayLike, rows: ArrayLike) -> float:
    """I(X; Y) = H(sum_x p(x) rows[x]) - H(Y|X) in nats, for p_x (N,) and rows (N, M); at least 0 but for rounding.

    >>> round(mutual_information([0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]]), 6)
    0.693147
    """
    weight, table = _query_and_rows(p_x, rows)
    return float(_entropy(weight @ table)) - float(weight @ _entropy(table))


def kullback_leibler(p: ArrayLike, q: ArrayLike) -> Float:
    """KL(p || q) = sum_y p(y) log(p(y) / q(y)) along the last axis, in nats, in [0, inf].

    >>> kullback_leibler([[1.0, 0.0], [0.5, 0.5]], [0.5, 0.5]).round(4)
    array([0.6931, 0.    ])
    >>> float(kullback_leibler([0.5, 0.5], [1.0, 0.0]))
    inf
    """
    p, q = _two(p, q)
    divergence = (_xlogy(p, p) - _xlogy(p, q)).sum(axis=-1)
    return np.asarray(np.maximum(divergence, 0.0))


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> Float:
    """Jensen-Shannon divergence along the last axis, in nats, in [0, log 2].

    JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2, computed as the mean of the two divergences from the midpoint, with
    log(2 p / (p + q)) = log1p((p - q) / (p + q)) where p is near q: the error is of order 1e-16 TV(p, q), so near-equal
    distributions keep their digits.

    >>> round(float(jensen_shannon([1.0, 0.0], [0.0, 1.0])), 6)
    0.693147
    """
    p, q = _two(p, q)
    divergence = 0.5 * (_from_midpoint(p, q) + _from_midpoint(q, p)).sum(axis=-1)
    return np.asarray(np.clip(divergence, 0.0, math.log(2.0)))


def total_variation(p: ArrayLike, q: ArrayLike) -> Float:
    """TV(p, q) = max_A [p(A) - q(A)] = sum_y |p(y) - q(y)| / 2 along the last axis, in [0, 1].

    >>> float(total_variation([0.5, 0.5], [0.75, 0.25]))
    0.25
    """
    p, q = _two(p, q)
    return np.asarray(np.minimum(0.5 * np.abs(p - q).sum(axis=-1), 1.0))


def fannes_audenaert(t: ArrayLike, letters: int) -> Float:
    """The most that two entropies on `letters` letters can differ within total variation t, in nats.

    FA(t) = t log(M - 1) + h(t) for t < 1 - 1/M, and log M from there on: increasing and concave in t, and attained by
    a point mass against (1 - t, t/(M - 1), ...).

    Source: Audenaert (2007), "A sharp continuity estimate for the von Neumann entropy"; the classical case.

    Raises:
        EstimationError: fewer than one letter, or a t outside [0, 1].

    >>> fannes_audenaert([0.0, 0.1, 1.0], letters=4).round(4)
    array([0.    , 0.4349, 1.3863])
    """
    if not letters >= 1:
        raise EstimationError(f"letters: an alphabet has at least one letter, got {letters}.")
    t = np.asarray(t, dtype=np.float64)
    if not np.all((t >= 0) & (t <= 1)):
        raise EstimationError(f"t: total variation lies in [0, 1], got {t}.")
    inside = t < 1.0 - 1.0 / letters
    low = np.where(inside, t, 0.0)
    binary = -_xlogy(low, low) - _xlogy(1.0 - low, 1.0 - low)
    return np.where(inside, low * math.log(max(letters - 1, 1)) + binary, math.log(letters))


def tv_from_js(js: ArrayLike) -> Float:
    """The largest total variation that a Jensen-Shannon divergence allows: tau(JS), the tight inverse bound.

    JS >= f(TV) with f(t) = [(1 + t) log(1 + t) + (1 - t) log(1 - t)] / 2 = log 2 - h((1 - t) / 2), by data processing
    onto the set that attains TV; two binary distributions symmetric about 1/2 attain it. tau = f^-1 is found by
    Newton's method from sqrt(2 JS): f is convex, so every step stays on the upper side.

    Raises:
        EstimationError: a divergence outside [0, log 2].

    >>> js = jensen_shannon([0.75, 0.25], [0.25, 0.75])
    >>> round(float(tv_from_js(js)), 4)  # symmetric about 1/2: the bound is tight
    0.5
    """
    js = np.asarray(js, dtype=np.float64)
    if not np.all((js >= 0) & (js <= math.log(2.0) + 1e-12)):
        raise EstimationError(f"js: a Jensen-Shannon divergence lies in [0, log 2], got {js}.")
    t = np.minimum(np.sqrt(2.0 * js), _BELOW_ONE)
    for _ in range(12):
        f = 0.5 * ((1.0 + t) * np.log1p(t) + (1.0 - t) * np.log1p(-t))
        slope = np.arctanh(t)
        t = np.clip(t - np.divide(f - js, slope, out=np.zeros(t.shape), where=slope > 0), 0.0, _BELOW_ONE)
    return np.where(js >= math.log(2.0) - 1e-15, 1.0, t)


def emi(p_x: ArrayLike, model: ArrayLike, truth: ArrayLike) -> float:
    """Effective mutual information I(P_X x P_theta) - I(P_XY) in nats, for p_x (N,), model and truth (N, M).

    Source: arXiv 2502.00577, the definition of EMI; 0 for a model that equals the truth.

    >>> round(emi([0.5, 0.5], model=[[1, 0], [0, 1]], truth=[[0.5, 0.5], [0.5, 0.5]]), 4)  # log 2 more than there is
    0.6931
    """
    return mutual_information(p_x, model) - mutual_information(p_x, truth)


def log_preference(p_x: ArrayLike, model: ArrayLike, truth: ArrayLike) -> float:
    """Expected log-preference of the model's answers over the true ones, in nats; -inf where it says the impossible.

    E_x [ E_{yhat ~ model} log P(yhat|x) - E_{y ~ truth} log P(y|x) ]: with the reward log P(y|x), the expected
    Bradley-Terry logit of "the answer is preferred to the reference". Equals E_x[H(truth) - H(model) - KL(model ||
    truth)].

    Source: arXiv 2502.00577, Lemma 4.3, as restated in public summaries.

    >>> log_preference([1.0], model=[[0.5, 0.5]], truth=[[0.5, 0.5]])
    0.0
    >>> log_preference([1.0], model=[[0.0, 1.0]], truth=[[1.0, 0.0]])
    -inf
    """
    p_x, truth = _query_and_rows(p_x, truth, "truth")
    model = _query_and_rows(p_x, model, "model")[1]
    model, truth = _two(model, truth)
    gain = _xlogy(model, truth).sum(axis=-1) - _xlogy(truth, truth).sum(axis=-1)
    return float(p_x @ np.where(p_x > 0, gain, 0.0))


def _checked(name: str, probabilities: ArrayLike) -> tuple[Float, Float]:
    """Distributions along the last axis as they are, in float64, and their sums."""
    p = numbers(name, probabilities)
    if p.ndim == 0 or p.shape[-1] == 0:
        raise EstimationError(f"{name}: expected probabilities along the last axis, got an array of shape {p.shape}.")
    wrong = ~(np.isfinite(p) & (p >= 0))
    if wrong.any():
        where = np.argwhere(wrong)[0]
        raise EstimationError(f"{name}: {p[tuple(where)]} at {_place(where)} is not a probability.")
    sums = p.sum(axis=-1, keepdims=True)
    off = np.abs(sums - 1.0) > SUM_TOLERANCE
    if off.any():
        where = np.argwhere(off)[0]
        row = "it" if p.ndim == 1 else _place(where[:-1], "row")
        raise EstimationError(f"{name}: {row} sums to {sums[tuple(where)]:.9g}, not to 1. Divide each row by its sum.")
    return p, sums


def numbers(name: str, table: ArrayLike) -> Float:
    """`table` as a new float64 array.

    Raises:
        EstimationError: it holds something else than numbers.

    >>> numbers("p_x", [1, 0])
    array([1., 0.])
    """
    try:
        return np.array(table, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EstimationError(f"{name}: not an array of probabilities ({error}).") from error


def _two(p: ArrayLike, q: ArrayLike) -> tuple[Float, Float]:
    """Two tables of distributions on one alphabet."""
    first, second = _checked("p", p)[0], _checked("q", q)[0]
    try:
        np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        fits = False
    else:
        fits = first.shape[-1] == second.shape[-1]
    if not fits:
        raise EstimationError(f"p has shape {first.shape} and q {second.shape}: they share rows and one alphabet.")
    return first, second


def _query_and_rows(p_x: ArrayLike, rows: ArrayLike, name: str = "rows") -> tuple[Float, Float]:
    """A distribution (N,) of queries, and one row of answers for each, (N, M)."""
    weight, table = _checked("p_x", p_x)[0], _checked(name, rows)[0]
    if weight.ndim != 1 or table.ndim != 2 or len(weight) != len(table):
        raise EstimationError(
            f"{name}: expected one row of answers for each query, got shape {table.shape} for p_x of shape "
            f"{weight.shape}."
        )
    return weight, table


def _entropy(p: Float) -> Float:
    return np.asarray(-_xlogy(p, p).sum(axis=-1) + 0.0)  # + 0.0: a point mass has entropy 0.0, not -0.0


def _xlogy(x: Float, y: Float) -> Float:
    """x log y with 0 log 0 = 0 and x log 0 = -inf."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, x * np.log(y), 0.0)


def _from_midpoint(p: Float, q: Float) -> Float:
    """p log(2 p / (p + q)), term by term."""
    with np.errstate(divide="ignore", invalid="ignore"):
        d = (p - q) / (p + q)
        return np.where(p > 0, p * np.where(np.abs(d) < 0.5, np.log1p(d), np.log(2.0 * p / (p + q))), 0.0)


def _place(index: NDArray[np.intp], word: str = "position") -> str:
    place = tuple(int(i) for i in index)
    return f"{word} {place[0] if len(place) == 1 else place}"
