"""What a shift changes of a sample beside its picture or its question: references that follow, and texts to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pytest_emid.shifts.component import Component, option_values
from pytest_emid.shifts.definition import Definition

if TYPE_CHECKING:  # an id can be made and compared without numpy and Pillow
    from pytest_emid.data.dataset import Dataset
    from pytest_emid.data.sample import Sample

__all__ = ["Writers", "followed", "writers"]

Writers = Mapping[str, Callable[["Sample"], str]]
"""Id of a component to what it writes on a sample's picture."""


def followed(part: Component, definition: Definition, sample: Sample, question: str) -> Sample:
    """The sample with another question, and with what follows from the shift.

    Raises:
        ShiftError: it cannot be told what the right answer is now; the message names the sample.
    """
    changes = {} if question == sample.question else {"question": question}
    if definition.follow is not None:
        changes |= definition.follow(sample, question, **option_values(part, definition))
    return sample.with_(**changes) if changes else sample


def writers(parts: Iterable[tuple[Component, Definition]], dataset: Dataset, seed: int) -> Writers:
    """For each component that writes on pictures, what it writes; as the dataset has it."""
    return {
        part.id: definition.writes(dataset, seed, **option_values(part, definition))
        for part, definition in parts
        if definition.writes is not None
    }
