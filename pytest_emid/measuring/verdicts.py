"""Verdicts: how an estimate with an interval is held against a threshold.

FAIL when the whole interval is beyond the threshold, PASS when the whole interval is within it, UNDECIDED otherwise.
What was not measured never passes: an estimate that is no number fails; too few samples, an interval without limits
or a critic that explains nothing leave a gate undecided at best. Such reasons never turn a FAIL into less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.plain import scrub

__all__ = [
    "MINIMUM_CLUSTERS",
    "MINIMUM_SAMPLES",
    "Decision",
    "Direction",
    "UndecidedWarning",
    "Verdict",
    "decide",
    "rescaled",
    "within_p_value",
]

MINIMUM_SAMPLES: Final = 60
"""Fewer samples never pass: the intervals were validated from here up."""

MINIMUM_CLUSTERS: Final = 20
"""Fewer independent units never pass, however many samples share them."""


class Verdict(StrEnum):
    """What a gate found."""

    PASS = "PASS"
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"

    @property
    def severity(self) -> int:
        """0 for PASS, 1 for UNDECIDED, 2 for FAIL."""
        return ("PASS", "UNDECIDED", "FAIL").index(self.value)


class Direction(StrEnum):
    """On which side of the threshold the truth must be."""

    BELOW = "below"
    ABOVE = "above"


class UndecidedWarning(UserWarning):
    """A gate that could not be decided, under `emid_undecided = warn`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A gate's verdict and everything that it rests on.

    Attributes:
        gate: what was asked, such as `information retained`.
        verdict: the answer.
        scenario: of the result.
        estimate: what was held against the threshold, with the interval that decided.
        threshold: in the estimate's unit.
        direction: on which side the truth must be.
        seed: base seed of the shift.
        reason: why the verdict is what it is, in a sentence.
        needed: samples in all that would decide with 80 % power; None where no number would, or none is needed.
        p: one-sided p-value of "the truth is within the threshold"; small where the gate fails. None without spread.
        note: fine print, such as "a score, not a bound".
        attempt: 1, or more where a plugin ran the test again.
        result: key of the result, filled in by the recorder.
        look: under early stopping, the look that decided, from 1; 0 elsewhere.
        whole: under early stopping, the samples that there are in all, at the last look without those that were left
            out; 0 elsewhere.
    """

    gate: str
    verdict: Verdict
    scenario: str
    estimate: Estimate
    threshold: float
    direction: Direction
    seed: int
    reason: str
    needed: int | None = None
    p: float | None = None
    note: str = ""
    attempt: int = 1
    result: str = ""
    look: int = 0
    whole: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain types only, without lone surrogates: it crosses processes."""
        estimate = {name: _plain(value) for name, value in self.estimate.to_dict().items()}
        plain = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "estimate"}
        return {**plain, "estimate": estimate}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """The inverse of `to_dict`."""
        return cls(
            **{
                **data,
                "verdict": Verdict(data["verdict"]),
                "direction": Direction(data["direction"]),
                "estimate": Estimate.from_dict(dict(data["estimate"])),
            }
        )


def decide(
    estimate: Estimate, threshold: float, direction: Direction, obstacles: Sequence[str] = ()
) -> tuple[Verdict, str, int | None]:
    """The verdict on one estimate.

    Args:
        estimate: its interval decides, at the interval's own confidence.
        threshold: in the estimate's unit.
        direction: BELOW passes when the truth is at most the threshold, ABOVE when it is at least that.
        obstacles: reasons why this estimate cannot support a PASS, as sentences.

    Returns:
        The verdict, its reason in a sentence, and the samples in all that would decide (None where no number would).
    """
    if not math.isfinite(estimate.value) or math.isnan(estimate.low) or math.isnan(estimate.high):
        return Verdict.FAIL, f"The estimate is {estimate}, which is no number: nothing was measured.", None
    if not math.isfinite(threshold):
        return Verdict.UNDECIDED, " ".join([f"There is no threshold: it is {threshold}.", *obstacles]), None
    below = direction is Direction.BELOW
    limit_within, limit_beyond = (estimate.high, estimate.low) if below else (estimate.low, estimate.high)
    beyond, within = (
        (limit_beyond > threshold, limit_within <= threshold)
        if below
        else (limit_beyond < threshold, limit_within >= threshold)
    )
    if beyond:
        return Verdict.FAIL, f"The whole interval is {'above' if below else 'below'} the threshold.", None
    obstacles = [*_too_few(estimate), *obstacles]
    if within and not obstacles:
        return Verdict.PASS, f"The whole interval is {'within' if below else 'at or above'} the threshold.", None
    if within:
        return Verdict.UNDECIDED, " ".join(obstacles), None
    if obstacles and not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return Verdict.UNDECIDED, " ".join(obstacles), None  # they say why there are no limits
    needed = _needed(estimate, threshold)
    return Verdict.UNDECIDED, " ".join([_why_undecided(estimate, needed), *obstacles]), needed


def rescaled(estimate: Estimate, confidence: float) -> Estimate:
    """The same estimate with its t interval at another confidence.

    The degrees of freedom are read from the present interval. An estimate without spread or without limits is
    returned with its limits as they are.
    """
    if math.isclose(estimate.confidence, confidence, rel_tol=0.0, abs_tol=1e-12):
        return estimate
    if not _has_spread(estimate):
        return replace(estimate, confidence=confidence)
    from scipy.special import ndtri, stdtrit

    df = _degrees_of_freedom(estimate)
    level = 0.5 + confidence / 2
    half = estimate.se * float(ndtri(level) if df is None else stdtrit(df, level))
    return replace(estimate, low=estimate.value - half, high=estimate.value + half, confidence=confidence)


def within_p_value(estimate: Estimate, threshold: float, direction: Direction) -> float | None:
    """One-sided p-value of the hypothesis that the truth is within the threshold; None without a standard error.

    Uses the degrees of freedom that the estimate's interval was made with, so that p <= (1 - confidence) / 2 exactly
    where the gate fails.
    """
    if not _has_spread(estimate):
        return None
    from scipy.special import ndtr, stdtr

    distance = (estimate.value - threshold) / estimate.se
    score = distance if direction is Direction.BELOW else -distance
    df = _degrees_of_freedom(estimate)
    return float(ndtr(-score) if df is None else stdtr(df, -score))


def _has_spread(estimate: Estimate) -> bool:
    return math.isfinite(estimate.value) and math.isfinite(estimate.high) and estimate.se > 0.0


def _degrees_of_freedom(estimate: Estimate) -> float | None:
    """Those of the t interval that the estimate has; None for a normal interval."""
    from scipy.special import ndtri, stdtridf

    # the nearer limit: the other one may allow for what was not seen
    reach = min(estimate.high - estimate.value, estimate.value - estimate.low) / estimate.se
    level = 0.5 + estimate.confidence / 2
    return None if reach <= float(ndtri(level)) * (1.0 + 1e-9) else float(stdtridf(level, reach))


def _too_few(estimate: Estimate) -> list[str]:
    if estimate.n < MINIMUM_SAMPLES:
        return [f"{estimate.n} samples never pass: intervals are validated from {MINIMUM_SAMPLES} samples up."]
    if estimate.clusters < MINIMUM_CLUSTERS:
        return [
            f"{estimate.n} samples in {estimate.clusters} clusters never pass: intervals are validated from "
            f"{MINIMUM_CLUSTERS} clusters up. Samples that share an image are one cluster."
        ]
    return []


def _needed(estimate: Estimate, threshold: float) -> int | None:
    from pytest_emid.information.intervals.power import samples_to_decide

    needed = samples_to_decide(estimate, threshold)
    return None if needed is None or needed <= estimate.n else needed


def _why_undecided(estimate: Estimate, needed: int | None) -> str:
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return "The interval has no limits."
    if needed is None:
        return "The interval holds the threshold, and the estimate is too close to it for any number of samples."
    return (
        f"The interval holds the threshold: about {_round_up(needed - estimate.n):,} more samples would decide "
        "(80 % power, if the truth is the estimate). Decide once: adding samples until it passes errs more often."
    )


def _round_up(count: int) -> int:
    """To two significant digits: more would be a false promise."""
    step: int = 10 ** max(len(str(count)) - 2, 0)
    return -(-count // step) * step


def _plain(value: Any) -> Any:
    """An enumeration as its text, a NumPy scalar as its number, a text that can be sent."""
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, int):
        return value
    return float(value) if isinstance(value, float) else value.item()
