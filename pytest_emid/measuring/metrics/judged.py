"""What a judge said of both sides of a scenario: plain types, sample by sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["PREFERENCE", "Judged", "JudgedSide"]

PREFERENCE: Final = "preference"
"""The metric that a judge gives: score of the answer over score of the reference (Definition 2.1 of the paper)."""


@dataclass(frozen=True, slots=True)
class JudgedSide:
    """A judge's scores of one side.

    Attributes:
        answer_scores: of the model's answers, from 1 to 10, means over both orders; nan where the judge gave none.
        reference_scores: of the references, likewise.
        disagreements: samples that it decided otherwise when the order of the answers was turned round.
        problems: samples without scores, by reason (`unparsed`, `refused`, `failed`).
    """

    answer_scores: tuple[float, ...]
    reference_scores: tuple[float, ...]
    disagreements: int
    problems: Mapping[str, int]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Relative preference of every sample; nan where there are no scores."""
        return tuple(told / true for told, true in zip(self.answer_scores, self.reference_scores, strict=True))

    @property
    def known(self) -> list[int]:
        """Positions of the samples with scores."""
        return [i for i, score in enumerate(self.answer_scores) if math.isfinite(score)]

    @property
    def log_preference(self) -> float:
        """Mean of log(score of the answer / score of the reference); nan where nothing was judged."""
        logs = [math.log(self.answer_scores[i] / self.reference_scores[i]) for i in self.known]
        return sum(logs) / len(logs) if logs else math.nan


@dataclass(frozen=True, slots=True)
class Judged:
    """Both sides, by one judge.

    Attributes:
        judge: its model's name.
        clean: the clean side.
        shifted: the shifted side.
    """

    judge: str
    clean: JudgedSide
    shifted: JudgedSide

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Judged:
        """The inverse of what a result's `to_dict` holds of it."""
        return cls(data["judge"], _side(data["clean"]), _side(data["shifted"]))


def _side(data: Mapping[str, Any]) -> JudgedSide:
    told, true = (tuple(map(float, data[name])) for name in ("answer_scores", "reference_scores"))
    return JudgedSide(told, true, int(data["disagreements"]), dict(data["problems"]))
