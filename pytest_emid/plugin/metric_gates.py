"""Gates on a user's own yardstick: metrics, by sample, under the same statistics and verdicts as every other gate."""

from __future__ import annotations

import math
from dataclasses import replace

from pytest_emid.measuring import obstacles
from pytest_emid.measuring.likelihood import LIKELIHOOD
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.judged import PREFERENCE
from pytest_emid.measuring.metrics.measured import clusters_of, metric_of
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.metrics.scoring import compared, contrast
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Direction
from pytest_emid.plugin.assertions import Undecided
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.deciding import check_number, check_result, conclude, decision_on, options_of
from pytest_emid.plugin.looking import in_full, looked

__all__ = [
    "assert_likelihood_drop_below",
    "assert_metric_drop_below",
    "assert_metric_retained",
    "drop_decision",
    "flips",
    "retained_decision",
]

METRIC = "metric"
"""What obstacles call these measures."""


def assert_metric_retained(
    result: EmidResult,
    metric: str,
    at_least: float,
    *,
    confidence: float | None = None,
    undecided: Undecided | None = None,
) -> Decision:
    """The mean of a metric on shifted data is at least this share of its mean on clean data.

    Tests the linear contrast mean(shifted - at_least clean) by sample, with clusters.

    Args:
        result: what `measure_emid` returned.
        metric: name of a configured metric (fixture or ini `emid_metrics`), or of one of the library, such as `exact`.
        at_least: share to retain, above 0 and at most 1; 0.9 reads "90 %".
        confidence: two-sided, overrides the option.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        MetricError: no such metric, or it gave no number for a sample.
        TypeError, ValueError: `result` is no result, or `at_least` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_metric_retained", result)
    check_number("at_least", at_least, above=0.0, most=1.0)
    config = options_of(confidence, undecided)

    def decide_on(found: EmidResult, config: EmidConfig) -> Decision:
        return retained_decision(found, metric_of(found, metric), at_least, config.gate_confidence)

    decision, result = looked(result, config, decide_on)
    return conclude(decision, result, config)


def assert_metric_drop_below(
    result: EmidResult,
    metric: str,
    threshold: float,
    *,
    confidence: float | None = None,
    undecided: Undecided | None = None,
) -> Decision:
    """The mean of a metric falls by at most `threshold` from clean to shifted data.

    Args:
        result: what `measure_emid` returned.
        metric: name of a configured metric (fixture or ini `emid_metrics`), or of one of the library, such as `exact`.
        threshold: in the metric's own unit, from 0 up: 0.05 of a score from 0 to 1 are five points.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        MetricError: no such metric, or it gave no number for a sample.
        TypeError, ValueError: `result` is no result, or `threshold` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_metric_drop_below", result)
    check_number("threshold", threshold, least=0.0)
    config = options_of(confidence, undecided)

    def decide_on(found: EmidResult, config: EmidConfig) -> Decision:
        return drop_decision(found, metric_of(found, metric), threshold, config.gate_confidence)

    decision, result = looked(result, config, decide_on)
    return conclude(decision, result, config)


def assert_likelihood_drop_below(
    result: EmidResult,
    nats: float,
    *,
    confidence: float | None = None,
    undecided: Undecided | None = None,
) -> Decision:
    """The log-probability that the model gives the reference answers falls by at most `nats` an answer.

    E log P(reference | query): needs no encoder, no judge and no wording, and a model that can score a given text.

    Args:
        result: what `measure_emid` returned, where `emid_measures` names `likelihood`.
        nats: per answer, from 0 up.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        MetricError: the likelihood was not measured.
        TypeError, ValueError: `result` is no result, or `nats` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_likelihood_drop_below", result)
    check_number("nats", nats, least=0.0)
    config, result = options_of(confidence, undecided), in_full(result)
    found = likelihood_of(result)
    decision = drop_decision(result, found, nats, config.gate_confidence)
    return conclude(decision, result, config)


def likelihood_of(result: EmidResult) -> MetricResult:
    """The log-probability of the references, where it was measured.

    Raises:
        MetricError: it was not.
    """
    if LIKELIHOOD not in result.metrics:
        raise MetricError(
            f"{result.scenario} was measured without the likelihood of the references: name it in emid_measures (ini, "
            "fixture or --emid-measures), such as likelihood:0.5, and use a model that can score a given text."
        )
    return result.metrics[LIKELIHOOD]


def retained_decision(result: EmidResult, found: MetricResult, at_least: float, confidence: float) -> Decision:
    """The verdict on a share of a metric that must be retained."""
    against = _against(result, found)
    clusters = clusters_of(result)
    tested = contrast(found, clusters, result.paired, at_least, confidence)
    if math.isfinite(tested.value) and not (math.isfinite(tested.low) and math.isfinite(tested.high)):
        against.append(
            f"On clean data the mean of {found.name} is {found.clean.value:.3g}, not clearly above 0 at this n: there "
            "is nothing to retain."
        )
    return decision_on(
        f"{found.name} retained",
        _again(found, result, confidence).retained,
        at_least,
        Direction.ABOVE,
        result,
        confidence,
        against,
        contrast=tested,
        note=_note(found),
    )


def drop_decision(result: EmidResult, found: MetricResult, threshold: float, confidence: float) -> Decision:
    """The verdict on how much of a metric may be lost."""
    drop = _again(found, result, confidence).drop
    gate, against = f"drop of {found.name}", _against(result, found)
    known = [value for value in (*found.on_clean, *found.on_shifted) if not math.isnan(value)]
    if min(known) >= 0.0 and found.clean.value <= threshold:
        against.append(
            f"On clean data the mean of {found.name} is {found.clean.value:.3g}, no more than the {threshold:.3g} that "
            "may be lost: nothing could fail."
        )
    return decision_on(gate, drop, threshold, Direction.BELOW, result, confidence, against, note=_note(found))


def _against(result: EmidResult, found: MetricResult) -> list[str]:
    """What forbids a PASS by any measure, or by a judge."""
    return obstacles.against(result, PREFERENCE if found.name == PREFERENCE else METRIC)


def _again(found: MetricResult, result: EmidResult, confidence: float) -> MetricResult:
    """The same with intervals of another confidence."""
    if found.drop.confidence == confidence:
        return found
    made = compared(
        found.name, found.on_clean, found.on_shifted, clusters_of(result), result.paired, confidence, found.unit
    )
    return replace(made, width=found.width)


def _note(found: MetricResult) -> str:
    means = f"{found.name} {found.clean.value:.3g} on clean data, {found.shifted.value:.3g} on shifted"
    return f"{means}{flips(found)}"


def flips(found: MetricResult) -> str:
    """How many answers went from right to wrong and back, for metrics that are 0 or 1; else empty."""
    if found.lost is None or found.gained is None:
        return ""
    return f"; {found.lost} right to wrong, {found.gained} wrong to right"
