"""H(P_theta(.|x)): how random a model's answers are, given the query: known exactly, sampled, or 0 by construction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_matrix, as_vector
from pytest_emid.information.theory.quantities import distribution, entropy

__all__ = ["AnswerEntropy", "EntropyScale", "EntropySource", "entropy_scale_over"]

Float = NDArray[np.float64]

UNSEEN: Final = 1e-3
"""Most probability of answers that were not drawn, at which entropies still count as exact."""


class EntropySource(StrEnum):
    """How the entropy of the answers, given the query, is known.

    >>> AnswerEntropy.given([0.1, 0.2]).source.value
    'given'
    """

    GREEDY = "greedy"
    """Zero: greedy decoding makes the answer a function of the query."""
    SCORES = "scores"
    """Exact: from the model's probability of every answer."""
    PATHS = "paths"
    """Monte Carlo: entropies of the steps that drawn answers took, summed; unbiased for each query."""
    SAMPLES = "samples"
    """Plug-in over k sampled answers per query: biased downwards by about (classes seen - 1) / 2k nats."""
    GIVEN = "given"
    """Stated by the caller."""


@dataclass(frozen=True, slots=True)
class AnswerEntropy:
    """H(P_theta(.|x_i)) of each query, in nats.

    Attributes:
        values: (n,) nats, at least 0.
        source: how they are known.

    >>> AnswerEntropy.greedy(2).values
    array([0., 0.])
    >>> AnswerEntropy.from_samples([[0, 0], [0, 1]]).values.round(4)
    array([0.    , 0.6931])
    >>> AnswerEntropy.from_probabilities([[0.5, 0.5], [1.0, 0.0]]).values.round(4)
    array([0.6931, 0.    ])
    """

    values: Float
    source: EntropySource

    @classmethod
    def greedy(cls, n: int) -> AnswerEntropy:
        """Zero for each of n queries: the answers are a function of the query (greedy decoding)."""
        return cls(np.zeros(n), EntropySource.GREEDY)

    @classmethod
    def from_probabilities(cls, probabilities: ArrayLike) -> AnswerEntropy:
        """Exact, from the model's probability of each of M answers (multiple choice, labels), (n, M).

        Raises:
            EstimationError: a row that is not a distribution; the message names it.
        """
        table = distribution("probabilities", as_matrix("probabilities", probabilities))
        return cls(entropy(table), EntropySource.SCORES)

    @classmethod
    def from_drawn(cls, answers: ArrayLike, log_probabilities: ArrayLike) -> AnswerEntropy:
        """From k drawn answers per query and the model's log-probability of each, for answers that are short.

        Exact where the answers that were drawn hold all the probability. What is left, r, counts as one more answer,
        so that the entropy is at most too small, by r times the entropy of the answers that were not drawn.

        Args:
            answers: (n, k) integers; equal ones in a row are the same answer.
            log_probabilities: (n, k) nats, at most 0: log P_theta(answer | x).

        Raises:
            EstimationError: shapes that differ, or a query of which the drawn answers hold less than 1 - `UNSEEN` of
                the probability, or more than all of it; the message names the worst.
        """
        codes, logs = _codes(answers), as_matrix("log_probabilities", log_probabilities)
        if logs.shape != codes.shape:
            raise EstimationError(f"log_probabilities: shape {logs.shape} for answers of shape {codes.shape}.")
        values, held = np.empty(len(codes)), np.empty(len(codes))
        for i, (row, told) in enumerate(zip(codes, logs, strict=True)):
            masses = np.exp(told[np.unique(row, return_index=True)[1]])
            held[i] = masses.sum()
            values[i] = entropy(np.append(masses, max(1.0 - held[i], 0.0)) / max(held[i], 1.0))
        if (np.abs(1.0 - held) > UNSEEN).any():
            worst = int(np.abs(1.0 - held).argmax())
            advice = "Draw more, or use `from_paths`." if held[worst] < 1.0 else "They belong to other answers."
            raise EstimationError(
                f"log_probabilities: the drawn answers to query {worst} hold {held[worst]:.4g} of the probability; "
                f"it must be 1 within {UNSEEN:g}. {advice}"
            )
        return cls(values, EntropySource.SCORES)

    @classmethod
    def from_paths(cls, path_entropies: ArrayLike) -> AnswerEntropy:
        """Means over k drawn answers per query of the summed entropies of their steps, (n, k) or (n,) nats.

        Unbiased for each query, by the chain rule H(Y|x) = E sum_t H(Y_t | x, Y_1..Y_t-1). A maximum over queries
        then errs upwards.

        Raises:
            EstimationError: not finite, or negative.
        """
        table = np.asarray(path_entropies, dtype=np.float64)
        matrix = as_matrix("path_entropies", table[:, None] if table.ndim == 1 else table)
        if (matrix < 0).any():
            raise EstimationError(f"path_entropies: entropy {matrix.min():g} is negative.")
        return cls(matrix.mean(axis=1), EntropySource.PATHS)

    @classmethod
    def from_samples(cls, classes: ArrayLike) -> AnswerEntropy:
        """Plug-in entropy of the classes of k sampled answers per query, (n, k) integers.

        The plug-in is biased downwards, by about (classes seen - 1) / 2k nats; k = 1 says nothing.

        Raises:
            EstimationError: not an integer matrix, or fewer than two answers per query.
        """
        table = _codes(classes)
        n, k = table.shape
        if k < 2:
            raise EstimationError(f"classes: {k} answer per query says nothing about its spread. Sample at least 2.")
        ordered = np.sort(table, axis=1)
        # Each run of equal classes, of length c, contributes c log c; H = log k - sum c log c / k.
        starts = np.concatenate([np.ones((n, 1), dtype=bool), ordered[:, 1:] != ordered[:, :-1]], axis=1)
        runs = np.diff(np.append(np.flatnonzero(starts.ravel()), n * k))
        rows = np.flatnonzero(starts.ravel()) // k
        return cls(
            np.maximum(np.log(k) - np.bincount(rows, runs * np.log(runs), minlength=n) / k, 0.0), EntropySource.SAMPLES
        )

    @classmethod
    def given(cls, values: ArrayLike) -> AnswerEntropy:
        """Stated by the caller, (n,) nats.

        Raises:
            EstimationError: not finite, or negative.
        """
        vector = as_vector("values", values)
        if (vector < 0).any():
            raise EstimationError(f"values: entropy {vector.min():g} is negative. Differential entropies do not serve.")
        return cls(vector, EntropySource.GIVEN)


@dataclass(frozen=True, slots=True)
class EntropyScale:
    """H = max_x [H(Q_{Y|x}) + H(P_theta(.|x))], the factor of the input terms in the published bound, in nats.

    Attributes:
        value: nats; a maximum over the queries seen, hence a lower estimate of the maximum over all queries.
        source: how the entropies behind it are known.

    >>> entropy_scale_over(AnswerEntropy.greedy(3))
    EntropyScale(value=0.0, source=<EntropySource.GREEDY: 'greedy'>)
    """

    value: float
    source: EntropySource


def entropy_scale_over(answers: AnswerEntropy, references: ArrayLike | None = None) -> EntropyScale:
    """The entropy scale over the queries at hand.

    Args:
        answers: H(P_theta(.|x)) of every query, clean and shifted ones together.
        references: H(Q_{Y|x}) of the same queries, (n,) nats; None where each query has one reference (0 nats).

    Raises:
        EstimationError: another length, not finite, or negative.

    >>> entropy_scale_over(AnswerEntropy.given([0.1, 0.7])).value
    0.7
    >>> entropy_scale_over(AnswerEntropy.given([0.1, 0.7]), [0.9, 0.1]).value
    1.0
    """
    total = answers.values
    if references is not None:
        total = total + as_vector("references", references, rows=len(total))
        if np.min(references) < 0:
            raise EstimationError(f"references: entropy {np.min(references):g} is negative.")
    return EntropyScale(float(total.max()), answers.source)


def _codes(values: ArrayLike) -> NDArray[np.integer[Any]]:
    table = np.asarray(values)
    if table.ndim != 2 or table.dtype.kind not in "iu":
        raise EstimationError(
            f"classes: expected an integer matrix, one row of k answers a query, got {table.dtype} of shape "
            f"{table.shape}."
        )
    return table
