"""At which severity a shift breaks a model: bisected, with a gate's own verdicts, because harder never helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_emid.measuring.format import measured, percent
from pytest_emid.measuring.verdicts import Decision, Verdict

__all__ = ["BreakingSeverity", "search"]


@dataclass(frozen=True, slots=True, repr=False)
class BreakingSeverity:
    """How much of a shift a model holds up to.

    Attributes:
        shift: its id, without the severity.
        levels: the severities that there are, rising.
        measure: what was gated on, such as `information retained`.
        at_least: the share that must be retained.
        decisions: by severity, what the gate said where it was asked; of a severity below one that passed it was not.

    `str` says it in a line: `defocus_blur holds up to 3 and breaks at 4 (information retained >= 90 %)`.
    """

    shift: str
    levels: tuple[int, ...]
    measure: str
    at_least: float
    decisions: Mapping[int, Decision]

    @property
    def holds_up_to(self) -> int:
        """The highest severity at which the gate says PASS; 0 where there is none."""
        return max(self._that_said(Verdict.PASS), default=0)

    @property
    def breaks_at(self) -> int | None:
        """The lowest severity at which the gate says FAIL; None where there is none."""
        return min(self._that_said(Verdict.FAIL), default=None)

    @property
    def likely(self) -> int:
        """The highest severity whose estimate is within the threshold; 0 where there is none.

        It is `holds_up_to` unless a gate is UNDECIDED: what to expect, and no verdict.
        """
        return max((level for level, found in self.decisions.items() if _is_within(found)), default=0)

    @property
    def undecided(self) -> tuple[int, ...]:
        """The severities above `holds_up_to` at which the gate said UNDECIDED, rising."""
        return tuple(level for level in self._that_said(Verdict.UNDECIDED) if level > self.holds_up_to)

    def __str__(self) -> str:
        holds, breaks = self.holds_up_to, self.breaks_at
        if holds == self.levels[-1]:
            said = f"holds up to {holds}, the highest severity"
        elif holds:
            said = f"holds up to {holds}"
        else:
            said = f"does not surely hold at {self.levels[0]}" if breaks is None else "holds at no severity"
        parts = [f"{level} is undecided ({measured(self.decisions[level].estimate)})" for level in self.undecided]
        forbids = next(filter(None, (_forbids(self.decisions[level]) for level in self.undecided)), "")
        parts += [f"breaks at {breaks}"] if breaks is not None else []
        rest = "".join(f", {part}" for part in parts)
        return f"{self.shift} {said}{rest} ({self.measure} >= {percent(self.at_least, 0)}){forbids}"

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Plain types only."""
        return {
            "shift": self.shift,
            "measure": self.measure,
            "at_least": float(self.at_least),
            "holds_up_to": self.holds_up_to,
            "breaks_at": self.breaks_at,
            "undecided": list(self.undecided),
            "said": str(self),
            "verdicts": {str(level): str(found.verdict) for level, found in sorted(self.decisions.items())},
        }

    def _that_said(self, verdict: Verdict) -> list[int]:
        return sorted(level for level, found in self.decisions.items() if found.verdict is verdict)


def search(levels: Sequence[int], decide: Callable[[int], Decision]) -> dict[int, Decision]:
    """The gate's decisions at the severities that tell where the shift breaks the model.

    Bisects by the side of the threshold on which the estimate lies. Where the last one that lies within is UNDECIDED,
    goes on down to one that passes: what holds is a verdict, and never a guess.

    Args:
        levels: rising.
        decide: measures a severity, and says what the gate says of it.
    """
    found: dict[int, Decision] = {}
    low, high = -1, len(levels)  # positions: the last one that is within, the first one that is not
    while high - low > 1:
        middle = (low + high) // 2
        decision = found[levels[middle]] = decide(levels[middle])
        low, high = (middle, high) if _is_within(decision) else (low, middle)
    while low >= 0:
        level = levels[low]
        if level not in found:
            found[level] = decide(level)
        if found[level].verdict is Verdict.PASS:
            break
        low -= 1
    return dict(sorted(found.items()))


def _forbids(undecided: Decision) -> str:
    """What forbids a PASS though the whole interval is within the threshold; empty where it is not."""
    return f": {undecided.reason}" if undecided.estimate.low >= undecided.threshold else ""


def _is_within(decision: Decision) -> bool:
    """Whether a gate that asks for at least so much is on the side of PASS."""
    if decision.verdict is not Verdict.UNDECIDED:
        return decision.verdict is Verdict.PASS
    return decision.estimate.value >= decision.threshold
