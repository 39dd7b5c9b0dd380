"""Samples that a model fails on, however often it is asked: left out of both sides, counted, and never silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import ModelError
from pytest_emid.measuring.allowance import PROBLEMS, Allowance
from pytest_emid.measuring.checks import FEWEST_SAMPLES
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.results import EmidResult, Obstacle

__all__ = ["UnansweredError", "told_of"]

MOST: Final = 0.5
"""The share of failures above which the model is broken, and not some samples."""
SHOWN: Final = 3


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

    def left_over(self, dataset: Dataset) -> Dataset:
        """The samples that did not fail."""
        return Dataset(dataset.name, [sample for sample in dataset if sample.id not in self.failed])

    def can_be_left_out(self, *left: int) -> bool:
        """Whether something can be measured on as many samples as are left of the sides."""
        return len(self.failed) <= MOST * self.total and min(left) >= FEWEST_SAMPLES


def told_of(result: EmidResult, error: UnansweredError, allowance: Allowance) -> EmidResult:
    """A result on what was left over, with what was left out: a remark; above what is allowed, an obstacle."""
    said = (
        f"{len(error.failed)} of {error.total} samples of {error.label!r} could not be answered and are left out, of "
        f"both sides where they are paired ({clip(error.shown)}). The next run asks for them again"
    )
    own = {name for name, _ in allowance.single}
    sides = [result.clean.outcomes, result.shifted.outcomes]
    others = max(sum(side.get(name, 0) for name in PROBLEMS if name not in own) for side in sides)
    if len(error.failed) + others <= allowance.rest * error.total + 1e-9:
        return replace(result, remarks=(f"{said}.", *result.remarks))
    obstacle = Obstacle(f"{said}; allowed are {allowance}, --emid-allow-problems: no gate passes.")
    return replace(result, obstacles=(obstacle, *result.obstacles))
