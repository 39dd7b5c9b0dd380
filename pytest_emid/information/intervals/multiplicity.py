"""Adjusted p-values when one run tests many scenarios."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError

__all__ = ["benjamini_hochberg", "holm"]


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjustment: rejecting where the result is <= a keeps P(any false rejection) <= a.

    Valid under any dependence between the tests. Shape (k,), same order as given, each in [0, 1].

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".

    Raises:
        EstimationError: a value is not a probability.

    >>> holm([0.01, 0.5, 0.02]).round(4)
    array([0.03, 0.5 , 0.04])
    """
    values = _probabilities(p)
    count = len(values)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(count, 0, -1))
    return _back(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Benjamini and Hochberg's adjustment: rejecting where the result is <= a keeps the false discovery rate <= a.

    Valid for independent or positively dependent tests. Shape (k,), same order as given, each in [0, 1].

    Source: Benjamini and Hochberg (1995), "Controlling the false discovery rate".

    Raises:
        EstimationError: a value is not a probability.

    >>> benjamini_hochberg([0.01, 0.5, 0.02]).round(4)
    array([0.03, 0.5 , 0.03])
    """
    values = _probabilities(p)
    count = len(values)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * count / np.arange(1, count + 1)
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _back(np.minimum(stepped, 1.0), order)


def _back(stepped: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    result = np.empty_like(stepped)
    result[order] = stepped
    return result


def _probabilities(p: ArrayLike) -> NDArray[np.float64]:
    try:
        values = np.asarray(p, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EstimationError("p: expected one p-value per test, got something that is no list of numbers.") from error
    if values.ndim != 1:
        raise EstimationError(f"p: expected one p-value per test, got an array of shape {values.shape}.")
    bad = np.flatnonzero(~((values >= 0.0) & (values <= 1.0)))
    if len(bad):
        raise EstimationError(f"p: the value at position {bad[0]} is {values[bad[0]]}, not a probability.")
    return values
