"""An estimate: a number that knows its interval and the sample it came from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Estimate"]


@dataclass(frozen=True, slots=True, eq=True)
class Estimate:
    """A point estimate with a two-sided interval.

    Compares with plain numbers by its value (`estimate <= 0.05`), which is a point comparison: a gate
    (`assert_emid_below`) uses the interval.

    Attributes:
        value: the point estimate.
        low: lower limit of the interval; -inf when it cannot be bounded.
        high: upper limit; inf when it cannot be bounded.
        se: standard error; nan when there is none.
        n: samples behind it.
        clusters: independent units behind it (samples that share an image count once).
        confidence: nominal two-sided coverage, in (0, 1).
        unit: what the number is measured in, such as `critic scale`, `nats` or `fraction`.

    >>> drop = Estimate(0.12, 0.03, 0.21, se=0.045, n=90, clusters=30, unit="fraction")
    >>> print(drop)
    0.12 [0.03, 0.21]
    >>> drop > 0.1, drop.low > 0.1
    (True, False)
    """

    value: float
    low: float
    high: float
    se: float
    n: int
    clusters: int
    confidence: float = 0.95
    unit: str = "critic scale"

    def __float__(self) -> float:
        return self.value

    def __lt__(self, other: float | Estimate) -> bool:
        return self.value < float(other)

    def __le__(self, other: float | Estimate) -> bool:
        return self.value <= float(other)

    def __gt__(self, other: float | Estimate) -> bool:
        return self.value > float(other)

    def __ge__(self, other: float | Estimate) -> bool:
        return self.value >= float(other)

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"

    @property
    def is_finite(self) -> bool:
        """Whether the value is a number that a verdict may rest on."""
        return math.isfinite(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Plain types only; infinities and nan stay floats."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Estimate:
        return cls(**data)
