"""Samples to train on, clean and shifted: what a draw gives depends on the seed, the sample and the pass alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample
from pytest_emid.errors import ShiftError
from pytest_emid.shifts.base import Shift
from pytest_emid.shifts.ids import parse
from pytest_emid.shifts.seeding import generator
from pytest_emid.shifts.synthetic import SyntheticShift

__all__ = ["Augmented", "View", "Views"]


@dataclass(frozen=True, slots=True)
class View:
    """A sample twice: as it is, and under a shift.

    Example:
        >>> from pytest_emid import shifts
        >>> from pytest_emid.data import scenes_dataset
        >>> sample = scenes_dataset(1)[0]
        >>> View(sample, shifts.parse("case:5").apply_sample(sample, 0)).shifted.question.isupper()
        True
    """

    clean: Sample
    shifted: Sample


class _Drawn:
    """What `Views` and `Augmented` share: which shift a sample meets in which pass over the data."""

    def __init__(self, dataset: Dataset, shifts: Sequence[str | Shift], seed: int = 0, passes: int = 1) -> None:
        if isinstance(shifts, str) or not shifts:
            raise ShiftError(
                f"shifts={shifts!r}: give a list of at least one shift, such as ['frost:3', 'keyboard:2']."
            )
        if passes < 1:
            raise ShiftError(f"passes={passes!r}: give at least 1.")
        self.dataset, self.seed, self.passes = dataset, seed, passes
        self.shifts = tuple(_synthetic(shift) for shift in shifts)

    def __len__(self) -> int:
        return len(self.dataset) * self.passes

    def _draw(self, index: int, share: float) -> tuple[Sample, Sample]:
        """A sample, and the same shifted; with probability 1 - share it is left as it is."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        number, place = divmod(index, len(self.dataset))
        sample = self.dataset[place]
        rng = generator(self.seed, "views", sample.id, str(number))
        chosen, seed, coin = int(rng.integers(len(self.shifts))), int(rng.integers(2**31)), float(rng.random())
        return sample, self.shifts[chosen].apply_sample(sample, seed) if coin < share else sample


class Views(_Drawn, Sequence[View]):
    """Every sample in two views, clean and under one of `shifts`, as a dataset for a `Trainer` or a `DataLoader`.

    Reading an item twice gives the same view, in whatever process and order, so that a resumed training sees what an
    uninterrupted one would have seen.

    Args:
        dataset: clean samples.
        shifts: synthetic shifts or their ids; each draw takes one of them.
        seed: another seed draws other shifts.
        passes: over the data; a sample meets another draw in each. Takes the place of the trainer's epochs.

    Raises:
        ShiftError: no shifts, one that is not synthetic or unknown, or `passes` below 1.

    Example:
        >>> from pytest_emid.data import scenes_dataset
        >>> views = Views(scenes_dataset(6), ["case:5"], passes=2)
        >>> len(views), views[0].shifted.question == views[0].clean.question.upper()
        (12, True)
    """

    def __getitem__(self, index: int) -> View:  # type: ignore[override]
        return View(*self._draw(index, 1.0))

    def __iter__(self) -> Iterator[View]:
        return (self[index] for index in range(len(self)))


class Augmented(_Drawn, Sequence[Sample]):
    """Samples of which a share is shifted: data augmentation, the baseline that a regulariser has to beat.

    Args:
        dataset: clean samples.
        shifts: synthetic shifts or their ids; each draw takes one of them.
        seed: another seed draws other shifts.
        passes: over the data; a sample meets another draw in each.
        share: of the samples that are shifted, 0 to 1.

    Raises:
        ShiftError: as for `Views`, or a share outside of 0 to 1.

    Example:
        >>> from pytest_emid.data import scenes_dataset
        >>> Augmented(scenes_dataset(6), ["case:5"], share=1.0)[0].question.isupper()
        True
    """

    def __init__(
        self, dataset: Dataset, shifts: Sequence[str | Shift], seed: int = 0, passes: int = 1, share: float = 0.5
    ) -> None:
        super().__init__(dataset, shifts, seed, passes)
        if not 0 <= share <= 1:
            raise ShiftError(f"share={share!r}: give a number from 0 to 1.")
        self.share = share

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]
        return self._draw(index, self.share)[1]

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))


def _synthetic(shift: str | Shift) -> SyntheticShift:
    found = parse(shift) if isinstance(shift, str) else shift
    if not isinstance(found, SyntheticShift):
        raise ShiftError(
            f"{found.id!r} changes whole datasets, and views are drawn sample by sample: give synthetic shifts."
        )
    return found
