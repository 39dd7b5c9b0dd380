"""The divergence as a differentiable torch function, for training; values equal those of `divergence.rjsd`.

Only eigenvalues enter, so gradients exist at repeated eigenvalues too. Where an eigenvalue is 0 the slope of
-lambda log lambda is infinite, but the gradient with respect to the embeddings is not: the logarithm is cut off below
`EPSILON` times the trace, which leaves that gradient right.
"""

from __future__ import annotations

import math

import torch

from pytest_emid.errors import EstimationError

__all__ = ["rjsd", "von_neumann_entropy"]

EPSILON = 1e-14


def von_neumann_entropy(matrix: torch.Tensor) -> torch.Tensor:
    """-sum lambda log lambda of a symmetric positive matrix scaled to trace 1, in nats; differentiable once.

    Args:
        matrix: k x k, symmetric, positive semi-definite up to rounding, with a positive trace.

    >>> round(von_neumann_entropy(torch.eye(4, dtype=torch.float64)).item(), 4), round(math.log(4), 4)
    (1.3863, 1.3863)
    """
    values: torch.Tensor = torch.linalg.eigvalsh(matrix / matrix.trace())
    return -(values * values.clamp_min(EPSILON).log()).sum()


def rjsd(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Representation Jensen-Shannon divergence with equal weights, in nats; see `divergence.rjsd.rjsd`.

    Computed in float64 on the tensors' device, on the smaller of d x d and (n + m) x (n + m). Not clamped at 0, where
    a clamp would stop the gradient: identical sets may read -1e-16.

    Args:
        p: n x d embeddings.
        q: m x d embeddings.

    Returns:
        A scalar of p's dtype.

    Raises:
        EstimationError: not two matrices of real numbers of one width with at least one row each, a NaN or infinite
            value, or a set of zeros.

    >>> p, q = torch.eye(4)[:2], torch.eye(4)[2:].requires_grad_()
    >>> divergence = rjsd(p, q)
    >>> divergence.backward()
    >>> round(divergence.item(), 4), q.grad.shape
    (0.6931, torch.Size([2, 4]))
    """
    first, second = _pair(p, q)
    first, second = (_of_length_one(name, rows) for name, rows in (("p", first), ("q", second)))
    own = (von_neumann_entropy(_second_moment(first)) + von_neumann_entropy(_second_moment(second))) / 2
    mixture = torch.cat([first, second]) / math.sqrt(2)
    return (von_neumann_entropy(_second_moment(mixture)) - own).to(p.dtype)


def _of_length_one(name: str, rows: torch.Tensor) -> torch.Tensor:
    length = rows.norm()
    size = float(length.detach())
    if not 0.0 < size < math.inf:
        raise EstimationError(f"{name}: rows of length {size:g} in all, which are no embeddings.")
    scaled: torch.Tensor = rows / length
    return scaled


def _second_moment(rows: torch.Tensor) -> torch.Tensor:
    return rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows


def _pair(p: torch.Tensor, q: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    if p.ndim != 2 or q.ndim != 2 or p.shape[1] != q.shape[1] or not len(p) or not len(q):
        raise EstimationError(
            f"expected two matrices with the same number of columns and at least one row each, got shapes "
            f"{tuple(p.shape)} and {tuple(q.shape)}."
        )
    for name, rows in (("p", p), ("q", q)):
        if rows.is_complex():
            raise EstimationError(f"{name}: expected real numbers, got {rows.dtype}.")
        finite = torch.isfinite(rows.detach()).all(dim=1)
        if not finite.all():
            raise EstimationError(
                f"{name}: row {int(finite.int().argmin())} is not finite ({int((~finite).sum())} of {len(rows)} rows). "
                f"Lower the learning rate, or remove the sample."
            )
    return p.double(), q.double()
