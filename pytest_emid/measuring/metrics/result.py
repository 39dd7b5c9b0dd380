"""What a measurement found by a metric: plain types, sample by sample and in sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["MetricResult"]


@dataclass(frozen=True, slots=True)
class MetricResult:
    """A metric on both sides of one scenario.

    Attributes:
        name: of the metric.
        unit: `score`, `ratio` (of a judge's scores) or `nats`.
        on_clean: one number a clean sample, in order; nan where a judge gave none.
        on_shifted: one number a shifted sample, likewise.
        clean: mean over the clean samples.
        shifted: mean over the shifted samples.
        drop: clean minus shifted, by sample where both sides hold the same ones.
        retained: shifted over clean, a fraction; nan where the clean mean is not above 0.
        lost: samples that were right and are wrong now; None where a value is neither 0 nor 1, or nothing is paired.
        gained: samples that were wrong and are right now; None likewise.
        width: the most that one answer can change, which intervals allow for.
    """

    name: str
    unit: str
    on_clean: tuple[float, ...]
    on_shifted: tuple[float, ...]
    clean: Estimate
    shifted: Estimate
    drop: Estimate
    retained: Estimate
    lost: int | None
    gained: int | None
    width: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetricResult:
        """The inverse of what a result's `to_dict` holds of it."""
        estimates = {key: Estimate.from_dict(dict(data[key])) for key in ("clean", "shifted", "drop", "retained")}
        values = {key: tuple(float(value) for value in data[key]) for key in ("on_clean", "on_shifted")}
        return cls(**{**data, **estimates, **values})
