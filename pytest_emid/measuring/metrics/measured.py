"""Metrics of a measurement: those that were configured, and those of the library when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_emid.data.sample import Sample
from pytest_emid.measuring.likelihood import LIKELIHOOD
from pytest_emid.measuring.metrics.base import Metric, MetricError
from pytest_emid.measuring.metrics.registry import LIBRARY, library_metric
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.metrics.scoring import Case, compared, scored
from pytest_emid.measuring.results import EmidResult, Side

__all__ = ["Metrics", "clusters_of", "metric_of"]


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
        likelihoods: Callable[[Sequence[Sample]], tuple[float, ...]] | None = None,
    ) -> None:
        self._metrics = dict(metrics)
        self._likelihoods = likelihoods
        self._confidence = confidence
        self._clean: dict[str, tuple[float, ...]] = {}

    @property
    def has_likelihoods(self) -> bool:
        """Whether the likelihood of the references is among them."""
        return self._likelihoods is not None

    def of(self, likelihoods: Callable[[Sequence[Sample]], tuple[float, ...]] | None) -> Metrics:
        """The same metrics of another model's answers."""
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
        if not self._metrics and self._likelihoods is None:
            return result
        found = dict(result.metrics)
        cases = _cases(result.shifted, shifted)
        for name, metric in self._metrics.items():
            if name not in self._clean:
                self._clean[name] = scored(name, metric, _cases(result.clean, clean))
            after = scored(name, metric, cases)
            found[name] = compared(name, self._clean[name], after, clusters_of(result), result.paired, self._confidence)
        if self._likelihoods is not None:
            if LIKELIHOOD not in self._clean:
                self._clean[LIKELIHOOD] = self._likelihoods(clean)
            sides = self._clean[LIKELIHOOD], self._likelihoods(shifted)
            found[LIKELIHOOD] = compared(
                LIKELIHOOD, *sides, clusters_of(result), result.paired, self._confidence, unit="nats"
            )
        return replace(result, metrics=found)


def metric_of(result: EmidResult, name: str) -> MetricResult:
    """What a result says by a metric: one that was configured, or one of the library, computed now from its records.

    Raises:
        MetricError: neither; or it gave no number.
    """
    if name in result.metrics:
        return result.metrics[name]
    if name not in LIBRARY:
        known = ", ".join(result.metrics) or "none"
        raise MetricError(
            f"{result.scenario} was not measured with a metric {name!r}; configured: {known} (fixture emid_metrics); "
            f"of the library, which need no configuring: {', '.join(LIBRARY)}."
        )
    metric = library_metric(name)
    sides = [
        scored(name, metric, [Case(r.response, r.references or (r.reference,), r) for r in side.records])
        for side in (result.clean, result.shifted)
    ]
    return compared(name, sides[0], sides[1], clusters_of(result), result.paired, result.emid.confidence)


def clusters_of(result: EmidResult) -> tuple[list[str], list[str]]:
    """Clusters of the clean and of the shifted samples."""
    clean, shifted = ([record.cluster for record in side.records] for side in (result.clean, result.shifted))
    return clean, shifted


def _cases(side: Side, samples: Iterable[Sample]) -> list[Case]:
    pairs = zip(side.records, samples, strict=True)
    return [Case(record.response, sample.accepted, sample) for record, sample in pairs]
