"""Samples that cannot be measured, as a model fails on them or a shift finds no picture in them: left out of both
sides, counted, and never silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import ModelError, listed
from pytest_emid.measuring.allowance import PROBLEMS, Allowance
from pytest_emid.measuring.checks import FEWEST_SAMPLES
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.plan import CLEAN
from pytest_emid.measuring.remarks import CONTROL
from pytest_emid.measuring.results import EmidResult, Obstacle

__all__ = ["PicturelessError", "UnansweredError", "lacks_pictures", "told_of"]

MOST: Final = 0.5
"""The share of failures above which the model is broken, and not some samples."""
SHOWN: Final = 3
CHANGES_PICTURES: Final = ("visual", "joint")


class UnansweredError(ModelError):
    """A model failed on samples of a set.

    Attributes:
        label: of the set.
        failed: what went wrong, by the sample's id.
        total: samples of the set.
    """

    def __init__(self, model: str, label: str, failed: Mapping[str, str], total: int) -> None:
        self.label, self.failed, self.total = label, dict(failed), total
        super().__init__(
            f"{model} failed on {len(failed)} of {total} samples of {label!r} ({self.shown}). The answers to the "
            "others are cached, so that only these are asked again."
        )

    @property
    def shown(self) -> str:
        """The first samples, and what went wrong."""
        first = [f"{sample_id}: {error}" for sample_id, error in list(self.failed.items())[:SHOWN]]
        return "; ".join([*first, *(["..."] if len(self.failed) > SHOWN else [])])

    @property
    def told(self) -> str:
        """What is left out, in a sentence without its end."""
        return (
            f"{len(self.failed)} of {self.total} samples of {self.label!r} could not be answered and are left out, of "
            f"both sides where they are paired ({clip(self.shown)}). The next run asks for them again"
        )

    def left_over(self, dataset: Dataset) -> Dataset:
        """The samples that did not fail."""
        return Dataset(dataset.name, [sample for sample in dataset if sample.id not in self.failed])

    def can_be_left_out(self, *left: int) -> bool:
        """Whether something can be measured on as many samples as are left of the sides."""
        return len(self.failed) <= MOST * self.total and min(left) >= FEWEST_SAMPLES


class PicturelessError(UnansweredError):
    """A shift changes pictures, and samples have none: nothing would be tested on them."""

    def __init__(self, dataset: Dataset, scenario: str) -> None:
        without = [sample.id for sample in dataset if not sample.pictures]
        self.label, self.failed, self.total = scenario, dict.fromkeys(without, "no picture"), len(dataset)
        ModelError.__init__(
            self,
            f"{len(without)} of {len(dataset)} samples of {dataset.name!r} have no picture ({listed(without, SHOWN)}), "
            f"and {scenario} changes pictures, so nothing would be tested on them. Take a textual shift, or leave such "
            "samples out: where='image', or what the pictures' column is called.",
        )

    @property
    def told(self) -> str:
        without = listed(list(self.failed), SHOWN)
        return (
            f"{len(self.failed)} of {self.total} samples have no picture for {self.label} to change and are left out "
            f"of both sides ({without})"
        )


def told_of(result: EmidResult, error: UnansweredError, allowance: Allowance) -> EmidResult:
    """A result on what was left over, with what was left out: a remark; above what is allowed, an obstacle.

    Whatever was left out before counts along.
    """
    said = error.told
    own = {name for name, _ in allowance.single}
    sides = [result.clean.outcomes, result.shifted.outcomes]
    others = max(sum(side.get(name, 0) for name in PROBLEMS if name not in own) for side in sides)
    left_out = error.total - (result.clean if error.label == CLEAN else result.shifted).n
    if left_out + others <= allowance.rest * error.total + 1e-9:
        return replace(result, remarks=(f"{said}.", *result.remarks))
    obstacle = Obstacle(f"{said}; allowed are {allowance}, --emid-allow-problems: no gate passes.")
    return replace(result, obstacles=(obstacle, *result.obstacles))


def lacks_pictures(dataset: Dataset, scenario: str, modality: str) -> bool:
    """Whether a scenario changes pictures, and some samples have none."""
    changes = modality in CHANGES_PICTURES and scenario != CONTROL
    return changes and not all(sample.pictures for sample in dataset)
