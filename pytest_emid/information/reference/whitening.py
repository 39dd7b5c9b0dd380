"""The space in which answers are compared: what the question gives away is taken out, and the rest is whitened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, blocks, checked_matrix, require_varied
from pytest_emid.information.intervals.clusters import Clusters

__all__ = ["Whitened", "Whitening"]

Float = NDArray[np.float64]

# Ridge penalties on the question, as multiples of the mean eigenvalue of its covariance.
PENALTIES = np.logspace(-6, 2, 9)
SHRINKAGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
FOLDS = 5
FEWEST = 20
# Squares of smaller spreads vanish beside the rounding of embeddings of any length.
SMALLEST = 1e-15


@dataclass(frozen=True, eq=False, slots=True)
class Whitened:
    """One set in the space where answers are compared; made by `Whitening.pairs`.

    Attributes:
        response: (n, d) embeddings of the answers, as they came.
        text: (n, d_t) embeddings of the questions.
        told: (n, d) whitened residuals of the answers.
        true: (n, d) whitened residuals of the references.

    >>> rng = np.random.default_rng(0)
    >>> reference, text = rng.normal(size=(60, 4)), rng.normal(size=(60, 2))
    >>> pairs = Whitening.fit(reference, text).pairs(reference, reference, text)
    >>> pairs.told.shape, bool((pairs.told == pairs.true).all())
    ((60, 4), True)
    """

    response: NDArray[Any]
    text: NDArray[Any]
    told: Float
    true: Float


@dataclass(frozen=True, eq=False)
class Whitening:
    """Frozen map u(y, t) = (z_y - B' z_t - c) W of answer embeddings, given their question's embedding.

    B, c: ridge regression of references on their questions. W: inverse square root of the covariance of what that
    leaves, shrunk towards a multiple of the identity, in its principal axes. Fitted on clean references that are not
    among the tested ones.

    Attributes:
        slope: B, (d_t, d).
        intercept: c, (d,).
        whitener: W, (d, d); column k is a principal direction over its standard deviation, widest first.
        m: reference answers that it was fitted on.
        penalty: of the ridge regression, on the scale of the covariance of the questions.
        shrinkage: share of the identity in the covariance, in (0, 1].
        explained: share of the variance of a held-out reference that its question gives away (leave-one-out).
        left_out: (m, d) predictions B' z_t + c of the fitted references, each made without its own cluster.
        rows: where each fitted pair of reference and question is in `left_out`.

    >>> rng = np.random.default_rng(0)
    >>> text = rng.normal(size=(60, 2))
    >>> reference = text @ np.ones((2, 4)) + rng.normal(size=(60, 4)) * [10, 1, 1, 1]
    >>> whitening = Whitening.fit(reference, text)
    >>> bool(np.ptp(whitening.transform(reference, text).std(axis=0)) < 0.3)  # no direction is ten times wider any more
    True
    """

    slope: Float
    intercept: Float
    whitener: Float
    m: int
    penalty: float
    shrinkage: float
    explained: float
    left_out: Float = field(repr=False)
    rows: Mapping[bytes, int] = field(default_factory=dict, repr=False)

    @classmethod
    def fit(
        cls,
        reference: ArrayLike,
        text: ArrayLike,
        *,
        clusters: Clusters = None,
        penalty: float | None = None,
        shrinkage: float | None = None,
        seed: int = 0,
    ) -> Whitening:
        """Fits on m clean pairs of reference and question.

        Args:
            reference: (m, d) embeddings of reference answers.
            text: (m, d_t) embeddings of their questions.
            clusters: (m,) labels; pairs of one cluster are left out together.
            penalty: of the ridge regression, as a multiple of the mean eigenvalue of the covariance of the
                questions; None chooses the one with the smallest leave-one-out error.
            shrinkage: in (0, 1]; None chooses the one with the largest held-out Gaussian likelihood in five folds.
            seed: of the folds.

        Raises:
            EstimationError: fewer than 20 pairs, not finite, a reference of zeros, identical references or such as
                differ by rounding only, or an option out of range.
        """
        y = as_matrix("reference", reference, min_rows=FEWEST, nonzero_rows=True)
        t = as_matrix("text", text, rows=len(y))
        require_varied("reference", y)
        spread = float(np.ptp(y, axis=0).max())
        if spread < SMALLEST:
            raise EstimationError(
                f"reference: the values differ by at most {spread:.3g}, which rounding drowns. Scale the embeddings, "
                "to rows of length 1 for example."
            )
        if penalty is not None and not penalty > 0.0:
            raise EstimationError(f"penalty: {penalty} is not above 0.")
        if shrinkage is not None and not 0.0 < shrinkage <= 1.0:
            raise EstimationError(f"shrinkage: {shrinkage} is not in (0, 1].")
        slope, intercept, residual, chosen = _ridge(y, t, as_clusters(clusters, len(y)), penalty)
        explained = 1.0 - float((residual**2).sum() / ((y - y.mean(axis=0)) ** 2).sum())
        # Below this the question gives the answer away, and what is left is rounding.
        if float((residual**2).sum()) <= 1e-20 * float((y**2).sum()):
            raise EstimationError(
                "reference: the question determines every reference, so nothing is left for an answer to tell. "
                "Use questions whose answers depend on the picture."
            )
        share = _best_shrinkage(residual, seed) if shrinkage is None else float(shrinkage)
        covariance = residual.T @ residual / len(residual)
        level, basis = np.linalg.eigh(covariance)
        shrunk = (1.0 - share) * np.maximum(level, 0.0) + share * float(level.mean())
        whitener = np.ascontiguousarray((basis / np.sqrt(shrunk))[:, ::-1])
        rows = {_key(reference_row, text_row): i for i, (reference_row, text_row) in enumerate(zip(y, t, strict=True))}
        return cls(slope, intercept, whitener, len(y), chosen, share, explained, y - residual, rows)

    @property
    def dimension(self) -> int:
        """Columns of the answers."""
        return int(self.whitener.shape[0])

    @property
    def dimension_text(self) -> int:
        """Columns of the questions."""
        return int(self.slope.shape[0])

    def transform(self, answer: ArrayLike, text: ArrayLike, name: str = "answer") -> Float:
        """(n, d) whitened residuals of n answers given their questions.

        Raises:
            EstimationError: not finite, an answer of zeros, or another number of rows or columns.
        """
        y = as_matrix(name, answer, columns=self.dimension, nonzero_rows=True)
        whitened: Float = (y - self._given(text, len(y))) @ self.whitener
        return whitened

    def _given(self, text: ArrayLike, rows: int) -> Float:
        """What the questions alone say about the answers, (n, d)."""
        t = as_matrix("text", text, rows=rows, columns=self.dimension_text)
        given: Float = t @ self.slope + self.intercept
        return given

    def pairs(self, response: ArrayLike, reference: ArrayLike, text: ArrayLike) -> Whitened:
        """n responses and their references, whitened given their questions: what every form of scores begins with.

        A pair that took part in the fit is treated as if its cluster had not: what the regression learned from a
        reference would otherwise be subtracted from the response to it, and agreement turn into disagreement.

        Raises:
            EstimationError: not finite, an answer of zeros, or another number of rows or columns.
        """
        answers = checked_matrix("response", response, columns=self.dimension, nonzero_rows=True)
        n = len(answers)
        y = checked_matrix("reference", reference, rows=n, columns=self.dimension, nonzero_rows=True)
        t = checked_matrix("text", text, rows=n, columns=self.dimension_text)
        true = np.empty((n, self.whitener.shape[1]))
        told = true if response is reference else np.empty_like(true)
        for block in blocks(n):  # a large set is not held in float64 more often than it must be
            asked, right = t[block].astype(np.float64), y[block].astype(np.float64)
            given = asked @ self.slope + self.intercept
            true[block] = (right - given) @ self.whitener
            if told is not true:
                told[block] = (answers[block] - given) @ self.whitener
            rows = np.array([self.rows.get(_key(*pair), -1) for pair in zip(right, asked, strict=True)], dtype=np.intp)
            here = np.flatnonzero(rows >= 0)
            if len(here):
                change = (given[here] - self.left_out[rows[here]]) @ self.whitener
                for side in (true,) if told is true else (told, true):
                    side[block.start + here] += change
        return Whitened(answers, t, told, true)

    def explains(self, reference: ArrayLike, text: ArrayLike) -> float:
        """Share of the variance of other references that the frozen regression explains from their questions.

        About `explained` where these are questions of the fitted kind, and far below it, also below 0, where they are
        not: in another language, say. A common offset of the references does not count.

        Raises:
            EstimationError: not finite, identical references, or another number of rows or columns.
        """
        y = as_matrix("reference", reference, columns=self.dimension, min_rows=2, nonzero_rows=True)
        t = as_matrix("text", text, rows=len(y), columns=self.dimension_text)
        require_varied("reference", y)
        rest = y - t @ self.slope
        return 1.0 - float(((rest - rest.mean(axis=0)) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum())


def _key(reference: Float, text: Float) -> bytes:
    return hashlib.sha256(reference.tobytes() + text.tobytes()).digest()


def _ridge(y: Float, t: Float, codes: NDArray[np.intp], penalty: float | None) -> tuple[Float, Float, Float, float]:
    """Slope, intercept, leave-one-cluster-out residuals and penalty of the ridge regression of y on t."""
    m = len(y)
    y_mean, t_mean = y.mean(axis=0), t.mean(axis=0)
    left, singular, right = np.linalg.svd(t - t_mean, full_matrices=False)
    kept = singular > 1e-10 * max(float(singular.max(initial=0.0)), 1e-90)
    left, singular, right = left[:, kept], singular[kept], right[kept]
    scale = float((singular**2).sum()) / m / t.shape[1]
    projected = left.T @ (y - y_mean)
    sizes = np.bincount(codes)
    alone = sizes[codes] == 1
    by_code = np.argsort(codes, kind="stable")
    # (groups, size) rows of the clusters of each size, which are solved together
    members = [by_code[sizes[codes[by_code]] == size].reshape(-1, size) for size in np.unique(sizes[sizes > 1])]

    def left_out(ridge: float, solve: Callable[[Float, Float], Float]) -> Float:
        shares = singular**2 / (singular**2 + ridge * m)
        rest: Float = y - y_mean - (left * shares) @ projected
        # Leaving rows out divides their residuals by what the fit would not have known of them: (I - H_gg)^-1 r_g.
        leverage = (left[alone] ** 2) @ shares + 1.0 / m
        rest[alone] /= np.maximum(1.0 - leverage, 1e-6)[:, None]
        for rows in members:
            basis = left[rows]
            unknown = np.eye(rows.shape[1]) - (basis * shares) @ basis.transpose(0, 2, 1) - 1.0 / m
            rest[rows] = solve(unknown, rest[rows])
        return rest

    if not len(singular):
        # A question that never varies gives nothing away.
        ridge = 0.0
    elif penalty is None:
        errors = [float((left_out(factor * scale, _at_once) ** 2).sum()) for factor in PENALTIES]
        ridge = float(PENALTIES[int(np.argmin(errors))]) * scale
    else:
        ridge = penalty * scale
    slope = (right.T * (singular / (singular**2 + ridge * m))) @ projected
    return slope, y_mean - t_mean @ slope, left_out(ridge, _one_by_one), ridge


def _one_by_one(unknown: Float, rest: Float) -> Float:
    """(g, k, k)^-1 (g, k, d), without what the matrices hold too little of."""
    return np.stack([np.linalg.lstsq(one, of, rcond=1e-9)[0] for one, of in zip(unknown, rest, strict=True)])


def _at_once(unknown: Float, rest: Float) -> Float:
    """The same but for rounding, and many times faster: what penalties are compared by."""
    solved: Float = np.linalg.pinv(unknown, rcond=1e-9, hermitian=True) @ rest
    return solved


def _best_shrinkage(residual: Float, seed: int) -> float:
    """The shrinkage under which held-out residuals are likeliest as centred Gaussians."""
    m, d = residual.shape
    fold = np.random.default_rng(seed).permutation(m) % FOLDS
    score = np.zeros(len(SHRINKAGES))
    for k in range(FOLDS):
        inside, outside = residual[fold != k], residual[fold == k]
        level, basis = np.linalg.eigh(inside.T @ inside / len(inside))
        square = ((outside @ basis) ** 2).mean(axis=0)
        for index, share in enumerate(SHRINKAGES):
            shrunk = (1.0 - share) * np.maximum(level, 0.0) + share * float(level.mean())
            score[index] -= float((np.log(shrunk) + square / shrunk).sum()) / d
    return float(SHRINKAGES[int(np.argmax(score))])
