"""The baseline: the authors' formulas written the plain way, in torch, in the precision of what they are given.

CLUB compares every query with every response in one n x n x d tensor; divergences take all eigenvalues of dense d x d
matrices; nothing is kept between calls. Nothing of the package is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

State = Mapping[str, torch.Tensor]
Set = Mapping[str, torch.Tensor]


def gaussian(state: State, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and log-variance of the critic."""

    def network(name: str) -> torch.Tensor:
        hidden = torch.tanh(x @ state[f"{name}.0.weight"].T + state[f"{name}.0.bias"])
        return hidden @ state[f"{name}.2.weight"].T + state[f"{name}.2.bias"]

    return network("p_mu"), torch.tanh(network("p_logvar"))


def club(state: State, x: torch.Tensor, y: torch.Tensor) -> float:
    mean, logvar = gaussian(state, x)
    positive = -((mean - y) ** 2) / 2 / logvar.exp()
    negative = -((y.unsqueeze(0) - mean.unsqueeze(1)) ** 2).mean(dim=1) / 2 / logvar.exp()
    return float((positive.sum(dim=-1) - negative.sum(dim=-1)).mean())


def club_by_row(state: State, x: torch.Tensor, y: torch.Tensor) -> float:
    """The same arithmetic one query at a time, for n at which the tensor does not fit into memory."""
    mean, logvar = gaussian(state, x)
    total = 0.0
    for i in range(len(x)):
        negative = -((y - mean[i]) ** 2).mean(dim=0) / 2 / logvar[i].exp()
        positive = -((mean[i] - y[i]) ** 2) / 2 / logvar[i].exp()
        total += float((positive - negative).sum())
    return total / len(x)


def entropy(matrix: torch.Tensor) -> torch.Tensor:
    values = torch.linalg.eigvalsh(matrix)
    values = values[values > 0] / values.sum()
    return -(values * values.log()).sum()


def divergence(p: torch.Tensor, q: torch.Tensor) -> float:
    p, q = p.T @ p, q.T @ q
    return float(entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2)


def emi(state: State, x: torch.Tensor, response: torch.Tensor, reference: torch.Tensor) -> float:
    return club(state, x, response) - club(state, x, reference)


def emid_and_score(state: State, clean: Set, shifted: Set) -> tuple[float, float]:
    """EMID and the scale-adjusted score of one shift: four CLUBs, four divergences."""
    emis = [emi(state, (s["image"] + s["text"]) / 2, s["response"], s["reference"]) for s in (clean, shifted)]
    inputs = sum(divergence(clean[part], shifted[part]) ** 0.5 for part in ("image", "text"))
    outputs = sum(divergence(s["response"], s["reference"]) ** 0.25 for s in (clean, shifted))
    return emis[0] - emis[1], inputs + outputs
