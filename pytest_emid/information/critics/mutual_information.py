"""CLUB in O(n d): exact values, per-sample contributions, and moments that stream and merge.

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
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import BLOCK_ROWS, blocks, checked_matrix, require_varied
from pytest_emid.information.critics import ClubCritic, InfoNCECritic, KernelCritic, RidgeCritic
from pytest_emid.information.critics.base import (
    ContrastiveCritic,
    Critic,
    GaussianCritic,
    has_contributions,
    has_gaussian_form,
)

__all__ = [
    "ClubCritic",
    "ContrastiveCritic",
    "Critic",
    "GaussianCritic",
    "InfoNCECritic",
    "KernelCritic",
    "Moments",
    "RidgeCritic",
    "club",
    "contributions",
    "contributions_each",
    "estimates",
]

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
    """
    queries, found = _inputs(critic, x, _named(responses))
    return _evaluate(critic, queries, found)


def club(critic: GaussianCritic, x: ArrayLike, y: ArrayLike) -> float:
    """CLUB of the pairs (x, y) on the critic's own scale; may be negative.

    Multiply by n / (n - 1) for the U-statistic, which is unbiased for a fixed critic. Arguments and errors are those
    of `contributions`.
    """
    return estimates(critic, x, [y])[0]


def estimates(
    critic: Critic, x: ArrayLike, responses: Sequence[ArrayLike], *, known_finite: bool = False
) -> list[float]:
    """The means of `contributions_each`, at a fraction of their cost when the critic is Gaussian.

    Args:
        critic, x, responses: as for `contributions_each`.
        known_finite: arrays of equal length that were found free of NaN and infinity before are not searched again.

    Raises:
        EstimationError: as for `contributions_each`.
    """
    queries, found = _inputs(critic, x, _named(responses), known_finite=known_finite)
    if not has_gaussian_form(critic):
        return [float(psi.mean()) for psi in _evaluate(critic, queries, found)]
    if len(queries) <= BLOCK_ROWS:
        # One block has nothing to be merged with, and so needs no means.
        form = _CentredForm(critic, queries)
        values = [form.club(y.astype(np.float64, copy=False)) for y in found]
    else:
        moments = [Moments(critic) for _ in found]
        for block in blocks(len(queries)):
            form = _CentredForm(critic, queries[block])
            for part, y in zip(moments, found, strict=True):
                part._absorb(form, y[block])
        values = [part.club() for part in moments]
    if not np.isfinite(values).all():
        _evaluate(critic, queries, found)  # Names the row.
    return values


class Moments:
    """Sufficient statistics of CLUB for one critic: O(d) memory for any number of samples.

    `update` takes batches in any order, `merge` joins what other processes have seen, `club` reads the value; a
    second pass over the same batches through `contributions` gives the influence values, and so the standard error.
    """

    def __init__(self, critic: GaussianCritic) -> None:
        if not has_gaussian_form(critic):
            raise EstimationError(
                f"critic: moments need the Gaussian form, which a critic of kind "
                f"{getattr(critic, 'kind', type(critic).__name__)!r} does not have."
            )
        self.critic = critic
        self.n = 0
        self._first: Matrix | None = None
        self._varied = False
        d = critic.dimension_y
        # Means of a, w, y and y^2; and sum_d of the centred co-moments of (a, y) and (w, y^2).
        self._means = np.zeros((4, d))
        self._comoments = np.zeros(2)

    def update(self, x: ArrayLike, y: ArrayLike) -> Self:
        """Adds a batch of n x dimension_x queries and n x dimension_y responses.

        Raises:
            EstimationError: bad values or shapes.
        """
        queries, (responses,) = _inputs(self.critic, x, {"y": y}, min_rows=1, varied=False)
        self._compare(responses)
        for block in blocks(len(queries)):
            self._absorb(_CentredForm(self.critic, queries[block]), responses[block])
        return self

    def merge(self, other: Moments) -> Self:
        """Adds what `other` has seen.

        Raises:
            EstimationError: `other` used another critic.
        """
        if self.critic.fingerprint != other.critic.fingerprint:
            raise EstimationError(
                f"cannot merge moments of two critics ({self.critic.fingerprint[:12]} and "
                f"{other.critic.fingerprint[:12]}): their scales differ."
            )
        if other._first is not None:
            self._compare(other._first)
            self._varied = self._varied or other._varied
        if other.n:
            self._add(other.n, other._means, other._comoments)
        return self

    def club(self) -> float:
        """CLUB of all samples so far.

        Raises:
            EstimationError: fewer than 2 samples, or all responses identical.
        """
        self._require_two()
        if self._first is not None and not self._varied:
            require_varied("y", np.broadcast_to(self._first, (self.n, self._first.shape[1])))
        return float(self._comoments[0] - self._comoments[1] / 2) / self.n

    def contributions(self, x: ArrayLike, y: ArrayLike) -> Float:
        """Influence values (n,) of a batch that `update` has seen, given all of what it has seen.

        Over all batches their mean is `club()`.

        Raises:
            EstimationError: bad values or shapes, or fewer than 2 samples so far.
        """
        self._require_two()
        queries, (responses,) = _inputs(self.critic, x, {"y": y}, min_rows=1, varied=False)
        psi = np.empty(len(queries))
        for block in blocks(len(queries)):
            target = responses[block].astype(np.float64)
            a, w = self.critic.natural(queries[block].astype(np.float64))
            parts = (a, w, target, target**2)
            ca, cw, cy, cq = (part - mean for part, mean in zip(parts, self._means, strict=True))
            psi[block] = _row_dots(ca, cy) - _row_dots(cw, cq) / 2
        return psi

    def _compare(self, responses: Matrix) -> None:
        """Notes whether any response differs from the first."""
        if self._first is None:
            self._first = responses[:1].copy()
        self._varied = self._varied or bool((responses != self._first).any())

    def _absorb(self, form: _CentredForm, responses: Matrix) -> None:
        target = responses.astype(np.float64)
        squares = np.square(target)
        means = np.stack([form.mean_a, form.mean_w, target.mean(axis=0), squares.mean(axis=0)])
        self._add(len(target), means, form.comoments(target, squares))

    def _add(self, n: int, means: Float, comoments: Float) -> None:
        total = self.n + n
        step = means - self._means
        # Chan, Golub and LeVeque (1979), summed over dimensions.
        self._comoments += comoments + (step[:2] * step[2:]).sum(axis=1) * (self.n * n / total)
        self._means += step * (n / total)
        self.n = total

    def _require_two(self) -> None:
        if self.n < 2:
            raise EstimationError(f"moments: at least 2 samples are needed, got {self.n}.")


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


def _named(responses: Sequence[ArrayLike]) -> dict[str, ArrayLike]:
    return {f"responses[{index}]" if len(responses) > 1 else "y": y for index, y in enumerate(responses)}


def _inputs(
    critic: Critic,
    x: ArrayLike,
    responses: Mapping[str, ArrayLike],
    *,
    min_rows: int = 2,
    varied: bool = True,
    known_finite: bool = False,
) -> tuple[Matrix, list[Matrix]]:
    queries = np.asarray(x) if known_finite else checked_matrix("x", x, min_rows=min_rows, nonzero_rows=True)
    _same_dimension("x", queries, critic.dimension_x, critic)
    found = []
    for name, array in responses.items():
        matrix = (
            np.asarray(array) if known_finite else checked_matrix(name, array, rows=queries.shape[0], nonzero_rows=True)
        )
        _same_dimension(name, matrix, critic.dimension_y, critic)
        if varied:
            require_varied(name, matrix)
        found.append(matrix)
    return queries, found


def _same_dimension(name: str, matrix: Matrix, dimension: int, critic: Critic) -> None:
    if matrix.shape[1] != dimension:
        raise EstimationError(
            f"{name}: has {matrix.shape[1]} columns, but the {critic.kind} critic {critic.fingerprint[:12]} was fitted "
            f"on {dimension}. Use the encoders that it was fitted with, or fit a critic on these embeddings."
        )


def _row_dots(left: Float, right: Float) -> Float:
    dots: Float = np.einsum("ij,ij->i", left, right)
    return dots
