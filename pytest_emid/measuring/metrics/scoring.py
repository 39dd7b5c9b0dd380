"""From answers to metric results: every value is checked, and the two sides are compared by sample."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import compress
from numbers import Real
from typing import Any, Final, NamedTuple

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import (
    mean_interval,
    unpaired_interval,
    unpaired_retained_contrast,
    unpaired_retained_interval,
)
from pytest_emid.information.intervals.rates import rate_contrast, rate_drop, rate_retained
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.metrics.base import Metric, MetricError
from pytest_emid.measuring.metrics.result import MetricResult

__all__ = ["Case", "compared", "contrast", "scored"]

AGAIN: Final = 5
"""Samples that are scored a second time, in the opposite order: a metric depends on its arguments only."""


class Case(NamedTuple):
    """One answer to score: the response, the accepted references, the sample or its record."""

    response: str
    references: Sequence[str]
    sample: Any


def scored(name: str, metric: Metric, cases: Sequence[Case]) -> tuple[float, ...]:
    """The metric of every answer.

    Raises:
        MetricError: it raised, or gave something else than a finite number, or another number when it was asked again;
            the message names the sample.
    """
    values = tuple(_value(name, metric, case) for case in cases)
    for position in reversed(range(0, len(cases), max(1, len(cases) // AGAIN))):
        again = _value(name, metric, cases[position])
        if again != values[position]:
            raise MetricError(
                f"the metric {name!r} gave {values[position]:.6g} for sample {cases[position].sample.id!r}, and "
                f"{again:.6g} when asked again: a metric must depend on its arguments only, not on order or chance."
            )
    return values


def _value(name: str, metric: Metric, case: Case) -> float:
    sample_id = case.sample.id
    try:
        value: Any = metric(case.response, case.references, case.sample)
    except MetricError as error:
        raise MetricError(f"the metric {name!r} cannot score sample {sample_id!r}: {error}") from error
    except Exception as error:
        raise MetricError(
            f"the metric {name!r} raised {type(error).__name__} for sample {sample_id!r}, whose answer is "
            f"{clip(case.response, 60)!r}: {error}"
        ) from error
    if isinstance(value, bool) or type(value).__name__ == "bool_" or type(value).__name__ == "bool":
        raise MetricError(
            f"the metric {name!r} gave the truth value {value} for sample {sample_id!r}. Return float(...): 1.0 or 0.0."
        )
    if not isinstance(value, Real) or not math.isfinite(float(value)):
        shown = repr(value) if isinstance(value, Real) or value is None else f"a {type(value).__name__}"
        raise MetricError(
            f"the metric {name!r} gave {shown} for sample {sample_id!r}. It must return a finite number; leave samples "
            "that cannot be scored out of the dataset."
        )
    return float(value)


def compared(
    name: str,
    clean: Sequence[float],
    shifted: Sequence[float],
    clusters: tuple[Sequence[str], Sequence[str]],
    paired: bool,
    confidence: float,
    unit: str = "score",
) -> MetricResult:
    """Both sides of a metric in one result.

    Args:
        name: of the metric.
        clean, shifted: one number a sample; nan where there is none, which leaves the sample out (of both sides where
            they are paired).
        clusters: of the clean and of the shifted samples.
        paired: whether both sides hold the same samples in the same order.
        confidence: of the intervals, two-sided.
        unit: of the numbers.
    """
    held = tuple(clean), tuple(shifted)
    clean, shifted, (a, b) = _known(clean, shifted, clusters, paired)
    width = 0.0 if unit == "nats" else _width(clean, shifted)
    binary = paired and set(clean) | set(shifted) <= {0.0, 1.0}
    if paired:
        drop = rate_drop(clean, shifted, a, confidence, width=width, unit=unit)
        retained = rate_retained(clean, shifted, a, confidence, width=width)
    else:
        drop = unpaired_interval(clean, shifted, a, b, confidence, unit=unit)
        retained = unpaired_retained_interval(clean, shifted, a, b, confidence)
    support = (0.0, 1.0) if width == 1.0 else None
    return MetricResult(
        name=name,
        unit=unit,
        on_clean=held[0],
        on_shifted=held[1],
        clean=mean_interval(clean, a, confidence, support=support, unit=unit),
        shifted=mean_interval(shifted, b, confidence, support=support, unit=unit),
        drop=drop,
        retained=retained,
        lost=_count(zip(clean, shifted, strict=True), (1.0, 0.0)) if binary else None,
        gained=_count(zip(clean, shifted, strict=True), (0.0, 1.0)) if binary else None,
        width=width,
    )


def contrast(
    found: MetricResult, clusters: tuple[Sequence[str], Sequence[str]], paired: bool, at_least: float, confidence: float
) -> Estimate:
    """mean(shifted) - at_least mean(clean): above 0 where more than `at_least` is retained."""
    clean, shifted, (a, b) = _known(found.on_clean, found.on_shifted, clusters, paired)
    if paired:
        return rate_contrast(clean, shifted, at_least, a, confidence, width=found.width, unit=found.unit)
    return unpaired_retained_contrast(clean, shifted, at_least, a, b, confidence, unit=found.unit)


def _known(
    clean: Sequence[float], shifted: Sequence[float], clusters: tuple[Sequence[str], Sequence[str]], paired: bool
) -> tuple[Sequence[float], Sequence[float], tuple[Sequence[str], Sequence[str]]]:
    """Both sides without the samples that have no number."""
    first, second = ([not math.isnan(value) for value in side] for side in (clean, shifted))
    if paired:
        first = second = [x and y for x, y in zip(first, second, strict=True)]
    if all(first) and all(second):
        return clean, shifted, clusters
    a, b = clusters
    kept = tuple(compress(a, first)), tuple(compress(b, second))
    return tuple(compress(clean, first)), tuple(compress(shifted, second)), kept


def _width(clean: Sequence[float], shifted: Sequence[float]) -> float:
    """What one answer can change: 1 for scores from 0 to 1, else as much as was seen."""
    low, high = min(*clean, *shifted), max(*clean, *shifted)
    return 1.0 if low >= 0.0 and high <= 1.0 else high - low


def _count(pairs: Iterable[tuple[float, float]], wanted: tuple[float, float]) -> int:
    return sum(pair == wanted for pair in pairs)
