"""Critics: models of the response given the query, frozen before anything is tested. One file each."""

from __future__ import annotations

from pathlib import Path

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.base import ArrayCritic, ContrastiveCritic, Critic, GaussianCritic, read_header
from pytest_emid.information.critics.club import ClubCritic
from pytest_emid.information.critics.infonce import InfoNCECritic
from pytest_emid.information.critics.kernel import KernelCritic
from pytest_emid.information.critics.ridge import RidgeCritic

__all__ = [
    "KINDS",
    "ClubCritic",
    "ContrastiveCritic",
    "Critic",
    "GaussianCritic",
    "InfoNCECritic",
    "KernelCritic",
    "RidgeCritic",
    "load",
]

KINDS: dict[str, type[ArrayCritic]] = {
    critic.kind: critic for critic in (RidgeCritic, KernelCritic, ClubCritic, InfoNCECritic)
}
"""Every critic by the name of its kind; each has `fit(x, y, *, clusters, seed, ...)` and `load(path)`."""


def load(path: str | Path) -> Critic:
    """Reads a critic of any kind that `save` wrote.

    Raises:
        EstimationError: not such a file, of an unknown kind or version, or changed since it was saved.
    """
    kind = read_header(path)["kind"]
    if kind not in KINDS:
        raise EstimationError(f"{path}: unknown critic kind {kind!r}; this release knows {', '.join(KINDS)}.")
    return KINDS[kind].load(path)
