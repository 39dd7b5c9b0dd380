"""A gate on what a judge prefers: the model's answers against the references."""

from __future__ import annotations

from typing import Literal

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.paper.preference import WinRate, relative_preference, win_rate
from pytest_emid.measuring import obstacles
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.judged import PREFERENCE, Judged, JudgedSide
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Direction
from pytest_emid.plugin.assertions import Undecided
from pytest_emid.plugin.deciding import check_number, check_result, conclude, decision_on, options_of
from pytest_emid.plugin.looking import in_full

__all__ = ["assert_preference_above"]


def assert_preference_above(
    result: EmidResult,
    at_least: float,
    *,
    by: Literal["relative", "wins"] = "relative",
    side: Literal["shifted", "clean"] = "shifted",
    confidence: float | None = None,
    undecided: Undecided | None = None,
) -> Decision:
    """A judge likes the model's answers at least so well, measured by the references.

    Each pair is judged in both orders. Samples without scores are left out; where they are more than the judge allows,
    nothing passes. What a shift takes away is `assert_metric_drop_below(result, "preference", ...)`.

    Args:
        result: what `measure_emid` returned, where the fixture `emid_judge` names a judge.
        at_least: `relative`: mean of the score of the answer over the score of the reference (Definition 2.1 of the
            paper), above 0, 1 where both are liked alike; `wins`: share of the answers that are preferred to their
            reference, ties for half, from above 0 to below 1.
        by: which of the two.
        side: which data.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        MetricError: no judge was asked.
        TypeError, ValueError: `result` is no result, `at_least` is out of range, or `by` or `side` unknown.
    """
    __tracebackhide__ = True
    check_result("assert_preference_above", result)
    if by not in ("relative", "wins"):
        raise ValueError(f"by={by!r} is not legal. Legal: 'relative' or 'wins'.")
    if side not in ("shifted", "clean"):
        raise ValueError(f"side={side!r} is not legal. Legal: 'shifted' or 'clean'.")
    check_number("at_least", at_least, above=0.0, **({"below": 1.0} if by == "wins" else {}))
    config, result = options_of(confidence, undecided), in_full(result)
    if result.judged is None:
        raise MetricError(
            f"{result.scenario} was measured without a judge: override the fixture emid_judge, with session scope, and "
            "return pytest_emid.Judge(model)."
        )
    level, against = config.gate_confidence, obstacles.against(result, PREFERENCE)
    judged: JudgedSide = getattr(result.judged, side)
    if not judged.known:
        raise MetricError(f"the judge gave no scores on {side} data of {result.scenario}: {against[0]}")
    relative, wins = _preferences(result, side, judged, level)
    estimate, name = (relative, "relative preference") if by == "relative" else (wins.rate, "win rate")
    decision = decision_on(
        f"{name} on {side} data",
        estimate,
        at_least,
        Direction.ABOVE,
        result,
        level,
        against,
        note=_note(result.judged, judged, wins),
    )
    return conclude(decision, result, config)


def _preferences(result: EmidResult, side: str, judged: JudgedSide, confidence: float) -> tuple[Estimate, WinRate]:
    """Both measures over the samples with scores."""
    records = getattr(result, side).records
    told, true = ([scores[i] for i in judged.known] for scores in (judged.answer_scores, judged.reference_scores))
    clusters = [records[i].cluster for i in judged.known]
    return relative_preference(told, true, clusters, confidence), win_rate(told, true, clusters, confidence)


def _note(found: Judged, judged: JudgedSide, wins: WinRate) -> str:
    """What a reader should know of the judge."""
    parts = [
        f"{wins.wins} preferred to the reference, {wins.ties} ties, {wins.losses} not, by {found.judge}",
        f"decided otherwise in the other order: {judged.disagreements} of {len(judged.known)}",
    ]
    if judged.problems:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(judged.problems.items()))
        parts.append(f"without scores: {counts}")
    return "; ".join(parts)
