"""Divergences between two paired sets of rows, as differentiable functions: what terms are made of.

All take two matrices of n rows and are 0 where both are the same. `rjsd`, `mean_match` and `coral` compare the sets and
do not see the order of the rows; `cosine` compares row with row.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from pytest_emid.information.divergence.differentiable import rjsd

__all__ = ["coral", "cosine", "marginal_js", "mean_match", "rjsd", "smooth_root", "token_js", "token_kl", "unit"]

TINY = 1e-30


def unit(rows: torch.Tensor) -> torch.Tensor:
    """Rows of length 1, in float64: differences of nearly equal rows are what is looked for. Zeros stay, with no slope.

    >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    rows = rows.double()
    nothing = (rows.detach() == 0).all(dim=1, keepdim=True)
    length = torch.linalg.vector_norm(rows.masked_fill(nothing, 1.0), dim=1, keepdim=True)
    scaled: torch.Tensor = (rows / length).masked_fill(nothing, 0.0)
    return scaled


def mean_match(clean: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """Squared distance of the means: the maximum mean discrepancy with a linear kernel (Gretton et al., 2012)."""
    return (clean.mean(0) - shifted.mean(0)).square().sum()


def coral(clean: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """Squared Frobenius distance of the covariances (Sun and Saenko, 2016), of which n = 1 has none: 0."""
    return (_covariance(clean) - _covariance(shifted)).square().sum()


def cosine(clean: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """Mean of 1 - cosine between the two views of a sample, of rows of length 1; the clean view is the goal.

    Computed as half the squared distance, which is exactly 0 for the same rows.
    """
    return (clean.detach() - shifted).square().sum(1).mean() / 2


def token_js(clean: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """Jensen-Shannon divergence of each row's two distributions, t values in nats, from t x V log-probabilities."""
    gap = shifted - clean
    zero = functional.softplus(torch.zeros_like(gap[:1, :1]))  # ln 2, rounded as below: equal rows give 0 exactly
    own = clean.exp() * (zero - functional.softplus(gap))
    other = shifted.exp() * (zero - functional.softplus(-gap))
    return (own + other).sum(1) / 2


def token_kl(clean: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """KL(clean || shifted) of each row, t values in nats; the clean view is the goal and gets no gradient."""
    goal = clean.detach()
    return (goal.exp() * (goal - shifted)).sum(1)


def marginal_js(clean: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """Jensen-Shannon divergence, in nats, of the mean distributions of two sets of n x V probabilities."""
    p, q = clean.double().mean(0), shifted.double().mean(0)
    mixture = (p + q) / 2
    return (_relative(p, mixture) + _relative(q, mixture)) / 2


def smooth_root(value: torch.Tensor, order: int, softening: float) -> torch.Tensor:
    """A root that is 0 at 0 with a slope that stays finite: (v + s)^(1/order) - s^(1/order).

    The bound takes roots of divergences, and the slope of a root at 0 has no limit: without this, views that agree
    would be pushed about hardest.

    >>> smooth_root(torch.zeros((), dtype=torch.float64), 2, 1e-3).item()
    0.0
    """
    root: torch.Tensor = (value + softening) ** (1 / order) - softening ** (1 / order)
    return root


def _covariance(rows: torch.Tensor) -> torch.Tensor:
    centred = rows - rows.mean(0)
    return centred.T @ centred / len(rows)


def _relative(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return (p * (p.clamp_min(TINY).log() - q.clamp_min(TINY).log())).sum()
