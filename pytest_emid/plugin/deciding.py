"""How a gate decides: what it was given, what it is held against, and what its verdict does."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import (
    Decision,
    Direction,
    UndecidedWarning,
    Verdict,
    decide,
    rescaled,
    within_p_value,
)
from pytest_emid.plugin import recorder
from pytest_emid.plugin.config import EmidConfig

__all__ = [
    "at_most",
    "blind_note",
    "check_number",
    "check_result",
    "conclude",
    "decision_on",
    "not_seen",
    "options_of",
    "share_of",
]


def share_of(threshold: float | str, result: EmidResult) -> float | None:
    """The share that a text such as "10 %" names; None for a number, which must be one that can be gated on."""
    __tracebackhide__ = True
    if not isinstance(threshold, str):
        check_number("threshold", threshold)
        ceiling = result.critic.ceiling
        if ceiling is not None and threshold >= ceiling:
            raise ValueError(
                f"threshold={threshold!r} is not legal: EMID is in nats, {at_most(result)}, so that nothing could "
                "fail. In 0.1.0 it was on a critic's own scale, often in the tens: choose anew, 0.4 or '10 %' say, or "
                "measure with --emid-critic=club-ridge."
            )
        return None
    number = threshold.strip().removesuffix("%").strip()
    try:
        share = float(number) / 100
    except ValueError:
        share = math.nan
    if not threshold.strip().endswith("%") or not 0.0 <= share < 1.0:
        raise ValueError(f"threshold={threshold!r} is not legal. Legal: a number, or a share such as '10 %'.")
    if not result.critic.in_nats:
        raise ValueError(
            f"threshold={threshold!r} is a share, and the critic {result.critic.kind!r} is not in nats: there is no "
            "whole to take it of. Give a number, or measure with --emid-critic=witness."
        )
    return share


def at_most(result: EmidResult) -> str:
    """The most that a critic in nats can read, in words."""
    return f"at most {result.critic.ceiling:.2f}"


def decision_on(
    gate: str,
    estimate: Estimate,
    threshold: float,
    direction: Direction,
    result: EmidResult,
    confidence: float,
    obstacles: list[str],
    *,
    contrast: Estimate | None = None,
    note: str = "",
) -> Decision:
    """The decision on one estimate.

    A ratio is tested without dividing: by a linear `contrast`, which is on the same side of 0 as the ratio is of the
    threshold; the ratio is what the decision shows.
    """
    estimate = rescaled(estimate, confidence)
    tested, limit = (estimate, threshold) if contrast is None else (contrast, 0.0)
    verdict, reason, needed = decide(tested, limit, direction, obstacles)
    return Decision(
        gate=gate,
        verdict=verdict,
        scenario=result.scenario,
        estimate=estimate,
        threshold=threshold,
        direction=direction,
        seed=result.seed,
        reason=reason,
        needed=needed,
        p=within_p_value(tested, limit, direction) if math.isfinite(limit) else None,
        note=note,
    )


def options_of(
    confidence: float | None, undecided: str | None, blind: str | None = None, accept_blind: Collection[str] = ()
) -> EmidConfig:
    """The options of the running test, with the call's arguments on top; the defaults outside of a test."""
    __tracebackhide__ = True
    from pytest_emid.information.facts import KINDS
    from pytest_emid.measuring.unseen import OMISSIONS, PICTURES, REFRAIN

    legal = (*KINDS, OMISSIONS, PICTURES, REFRAIN)
    unknown = [
        kind for kind in ((accept_blind,) if isinstance(accept_blind, str) else accept_blind) if kind not in legal
    ]
    if unknown or isinstance(accept_blind, str):
        raise ValueError(f"accept_blind={accept_blind!r} is not legal. Legal: a set of {', '.join(legal)}.")
    running = recorder.current()
    config = running.config if running is not None else EmidConfig()
    return config.for_call(confidence=confidence, undecided=undecided, blind=blind)


def not_seen(result: EmidResult, at_least: float, config: EmidConfig, accepted: Collection[str]) -> list[str]:
    """Why a loss may not show in what the gate measures; see `measuring.unseen`."""
    from pytest_emid.measuring.unseen import unseen

    return unseen(result, at_least, config.gate_confidence, accepted, config.blind == "undecided")


def blind_note(result: EmidResult, accepted: Collection[str]) -> str:
    """What a decision says about blind spots; empty where there are none."""
    from pytest_emid.measuring.unseen import blind_spots

    spots = blind_spots(result, accepted)
    return f"does not see {spots}" if spots else ""


def conclude(
    decision: Decision,
    result: EmidResult,
    config: EmidConfig,
    explained: Callable[[Decision], str] | None = None,
) -> Decision:
    """Record the decision, and do what its verdict asks for; `explained` says why in place of the usual message."""
    __tracebackhide__ = True
    running = recorder.current()
    if running is not None:
        decision, result = running.settled(decision, result)
    if decision.verdict is Verdict.PASS:
        return decision
    from pytest_emid.plugin.against import against, asks_of_samples
    from pytest_emid.plugin.reports.asked import short
    from pytest_emid.plugin.reports.explain import first_screen, headline, message

    if decision.verdict is Verdict.UNDECIDED and config.undecided == "xfail":
        import pytest

        pytest.xfail(f"{headline(decision)}: {decision.reason}")
    if decision.verdict is Verdict.UNDECIDED and config.undecided == "warn":
        import warnings

        warnings.warn(UndecidedWarning(f"{headline(decision)}: {decision.reason}"), stacklevel=3)
        return decision
    if explained is not None:
        error = AssertionError(explained(decision))
    else:
        # who has no -v to give is told everything
        told = first_screen if running is not None and running.item.config.get_verbosity() <= 0 else message
        speaks = against(decision, result) if asks_of_samples(decision) else None
        error = AssertionError(told(decision, result, config, speaks))
    setattr(error, recorder.SHORT, short(decision))
    if running is not None:
        running.raised(f"its gate said {decision.verdict}: {decision.gate} under {decision.scenario}", error)
    raise error


def check_result(caller: str, result: object) -> None:
    """Refuse what is no result."""
    __tracebackhide__ = True
    if not isinstance(result, EmidResult):
        raise TypeError(f"{caller} takes the result of measure_emid, not {type(result).__name__}.")


def check_number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
) -> None:
    """Refuse what is no number, or one out of range."""
    __tracebackhide__ = True
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}.")
    if not (math.isfinite(value) and above < value < below and least <= value <= most):
        low = f"above {above:g}" if math.isfinite(above) else f"at least {least:g}" if math.isfinite(least) else ""
        high = f"at most {most:g}" if math.isfinite(most) else f"below {below:g}" if math.isfinite(below) else ""
        legal = " and ".join(filter(None, (low, high))) or "a finite number"
        raise ValueError(f"{name}={value!r} is not legal. Legal: {legal}.")
