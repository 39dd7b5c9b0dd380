"""Metrics of a measurement: those that were configured, and those of the library when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from pytest_emid.data.sample import Sample
from pytest_emid.measuring.likelihood import LIKELIHOOD
from pytest_emid.measuring.metrics.base import Metric, MetricError
from pytest_emid.measuring.metrics.judged import PREFERENCE
from pytest_emid.measuring.metrics.registry import LIBRARY, library_metric
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.metrics.scoring import Case, compared, scored
from pytest_emid.measuring.results import EmidResult, Record, Side

__all__ = ["Metrics", "clusters_of", "metric_of"]

Likelihoods = Callable[[Sequence[Sample]], tuple[float, ...]]
"""How likely a model finds the references of samples."""


class Metrics:
    """The configured metrics of one clean set: its side is scored once.

    Args:
        metrics: by name.
        confidence: of intervals, two-sided.
        likelihoods: of the samples' references, where they are wanted.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        confidence: float,
        likelihoods: Likelihoods | None = None,
    ) -> None:
        self._metrics = dict(metrics)
        self.likelihoods = likelihoods
        self._confidence = confidence
        self._clean: dict[str, list[tuple[float, ...]]] = {}

    def of(self, likelihoods: Likelihoods | None) -> Metrics:
        """The same metrics of another clean side: another model's, or one of fewer samples."""
        return Metrics(self._metrics, self._confidence, likelihoods)

    def added(self, result: EmidResult, clean: Sequence[Sample], shifted: Sequence[Sample]) -> EmidResult:
        """The result with these metrics.

        Args:
            result: what was measured.
            clean: the samples of its clean side, always the same.
            shifted: those of its shifted side.

        Raises:
            MetricError: a metric gave no number; the message names the sample.
        """
        if not self._metrics and self.likelihoods is None:
            return result
        found = dict(result.metrics)
        how: dict[str, Any] = {"clusters": clusters_of(result), "paired": result.paired, "confidence": self._confidence}
        for name, metric in self._metrics.items():
            if name not in self._clean:
                self._clean[name] = _scores(name, metric, result.clean, clean)
            (after,) = _scores(name, metric, result.shifted, shifted)
            found[name] = _compared(name, self._clean[name], after, how)
        if self.likelihoods is not None:
            if LIKELIHOOD not in self._clean:
                self._clean[LIKELIHOOD] = [self.likelihoods(clean)]
            sides = self._clean[LIKELIHOOD][0], self.likelihoods(shifted)
            found[LIKELIHOOD] = compared(LIKELIHOOD, *sides, **how, unit="nats")
        return replace(result, metrics=found)


def metric_of(result: EmidResult, name: str) -> MetricResult:
    """What a result says by a metric: one that was configured, or one of the library, computed now from its records.

    Raises:
        MetricError: neither; or it gave no number.
    """
    if name in result.metrics:
        return result.metrics[name]
    if name == PREFERENCE:
        raise MetricError(
            f"{result.scenario} has no judge's scores: override the fixture emid_judge, with session scope, and return "
            "pytest_emid.Judge(model)."
        )
    if name not in LIBRARY:
        known = ", ".join(result.metrics) or "none"
        raise MetricError(
            f"{result.scenario} was not measured with a metric {name!r}; configured: {known} (fixture emid_metrics); "
            f"of the library, which need no configuring: {', '.join(LIBRARY)}."
        )
    metric = library_metric(name)
    clean, (after,) = (_scores(name, metric, side, side.records) for side in (result.clean, result.shifted))
    how: dict[str, Any] = {
        "clusters": clusters_of(result),
        "paired": result.paired,
        "confidence": result.emid.confidence,
    }
    return _compared(name, clean, after, how)


def clusters_of(result: EmidResult) -> tuple[list[str], list[str]]:
    """Clusters of the clean and of the shifted samples."""
    clean, shifted = ([record.cluster for record in side.records] for side in (result.clean, result.shifted))
    return clean, shifted


def _scores(name: str, metric: Metric, side: Side, samples: Sequence[Sample | Record]) -> list[tuple[float, ...]]:
    """Of the first answers, and of those to the same questions asked again."""
    pairs = list(zip(side.records, samples, strict=True))
    texts = zip(*((record.response, *record.again) for record in side.records), strict=True)
    return [
        scored(
            name, metric, [Case(text, _accepted(sample), sample) for text, (_, sample) in zip(told, pairs, strict=True)]
        )
        for told in texts
    ]


def _accepted(sample: Sample | Record) -> Sequence[str]:
    return sample.accepted if isinstance(sample, Sample) else sample.references or (sample.reference,)


def _compared(
    name: str, clean: list[tuple[float, ...]], after: tuple[float, ...], how: Mapping[str, Any]
) -> MetricResult:
    """Where the clean side was asked again, from the means of the repeats; flips are of the first answers."""
    first, *repeats = clean
    found = compared(name, first, after, **how)
    if not repeats:
        return found
    means = tuple(fmean(values) for values in zip(*repeats, strict=True))
    return replace(compared(name, means, after, **how), lost=found.lost, gained=found.gained)
