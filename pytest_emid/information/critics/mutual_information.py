"""CLUB in O(n d): exact values and per-sample contributions.

For a critic q(y given x) = N(mu(x), diag(exp(logvar(x)))) write w = exp(-logvar), a = w mu (both n x d). The
contrastive log-ratio upper bound (Cheng et al., "CLUB", ICML 2020), an average over all n x n pairs, is then

    CLUB = sum_d [ Cov(a_d, y_d) - Cov(w_d, y_d^2) / 2 ],      Cov with 1/n,

and the influence values of its samples, whose mean it is and whose spread gives its standard error, are

    psi_i = sum_d [ (a - abar)(y - ybar) - (w - wbar)(y^2 - mean(y^2)) / 2 ].

It is linear in (y, y^2), so EMI and EMID are contributions of a difference of responses. Values are on the critic's
own scale, not in nats: CLUB exceeds mutual information by the critic's error, and counts correlated dimensions twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import BLOCK_ROWS, blocks, checked_matrix, require_varied
from pytest_emid.information.critics.base import Critic, GaussianCritic, has_contributions, has_gaussian_form

__all__ = ["club", "contributions", "contributions_each", "estimates"]

Float = NDArray[np.float64]
Matrix = NDArray[Any]


def contributions(critic: Critic, x: ArrayLike, y: ArrayLike, *, minus: ArrayLike | None = None) -> Float:
    """Influence values of the samples in the critic's estimate of I(X; Y), or of I(X; Y) - I(X; minus).

    EMI is `contributions(critic, x, response, minus=reference).mean()`; anchored EMID is
    `contributions(critic, x_clean, response_clean, minus=response_shifted).mean()`. One pass through the critic
    serves both terms, and memory beyond the inputs does not grow with n d.

    Args:
        critic: of Gaussian or contrastive form.
        x: n x dimension_x query embeddings.
        y: n x dimension_y response embeddings.
        minus: n x dimension_y responses whose information is subtracted, of the same queries.

    Returns:
        (n,) float64, on the critic's own scale. The mean is the estimate (for a Gaussian critic CLUB, to rounding);
        the standard deviation over sqrt(n) is its standard error when samples are independent.

    Raises:
        EstimationError: bad values (NaN, infinite, a row of zeros) or shapes, fewer than 2 rows, constant responses,
            or a critic of other dimensions.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> y = x[:, :3] + 0.1 * rng.normal(size=(60, 3))
    >>> critic = RidgeCritic.fit(x[:30], y[:30])
    >>> answers = rng.normal(size=(30, 3))  # that have nothing to do with the queries
    >>> emi = contributions(critic, x[30:], answers, minus=y[30:])
    >>> emi.shape, bool(emi.mean() < 0)
    ((30,), True)
    """
    if minus is None:
        return contributions_each(critic, x, [y])[0]
    queries, (first, second) = _inputs(critic, x, {"y": y, "minus": minus})
    if not has_gaussian_form(critic):
        psi, other = _evaluate(critic, queries, [first, second])
        return psi - other
    return _finite(critic, _gaussian(critic, queries, [_Difference(first, second)])[0])


def contributions_each(critic: Critic, x: ArrayLike, responses: Sequence[ArrayLike]) -> list[Float]:
    """`contributions` of several sets of responses to the same queries, for one pass through the critic.

    Args:
        critic: of Gaussian or contrastive form.
        x: n x dimension_x query embeddings.
        responses: each n x dimension_y.

    Raises:
        EstimationError: as for `contributions`.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> y = x[:, :3] + 0.1 * rng.normal(size=(60, 3))
    >>> critic = RidgeCritic.fit(x[:30], y[:30])
    >>> first, second = contributions_each(critic, x[30:], [y[30:], rng.normal(size=(30, 3))])
    >>> bool(first.mean() > second.mean())
    True
    """
    queries, found = _inputs(critic, x, dict(zip(_names(len(responses)), responses, strict=True)))
    return _evaluate(critic, queries, found)


def club(critic: GaussianCritic, x: ArrayLike, y: ArrayLike) -> float:
    """CLUB of the pairs (x, y) on the critic's own scale; may be negative.

    Multiply by n / (n - 1) for the U-statistic, which is unbiased for a fixed critic. Arguments and errors are those
    of `contributions`.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> y = x[:, :3] + 0.1 * rng.normal(size=(60, 3))
    >>> critic = RidgeCritic.fit(x[:30], y[:30])
    >>> bool(np.isclose(club(critic, x[30:], y[30:]), contributions(critic, x[30:], y[30:]).mean()))
    True
    """
    queries, found = _inputs(critic, x, {"y": y})
    return estimates(critic, queries, found)[0]


def estimates(critic: Critic, x: Matrix, responses: Sequence[Matrix]) -> list[float]:
    """The means of `contributions_each`, at a fraction of their cost when the critic is Gaussian.

    Args:
        critic: of Gaussian or contrastive form.
        x: n x dimension_x query embeddings, checked before: they are not searched for NaN and infinity again.
        responses: each n x dimension_y, checked likewise.

    Raises:
        EstimationError: constant responses, a critic of other dimensions, or an estimate that is not finite.

    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> y = x[:, :3] + 0.1 * rng.normal(size=(60, 3))
    >>> critic = RidgeCritic.fit(x[:30], y[:30])
    >>> estimates(critic, x[30:], [y[30:]]) == [club(critic, x[30:], y[30:])]
    True
    """
    _same_dimension("x", x, critic.dimension_x, critic)
    for name, y in zip(_names(len(responses)), responses, strict=True):
        _check_response(name, y, critic)
    if not has_gaussian_form(critic):
        return [float(psi.mean()) for psi in _evaluate(critic, x, responses)]
    if len(x) <= BLOCK_ROWS:
        # One block has nothing to be merged with, and so needs no means.
        form = _CentredForm(critic, x)
        values = [form.club(y.astype(np.float64, copy=False)) for y in responses]
    else:
        parts = [_Moments(critic.dimension_y) for _ in responses]
        for block in blocks(len(x)):
            form = _CentredForm(critic, x[block])
            for part, y in zip(parts, responses, strict=True):
                part.add(form, y[block])
        values = [part.club() for part in parts]
    if not np.isfinite(values).all():
        _evaluate(critic, x, responses)  # Names the row.
    return values


class _Moments:
    """What CLUB needs of the blocks so far: means of a, w, y, y^2, and summed co-moments of (a, y) and of (w, y^2)."""

    def __init__(self, dimension: int) -> None:
        self.n = 0
        self.means = np.zeros((4, dimension))
        self.comoments = np.zeros(2)

    def add(self, form: _CentredForm, responses: Matrix) -> None:
        target = responses.astype(np.float64)
        squares = np.square(target)
        means = np.stack([form.mean_a, form.mean_w, target.mean(axis=0), squares.mean(axis=0)])
        n, total = len(target), self.n + len(target)
        step = means - self.means
        # Chan, Golub and LeVeque (1979), summed over dimensions.
        self.comoments += form.comoments(target, squares) + (step[:2] * step[2:]).sum(axis=1) * (self.n * n / total)
        self.means += step * (n / total)
        self.n = total

    def club(self) -> float:
        return float(self.comoments[0] - self.comoments[1] / 2) / self.n


class _CentredForm:
    """The critic's answer to a block of queries, centred; `w` is None where it is the same for every query."""

    def __init__(self, critic: GaussianCritic, queries: Matrix) -> None:
        a, w = critic.natural(queries.astype(np.float64, copy=False))
        self.mean_a = a.mean(axis=0)
        self.a = a - self.mean_a
        varies = w.strides[0] != 0
        self.mean_w: Float = w.mean(axis=0) if varies else w[0]
        self.w = w - self.mean_w if varies else None

    def comoments(self, y: Float, squares: Float) -> Float:
        """n times the summed covariances of (a, y) and of (w, y^2): one centred factor is enough."""
        return np.array([np.vdot(self.a, y), 0.0 if self.w is None else np.vdot(self.w, squares)])

    def club(self, y: Float) -> float:
        """CLUB of the block."""
        first, second = self.comoments(y, np.square(y))
        return float(first - second / 2) / len(y)


class _Difference:
    """What CLUB is linear in: a response and its square, or the difference of two, block by block in float64."""

    def __init__(self, y: Matrix, minus: Matrix | None = None) -> None:
        self.y, self.minus = y, minus

    def __getitem__(self, block: slice) -> tuple[Float, Float]:
        first = self.y[block].astype(np.float64)
        second = first**2
        if self.minus is not None:
            other = self.minus[block].astype(np.float64)
            second -= other**2
            first -= other
        return first, second


def _evaluate(critic: Critic, x: Matrix, responses: Sequence[Matrix]) -> list[Float]:
    if has_gaussian_form(critic):
        found = _gaussian(critic, x, [_Difference(y) for y in responses])
    elif has_contributions(critic):
        found = [critic.contributions(x, y) for y in responses]
    else:
        raise EstimationError(
            f"critic: {type(critic).__name__} has neither `natural` (Gaussian form) nor `contributions`."
        )
    return [_finite(critic, psi) for psi in found]


def _gaussian(critic: GaussianCritic, x: Matrix, responses: Sequence[_Difference]) -> list[Float]:
    """Influence values in three passes over blocks of rows, only one of which asks the critic.

    The critic's means are known only after its pass, so that pass centres a and w at their first row (exact for a
    critic whose w never varies), and the last pass, over the responses alone, moves the centre to the mean.
    """
    n, d = len(x), critic.dimension_y
    means = []
    for response in responses:
        mean_y, mean_q = np.zeros(d), np.zeros(d)
        for block in blocks(n):
            first, second = response[block]
            mean_y += first.sum(axis=0)
            mean_q += second.sum(axis=0)
        means.append((mean_y / n, mean_q / n))

    found = [np.empty(n) for _ in responses]
    centre_a, centre_w = np.zeros(d), np.zeros(d)
    step_a, step_w = np.zeros(d), np.zeros(d)
    for block in blocks(n):
        a, w = critic.natural(x[block].astype(np.float64))
        if block.start == 0:
            centre_a, centre_w = a[0].copy(), w[0].copy()
        a, w = a - centre_a, w - centre_w
        step_a += a.sum(axis=0) / n
        step_w += w.sum(axis=0) / n
        for psi, response, (mean_y, mean_q) in zip(found, responses, means, strict=True):
            first, second = response[block]
            psi[block] = _row_dots(a, first - mean_y) - _row_dots(w, second - mean_q) / 2

    for psi, response, (mean_y, mean_q) in zip(found, responses, means, strict=True):
        for block in blocks(n):
            first, second = response[block]
            psi[block] -= (first - mean_y) @ step_a - (second - mean_q) @ step_w / 2
    return found


def _finite(critic: Critic, psi: Float) -> Float:
    if not np.isfinite(psi).all():
        raise EstimationError(
            f"critic {critic.kind}: the contribution of row {int(np.argmin(np.isfinite(psi)))} is not finite. "
            f"The critic was fitted on embeddings of another scale, or is broken: fit it again."
        )
    return psi


def _names(count: int) -> list[str]:
    return [f"responses[{index}]" for index in range(count)] if count > 1 else ["y"] * count


def _inputs(critic: Critic, x: ArrayLike, responses: Mapping[str, ArrayLike]) -> tuple[Matrix, list[Matrix]]:
    queries = checked_matrix("x", x, min_rows=2, nonzero_rows=True)
    _same_dimension("x", queries, critic.dimension_x, critic)
    found = []
    for name, array in responses.items():
        matrix = checked_matrix(name, array, rows=queries.shape[0], nonzero_rows=True)
        _check_response(name, matrix, critic)
        found.append(matrix)
    return queries, found


def _check_response(name: str, matrix: Matrix, critic: Critic) -> None:
    _same_dimension(name, matrix, critic.dimension_y, critic)
    require_varied(name, matrix)


def _same_dimension(name: str, matrix: Matrix, dimension: int, critic: Critic) -> None:
    if matrix.shape[1] != dimension:
        raise EstimationError(
            f"{name}: has {matrix.shape[1]} columns, but the {critic.kind} critic {critic.fingerprint[:12]} was fitted "
            f"on {dimension}. Use the encoders that it was fitted with, or fit a critic on these embeddings."
        )


def _row_dots(left: Float, right: Float) -> Float:
    dots: Float = np.einsum("ij,ij->i", left, right)
    return dots
