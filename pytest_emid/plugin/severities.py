"""What `measure_emid.breaking_severity` is: a search over the severities of a shift, with a gate's own verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from pytest_emid.errors import ShiftError
from pytest_emid.measuring.metrics.measured import metric_of
from pytest_emid.measuring.regression import RETAINED
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.severity import BreakingSeverity, search
from pytest_emid.measuring.staging import Staged
from pytest_emid.measuring.verdicts import Decision
from pytest_emid.plugin import assertions, metric_gates
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.deciding import check_number
from pytest_emid.plugin.looking import first_to_decide
from pytest_emid.plugin.recorder import Recorder
from pytest_emid.shifts.base import Shift
from pytest_emid.shifts.ids import parse

if TYPE_CHECKING:
    from pytest_emid.measuring.measurer import Measurer

__all__ = ["breaking_severity"]

ORDERS: Final = ("option_rotation",)
"""Shifts whose levels are orders and no strengths: that one holds says nothing of another."""

LEGAL: Final = "Give a shift without its severity, such as 'defocus_blur' or 'keyboard(rates=published)'."


def breaking_severity(
    shift: str,
    at_least: float,
    measure: str,
    running: Recorder,
    config: EmidConfig,
    measurer: Measurer,
    staged: Callable[[Shift], Staged],
) -> BreakingSeverity:
    """Search, and let the run's summary say what was found; see `MeasureEmid.breaking_severity`."""
    __tracebackhide__ = True
    check_number("at_least", at_least, above=0.0, most=1.0)
    levels = _levels(shift)
    if config.plan:
        for of in levels.values():
            running.planned(measurer.plan(of))
        pytest.skip("planned")

    def gate(result: EmidResult, config: EmidConfig) -> Decision:
        if measure == RETAINED:
            return assertions.retained_decision(result, at_least, config)
        return metric_gates.retained_decision(result, metric_of(result, measure), at_least, config.gate_confidence)

    def decide(level: int) -> Decision:
        __tracebackhide__ = True
        decision, result = first_to_decide(staged(levels[level]), config, gate, by_information=measure == RETAINED)
        running.measured(result)
        return decision

    what = "information retained" if measure == RETAINED else f"{measure} retained"
    found = BreakingSeverity(shift, tuple(levels), what, at_least, search(tuple(levels), decide))
    running.searched(found.to_dict())
    return found


def _levels(shift: str) -> dict[int, Shift]:
    """The shift at each of its severities, rising.

    Raises:
        ShiftError: no such shift, or no severities to search, or levels that are no severities.
    """
    from pytest_emid.shifts.registry import get, severities

    name, _, options = shift.partition("(") if isinstance(shift, str) else ("", "", "")
    if not isinstance(shift, str) or ":" in shift or "+" in shift or "&" in shift:
        raise ShiftError(f"breaking_severity takes no {shift!r}. {LEGAL}")
    get(name.strip())
    if name.strip() in ORDERS:
        raise ShiftError(
            f"the levels of {name.strip()} are orders and no strengths, so that there is no severity up to which a "
            "model holds. Measure each, and gate on all: assert_right_in_all_orders."
        )
    chosen = dict(pair.partition("=")[::2] for pair in options.rstrip(")").split(",") if pair.partition("=")[1])
    legal = severities(name.strip(), chosen)
    if not legal:
        raise ShiftError(f"shift {shift!r} has no severities to search. {LEGAL}")
    return {level: parse(f"{shift}:{level}") for level in legal}
