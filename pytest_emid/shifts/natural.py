"""Natural shifts: one dataset against another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_emid.errors import ShiftError, listed

if TYPE_CHECKING:  # naming shifts, which users do at collection, must not import numpy
    from pytest_emid.data.dataset import Dataset

__all__ = ["NaturalShift", "natural"]


@dataclass(frozen=True, eq=False, slots=True)
class NaturalShift:
    """The shift from a clean dataset to another dataset; make it with `natural`.

    Attributes:
        target: the shifted samples.
        id: what results call it.
        paired: whether each clean sample has its counterpart, under the same id, in `target`.

    Example:
        >>> from pytest_emid import data, shifts
        >>> shifts.natural(data.load("scenes:hard", 3))
        NaturalShift(id='scenes:hard', paired=False)
    """

    target: Dataset = field(repr=False)
    id: str
    paired: bool

    @property
    def modality(self) -> str:
        return "natural"

    def __str__(self) -> str:
        return self.id

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The other dataset: whole when unpaired; when paired, the counterparts in the order of the clean samples.

        Counterparts take the clean samples' clusters: which clean samples share an image is what resampling needs.
        The seed plays no part.

        Raises:
            ShiftError: the shift is paired and a clean sample has no counterpart.
        """
        if not self.paired:
            return self.target
        counterparts = {sample.id: sample for sample in self.target}
        missing = [sample_id for sample_id in dataset.ids if sample_id not in counterparts]
        if missing:
            raise ShiftError(
                f"shift {self.id!r} is paired, but dataset {self.target.name!r} lacks {len(missing)} of the "
                f"{len(dataset)} samples of {dataset.name!r}: {listed(missing)}. Give it samples with these ids, or "
                "pass paired=False to compare the two sets as they are."
            )
        recipe = None
        if self.target.recipe is not None:
            parts = "".join(f":{len(sample_id)}:{sample_id}" for sample_id in dataset.ids)
            recipe = hashlib.sha256(f"{self.target.recipe}:paired{parts}".encode("utf-8", "surrogatepass")).hexdigest()
        samples = (counterparts[clean.id].with_(cluster=clean.cluster_id) for clean in dataset)
        return type(dataset)(f"{dataset.name}/{self.id}", samples, recipe)


def natural(target: Dataset, *, paired: bool = False, id: str | None = None) -> NaturalShift:
    """The shift from the clean dataset to `target`: another domain, another language, another time.

    Args:
        target: the shifted samples.
        paired: True when `target` asks the same, under the same ids, in another language or domain: sample by sample
            comparison then gives narrower intervals. Equal ids alone do not make two sets paired, so it must be said.
        id: what results call it; by default the name of `target`.

    Raises:
        ShiftError: the target is no dataset, or the id is empty.

    Example:
        >>> from pytest_emid import data, shifts
        >>> german = shifts.natural(data.load("scenes:de", 6), paired=True)
        >>> german.apply(data.load("scenes", 3), seed=0)
        Dataset('scenes/scenes:de', 3 samples)
    """
    if not hasattr(target, "ids"):
        raise ShiftError(
            f"a natural shift is made of a dataset, not of {target!r}. Load it first: data.load('scenes:de'), "
            "for example."
        )
    chosen = target.name if id is None else id
    if not isinstance(chosen, str) or not chosen.strip():
        raise ShiftError(f"a shift's id must be text, not {chosen!r}. Pass one: natural(dataset, id='night').")
    return NaturalShift(target, chosen, bool(paired))
