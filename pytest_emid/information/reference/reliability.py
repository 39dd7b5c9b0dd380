"""Which directions of the answer space clean answers get right: the weights of the direct form.

Whitening makes all directions of the references equally wide, also those that hold nothing but the encoder's noise.
A direction in which clean answers and references do not agree carries no information that a shift could destroy, and
only adds noise to a comparison. Its weight is therefore the squared correlation, over clean samples, of response and
reference along it: the reliability of the direction in the sense of a noisy measurement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError

__all__ = ["Reliability"]

Float = NDArray[np.float64]

# The widest directions have a correlation each; narrower ones share theirs in groups that double in size. More single
# ones see a little more, and make the intervals at n = 60 too short: the noise of the weights is not in them.
SINGLE = 8
# An answer that follows the reference in no direction leaves nothing to compare; this keeps its scores at chance.
FLOOR = 1e-6


@dataclass(frozen=True)
class Reliability:
    """Weights of d directions, cross-fitted: no sample takes part in the weights that it is scored with.

    Attributes:
        weights: (folds, d), squared correlations in (0, 1]; row k is fitted without the samples of fold k.
        fold: (n,) fold of each sample; None where one row of weights serves all.
        whole: (d,), fitted on all samples.
        exact: share of the clean answers that are exactly their references.

    >>> told = np.random.default_rng(0).normal(size=(40, 2))
    >>> true = told * [1.0, -1.0]  # right in one direction, wrong in the other
    >>> Reliability.fit(told, true, np.arange(40)).whole.round(3).tolist()
    [1.0, 0.0]
    """

    weights: Float
    fold: NDArray[np.intp] | None
    whole: Float
    exact: float = 0.0

    @classmethod
    def fit(
        cls,
        told: Float,
        true: Float,
        codes: NDArray[np.intp],
        *,
        folds: int = 5,
        seed: int = 0,
        exact: float = 0.0,
    ) -> Reliability:
        """From n whitened and centred responses and references of the clean set, both (n, d).

        Clusters (integer codes) are dealt to folds whole; there are at most as many folds as clusters.

        Raises:
            EstimationError: shapes that differ, fewer than two folds or clusters.
        """
        if told.shape != true.shape:
            raise EstimationError(f"reliability: responses have shape {told.shape} and references {true.shape}.")
        groups = int(codes.max()) + 1
        if folds < 2 or groups < 2:
            raise EstimationError(
                f"reliability: {folds} folds of {groups} clusters cannot be cross-fitted. Use two or more of each."
            )
        folds = min(folds, groups)
        fold = (np.random.default_rng(seed).permutation(groups) % folds)[codes].astype(np.intp)
        # Sums over samples are all that a correlation needs, and what a fold adds to them can be taken away again.
        sums = np.stack(
            [
                np.stack([(told[i] * true[i]).sum(axis=0), (told[i] ** 2).sum(axis=0), (true[i] ** 2).sum(axis=0)])
                for i in (fold == k for k in range(folds))
            ]
        )
        total = sums.sum(axis=0)
        return cls(_weights(total - sums), fold, _weights(total[None])[0], exact)

    def unpaired(self) -> Reliability:
        """The same, for samples that took no part in it."""
        return Reliability(self.whole[None], None, self.whole, self.exact)


def _weights(sums: Float) -> Float:
    """(k, d) weights from (k, 3, d) sums of told x true, told^2, true^2."""
    d = sums.shape[2]
    starts = list(range(min(SINGLE, d)))
    width = SINGLE
    while width < d:
        starts.append(width)
        width *= 2
    pooled = np.add.reduceat(sums, starts, axis=2)
    scale = np.sqrt(pooled[:, 1] * pooled[:, 2])
    correlation = np.divide(pooled[:, 0], scale, out=np.zeros_like(scale), where=scale > 0.0)
    squared = np.maximum(np.clip(correlation, 0.0, 1.0) ** 2, FLOOR)
    counts = np.diff([*starts, d])
    weights: Float = np.repeat(squared, counts, axis=1)
    return weights
