"""Several answers to each query of a model that draws them: how random its answers are, given the query."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy
from pytest_emid.models.base import Response

__all__ = ["answer_entropy", "class_entropy"]

Labels = NDArray[np.intp]


def answer_entropy(draws: Sequence[Sequence[Response]]) -> AnswerEntropy | None:
    """H(P_theta(.|x)) of every query, from the best of what the responses tell; None where they tell nothing.

    - greedy: every entropy is 0.
    - exact: the drawn answers, with their probabilities, hold all but a trace of the probability.
    - Monte Carlo along paths: every response has the entropies of its steps.
    - given: every response has an entropy.
    - Monte Carlo over draws: two or more answers to each query, biased downwards.

    Args:
        draws: one sequence of n responses for each draw, in the order of the queries.
    """
    told = [[response.entropy for response in answers] for answers in draws]
    if not any(entropy is None or entropy for answers in told for entropy in answers):
        return AnswerEntropy.greedy(len(told[0]))
    texts = _codes([[response.text for response in answers] for answers in draws])
    exact = _exact(texts, texts, draws)
    if exact is not None:
        return exact
    if not any(entropy is None for answers in told for entropy in answers):
        table = np.array(told, dtype=np.float64).T
        if all(r.scores is not None and r.scores.exact for answers in draws for r in answers):
            return AnswerEntropy.from_paths(table)
        return AnswerEntropy.given(table.mean(axis=1))
    return AnswerEntropy.from_samples(texts) if len(draws) > 1 else None


def class_entropy(classes: Labels, draws: Sequence[Sequence[Response]]) -> AnswerEntropy:
    """H of the answer's class, given the query: exact where the drawn answers hold all, else plug-in over the draws.

    Args:
        classes: (n, k) class of each of k >= 2 draws.
        draws: k sequences of n responses.

    Raises:
        EstimationError: one draw only.
    """
    exact = _exact(classes, _codes([[response.text for response in answers] for answers in draws]), draws)
    return AnswerEntropy.from_samples(classes) if exact is None else exact


def _exact(classes: Labels, texts: Labels, draws: Sequence[Sequence[Response]]) -> AnswerEntropy | None:
    """From probabilities of the drawn answers; equal texts are one answer, though their tokens may differ."""
    logs = np.array([[_log_probability(response) for response in answers] for answers in draws]).T
    if np.isnan(logs).any():
        return None
    mass = np.empty_like(logs)
    for i, row in enumerate(classes):
        first = np.unique(texts[i], return_index=True)[1]
        held = np.bincount(row[first], np.exp(logs[i, first]), minlength=int(row.max()) + 1)
        with np.errstate(divide="ignore"):
            mass[i] = np.log(held[row])
    try:
        return AnswerEntropy.from_drawn(classes, mass)
    except EstimationError:
        return None


def _log_probability(response: Response) -> float:
    """log P_theta(answer | x), NaN where it is not known exactly."""
    scores = response.scores
    return scores.log_probability if scores is not None and scores.exact else math.nan


def _codes(texts: Sequence[Sequence[str]]) -> Labels:
    """Equal texts get equal integers; (n, k) of k sequences of n texts."""
    codes: dict[str, int] = {}
    return np.array([[codes.setdefault(text, len(codes)) for text in answers] for answers in texts], np.intp).T
