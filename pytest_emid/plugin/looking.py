"""Early stopping: a gate asks for more samples only until it can decide."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Verdict
from pytest_emid.plugin import recorder
from pytest_emid.plugin.config import EmidConfig

if TYPE_CHECKING:
    from pytest_emid.measuring.staging import Staged

__all__ = ["can_stop_early", "first_to_decide", "in_full", "looked"]

Decide = Callable[[EmidResult, EmidConfig], Decision]
"""What a gate says of a result, with intervals of the config's confidence."""

STOPPING: Final = frozenset(
    (
        "assert_information_retained",
        "assert_emid_below",
        "assert_metric_retained",
        "assert_metric_drop_below",
        "assert_robust",
    )
)
"""Gates on means over samples. Bounds, drift, EMI, likelihoods, judges and baselines need all samples."""


def can_stop_early(gates: Collection[str]) -> bool:
    """Whether a test that names these gates, and no other, may be measured in stages."""
    return bool(gates) and STOPPING.issuperset(gates)


def looked(
    result: EmidResult, config: EmidConfig, decide: Decide, *, by_information: bool = False
) -> tuple[Decision, EmidResult]:
    """A gate's decision and the result that it rests on: under early stopping, the first of its looks that decides.

    Args:
        result: what `measure_emid` returned; where that was measured in stages, more are measured as need be.
        config: of the gate; its confidence is that of all looks together.
        decide: the gate.
        by_information: as of `staging.decided`.
    """
    __tracebackhide__ = True
    running = recorder.current()
    staged = None if running is None else running.staged(result)
    if staged is None:
        return decide(result, config), result
    return first_to_decide(staged, config, decide, by_information=by_information)


def first_to_decide(
    staged: Staged, config: EmidConfig, decide: Decide, *, by_information: bool
) -> tuple[Decision, EmidResult]:
    """The decision of the first look that decides, or of the last one, and the result that it rests on."""
    __tracebackhide__ = True
    # gates are loaded when tests are collected, and these need scipy
    from pytest_emid.information.intervals.looks import looks
    from pytest_emid.measuring.staging import decided

    for look in looks(staged.shares, config.gate_confidence):
        found = staged.result(look.number)

        def at(confidence: float, found: EmidResult = found) -> Decision:
            return decide(found, replace(config, confidence=confidence, family=1))

        untold = staged.repeats_questions and found.sight is not None and found.sight.pictures is None
        how = {"unchanged": _is_unchanged(found), "by_information": by_information, "untold": untold}
        decision = decided(look, staged.whole, at, **how)
        if decision.verdict is not Verdict.UNDECIDED:
            break
    return decision, found


def in_full(result: EmidResult) -> EmidResult:
    """The measurement of all samples, whatever was measured of it so far."""
    __tracebackhide__ = True
    running = recorder.current()
    staged = None if running is None else running.staged(result)
    return result if staged is None else staged.all()


def _is_unchanged(result: EmidResult) -> bool:
    """Whether every answer is what it was on clean data."""
    sides = ([(record.response, record.outcome) for record in side.records] for side in (result.clean, result.shifted))
    clean, shifted = sides
    return result.paired and clean == shifted
