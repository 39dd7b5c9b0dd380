"""The bound's divergences between what a model makes of clean and of shifted samples, as a loss to train with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import nn

from pytest_emid.errors import EstimationError
from pytest_emid.training.gathering import everyones
from pytest_emid.training.states import States
from pytest_emid.training.terms import TERMS, recipe

__all__ = ["EmidRegulariser", "Regularised"]

SOFTENING = 1e-3
"""Nats below which the roots of the bound are flattened."""


class Regularised(NamedTuple):
    """What a regulariser found.

    Attributes:
        loss: the weighted sum of the terms times the regulariser's scale, a scalar to be added to the loss.
        terms: every term's own value, without weight and scale, and without a gradient.

    Example:
        >>> found = Regularised(torch.tensor(0.5), {"rjsd_visual": torch.tensor(0.05)})
        >>> found.loss.item()
        0.5
    """

    loss: torch.Tensor
    terms: dict[str, torch.Tensor]


class EmidRegulariser(nn.Module):
    """Terms between the clean and the shifted view of the same samples, weighted and added.

    The bound on EMID adds roots of divergences: of pictures, of questions, and of answers from references. Inputs
    themselves have no gradient to a model, so these terms are of the model's own states. Has no parameters.

    Divergences of whole sets are biased upwards in small batches. With both views of the *same* samples the bias is
    below .004 nats from 8 pairs on; with different samples on the two sides most of the value is bias.

    Args:
        weights: the weight of each term of `TERMS`, or the name of one of `RECIPES`.
        pairs: how many pairs a divergence is computed of. A batch is cut into parts of so many and the mean over parts
            is taken: memory and time stay bounded, and accumulating gradients over batches of so many pairs gives the
            same loss as one large batch. None takes each batch as a whole.
        gather: whether under torch.distributed the pairs of all processes count as one batch. False takes each
            process's own, and gradients are averaged as those of any other loss.
        softening: nats below which roots are flattened; see `divergences.smooth_root`.

    Attributes:
        scale: all weights are multiplied by it; a schedule changes it.

    Raises:
        EstimationError: an unknown term or recipe, a weight that is negative or no number, or `pairs` below 1.

    Example:
        >>> clean = torch.eye(4)
        >>> shifted = (clean + 0.5).requires_grad_()
        >>> regulariser = EmidRegulariser({"rjsd_visual": 10.0})
        >>> found = regulariser(States(visual=clean), States(visual=shifted))
        >>> round(found.terms["rjsd_visual"].item(), 3), round(found.loss.item(), 2)
        (0.131, 1.31)
        >>> found.loss.backward()
    """

    def __init__(
        self,
        weights: Mapping[str, float] | str = "rjsd",
        *,
        pairs: int | None = None,
        gather: bool = True,
        softening: float = SOFTENING,
    ) -> None:
        super().__init__()
        self.weights = recipe(weights) if isinstance(weights, str) else dict(weights)
        for name, weight in self.weights.items():
            if name not in TERMS:
                raise EstimationError(f"there is no term {name!r}. Terms: {', '.join(TERMS)}.")
            if not 0 <= weight < math.inf:
                raise EstimationError(f"the weight of {name} is {weight!r}; give a number from 0.")
        if pairs is not None and pairs < 1:
            raise EstimationError(f"pairs is {pairs!r}; give at least 1, or None for whole batches.")
        if not 0 < softening < math.inf:
            raise EstimationError(f"softening is {softening!r}; give a number of nats above 0.")
        self.pairs, self.gather, self.softening = pairs, gather, softening
        self.scale = 1.0

    def extra_repr(self) -> str:
        return f"{self.weights}, pairs={self.pairs}, scale={self.scale:g}"

    def forward(self, clean: States, shifted: States) -> Regularised:
        """The terms of two views of a batch: row i of both is sample i.

        Raises:
            EstimationError: a term compares what the views do not have, views of different numbers of samples, states
                that are not finite, or a view of zeros only.
        """
        total: torch.Tensor | None = None
        terms = {}
        for name, weight in self.weights.items():
            value = self._value(name, clean, shifted)
            terms[name] = value.detach()
            part = self.scale * weight * value
            total = part if total is None else total + part
        return Regularised(torch.zeros(()) if total is None else total, terms)

    def _value(self, name: str, clean: States, shifted: States) -> torch.Tensor:
        term = TERMS[name]
        first, second = term.rows(clean, shifted)
        if self.gather:
            first, second = everyones(first), everyones(second)
        size = self.pairs or len(first)
        parts = zip(torch.split(first, size), torch.split(second, size), strict=True)
        values = [len(p) * term.value(p, q, self.softening) for p, q in parts]
        return torch.stack(values).sum() / len(first)
