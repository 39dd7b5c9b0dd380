"""What a shift is: a seeded, deterministic function from a dataset to a dataset, with an id that round-trips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # naming shifts, which users do at collection, must not import numpy
    from pytest_emid.data.dataset import Dataset

__all__ = ["Shift"]


@runtime_checkable
class Shift(Protocol):
    """A shift. `str(shift)` is its stable id, such as `defocus_blur:3` or `defocus_blur:3+keyboard:1`.

    Example:
        >>> class Shouting:
        ...     id, modality, paired = "shouting", "textual", True
        ...     def apply(self, dataset, seed):
        ...         return dataset.map(f"{dataset.name}/shouting", lambda s: s.with_(question=s.question.upper()))
        >>> isinstance(Shouting(), Shift)
        True
    """

    @property
    def id(self) -> str: ...

    @property
    def modality(self) -> str:
        """`visual`, `textual`, `joint` or `natural`."""

    @property
    def paired(self) -> bool:
        """Whether the shifted set holds the same sample ids as the clean one."""

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The shifted dataset. Each sample depends on (seed, its id, this shift) only."""
