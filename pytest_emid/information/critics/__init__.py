"""Critics: models of the response given the query, frozen before anything is tested. One file each."""

from __future__ import annotations

from pathlib import Path

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.base import ArrayCritic, ContrastiveCritic, Critic, GaussianCritic, read_header
from pytest_emid.information.critics.club import ClubCritic
from pytest_emid.information.critics.ridge import RidgeCritic

__all__ = [
    "KINDS",
    "ClubCritic",
    "ContrastiveCritic",
    "Critic",
    "GaussianCritic",
    "RidgeCritic",
    "load",
]

KINDS: dict[str, type[ArrayCritic]] = {critic.kind: critic for critic in (RidgeCritic, ClubCritic)}
"""Every critic by the name of its kind; each has `fit(x, y, *, clusters, seed, ...)` and `load(path)`."""


def load(path: str | Path) -> Critic:
    """Reads a critic of any kind that `save` wrote.

    Raises:
        EstimationError: not such a file, of an unknown kind or version, or changed since it was saved.

    >>> import tempfile
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> critic = RidgeCritic.fit(x, x[:, :3])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     critic.save(f"{folder}/critic.safetensors")
    ...     loaded = load(f"{folder}/critic.safetensors")
    >>> loaded.kind, loaded.fingerprint == critic.fingerprint
    ('ridge', True)
    """
    kind = read_header(path)["kind"]
    if kind not in KINDS:
        raise EstimationError(f"{path}: unknown critic kind {kind!r}; this release knows {', '.join(KINDS)}.")
    return KINDS[kind].load(path)
