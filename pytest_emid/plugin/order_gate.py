"""The gate on order: what is right in one order of the options is right in all of them."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_emid.measuring.metrics.orders import circular
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Verdict
from pytest_emid.plugin.assertions import Undecided
from pytest_emid.plugin.deciding import check_number, check_result, conclude, options_of
from pytest_emid.plugin.looking import in_full
from pytest_emid.plugin.metric_gates import retained_decision

__all__ = ["assert_right_in_all_orders"]


def assert_right_in_all_orders(
    results: Iterable[EmidResult],
    at_least: float,
    metric: str = "multiple_choice",
    *,
    confidence: float | None = None,
    undecided: Undecided | None = None,
) -> Decision:
    """Of the answers that are right in the order of the dataset, at least this share is right in every other, too.

    Questions that no order changed (without options, or with ones that keep their places) do not count.

    Args:
        results: one an order, such as `[measure_emid(s) for s in shifts.textual("option_rotation")]`.
        at_least: share, above 0 and at most 1.
        metric: of 0 and 1, of the library or configured.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        MetricError: there are no results, or of different samples, or hardly a question was asked in another order, or
            the metric is not of 0 and 1.
        TypeError, ValueError: something else than results, or `at_least` is out of range.
    """
    __tracebackhide__ = True
    results = [results] if isinstance(results, EmidResult) else list(results)
    for result in results:
        check_result("assert_right_in_all_orders", result)
    check_number("at_least", at_least, above=0.0, most=1.0)
    config = options_of(confidence, undecided)
    results = [in_full(result) for result in results]
    found = circular(results, metric)
    # what speaks against any of the measurements speaks against all of them together
    decided = [(retained_decision(result, found, at_least, config.gate_confidence), result) for result in results]
    decision, result = next((one for one in decided if one[0].verdict is not Verdict.PASS), decided[-1])
    return conclude(decision, result, config)
