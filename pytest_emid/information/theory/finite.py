"""Two query distributions P and Q, a model and the truth, written down as tables: EMI and EMID follow exactly.

Nothing is estimated here. What EMID and the bounds on it (`finite_bounds`) are made of is in `quantities`; its names
are found here too.

Source: Oh, Fang, Im, Du and Li (2025), "Understanding multimodal LLMs under distribution shifts: an
information-theoretic approach", arXiv 2502.00577. Definitions are as restated in public summaries and code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.theory.quantities import (
    conditional_entropy,
    distribution,
    emi,
    entropy,
    fannes_audenaert,
    jensen_shannon,
    kullback_leibler,
    log_preference,
    mutual_information,
    numbers,
    total_variation,
    tv_from_js,
)

__all__ = [
    "FiniteInstance",
    "conditional_entropy",
    "distribution",
    "emi",
    "entropy",
    "fannes_audenaert",
    "jensen_shannon",
    "kullback_leibler",
    "log_preference",
    "mutual_information",
    "total_variation",
    "tv_from_js",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FiniteInstance:
    """Two query distributions, a model and the truth, on finite alphabets.

    Queries are pairs x = (x_v, x_t) when `p_x` is a grid (A, B); a flat `p_x` (N,) stands for queries whose image and
    text determine each other (X_v = X_t = X). Tables of answers have one row a query, (N, M) with N = A B, or
    (A, B, M).

    Attributes:
        p_x: P_X, in distribution, (N,) or (A, B).
        q_x: Q_X, shifted, of the same shape.
        model: P_theta(.|x), (N, M).
        p_y: P_{Y|x}, (N, M).
        q_y: Q_{Y|x}, (N, M); None where the shift leaves Y|X alone.

    Raises:
        EstimationError: anything that is not a distribution (the row is named), or shapes that do not fit.

    >>> blur = FiniteInstance(p_x=[0.5, 0.5], q_x=[0.9, 0.1], model=[[1, 0], [0, 1]], p_y=[[1, 0], [0, 1]])
    >>> blur.emid  # the model equals the truth
    0.0
    """

    p_x: Float
    q_x: Float
    model: Float
    p_y: Float
    q_y: Float | None = None

    def __post_init__(self) -> None:
        p_x, q_x = _query("p_x", self.p_x), _query("q_x", self.q_x)
        if p_x.shape != q_x.shape:
            raise EstimationError(f"p_x has shape {p_x.shape} and q_x {q_x.shape}: they live on the same queries.")
        tables = {"model": self.model, "p_y": self.p_y}
        if self.q_y is not None:
            tables["q_y"] = self.q_y
        rows = {name: _answers(name, table, p_x.shape) for name, table in tables.items()}
        letters = rows["model"].shape[1]
        for name, table in rows.items():
            if table.shape[1] != letters:
                raise EstimationError(
                    f"{name} has {table.shape[1]} answers and model {letters}: they share one alphabet. "
                    "Add columns of zeros for answers that never occur."
                )
        for name, array in {"p_x": p_x, "q_x": q_x, **rows}.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def letters(self) -> int:
        """M, the number of answers."""
        return int(self.model.shape[1])

    @property
    def p(self) -> Float:
        """P_X over all N queries, flat."""
        return self.p_x.ravel()

    @property
    def q(self) -> Float:
        """Q_X over all N queries, flat."""
        return self.q_x.ravel()

    @property
    def shifted_truth(self) -> Float:
        """Q_{Y|x}, (N, M); P_{Y|x} itself where the shift leaves Y|X alone."""
        return self.p_y if self.q_y is None else self.q_y

    @property
    def support(self) -> NDArray[np.bool_]:
        """Queries that can occur at all, in P or in Q, (N,)."""
        return np.asarray(self.p + self.q > 0)

    @property
    def emi_p(self) -> float:
        """EMI in distribution, in nats."""
        return emi(self.p, self.model, self.p_y)

    @property
    def emi_q(self) -> float:
        """EMI under the shift, in nats."""
        return emi(self.q, self.model, self.shifted_truth)

    @property
    def emid(self) -> float:
        """EMID = EMI(P) - EMI(Q) in nats: positive when effective information is lost."""
        return self.emi_p - self.emi_q

    @property
    def answers(self) -> tuple[Float, Float, Float, Float]:
        """Marginals of the answers: model and truth under P, model and truth under Q, (M,) each."""
        return self.p @ self.model, self.p @ self.p_y, self.q @ self.model, self.q @ self.shifted_truth

    @property
    def image_marginals(self) -> tuple[Float, Float]:
        """P and Q of X_v."""
        return (self.p, self.q) if self.p_x.ndim == 1 else (self.p_x.sum(axis=1), self.q_x.sum(axis=1))

    @property
    def text_marginals(self) -> tuple[Float, Float]:
        """P and Q of X_t."""
        return (self.p, self.q) if self.p_x.ndim == 1 else (self.p_x.sum(axis=0), self.q_x.sum(axis=0))

    def swapped(self) -> FiniteInstance:
        """The same with P and Q exchanged; its EMID is the negative of this one's."""
        return FiniteInstance(
            self.q_x, self.p_x, self.model, self.shifted_truth, self.p_y if self.q_y is not None else None
        )


def _query(name: str, table: ArrayLike) -> Float:
    array = numbers(name, table)
    if array.ndim not in (1, 2) or array.size == 0:
        raise EstimationError(f"{name}: expected queries (N,) or a grid (A, B), got an array of shape {array.shape}.")
    return distribution(name, array.ravel()).reshape(array.shape)


def _answers(name: str, table: ArrayLike, queries: tuple[int, ...]) -> Float:
    array = numbers(name, table)
    count = math.prod(queries)
    if array.ndim == len(queries) + 1 and array.shape[:-1] == queries:
        array = array.reshape(count, array.shape[-1])
    if array.ndim != 2 or array.shape[0] != count:
        raise EstimationError(
            f"{name}: expected one row of answers for each of {count} queries, got an array of shape {array.shape}."
        )
    return distribution(name, array)
