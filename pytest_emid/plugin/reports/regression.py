"""What a regression gate says when it does not pass: verdict, what else changed, numbers, and what did it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pytest_emid.measuring.format import clip, decimals, interval, number, quantity, visible
from pytest_emid.measuring.plain import scrub
from pytest_emid.measuring.regression import Regression
from pytest_emid.measuring.verdicts import Decision
from pytest_emid.plugin.baselines import in_words
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.reports.explain import headline

__all__ = ["lost_most", "message", "samples"]

WORST: Final = 3
"""Samples that a message shows."""


def message(decision: Decision, found: Regression, where: str, since: Sequence[str], config: EmidConfig) -> str:
    """The whole explanation, about twenty-five lines.

    Args:
        decision: the gate's.
        found: the comparison.
        where: what the baseline is called.
        since: what changed beside the answers.
        config: effective options of the test.
    """
    return scrub("\n".join(_lines(decision, found, where, since, config)))


def _lines(
    decision: Decision, found: Regression, where: str, since: Sequence[str], config: EmidConfig
) -> Iterator[str]:
    estimate = decision.estimate
    yield headline(decision)
    if since:
        yield in_words([visible(change) for change in since])
    yield f"  loss       {quantity(estimate.value, estimate.unit, decimals(estimate))} {interval(estimate)}"
    yield f"  confidence {100 * estimate.confidence:.6g} % ({config.origin('confidence')})"
    old_clean, new_clean, old_shifted, new_shifted = (number(value, 3) for value in found.means)
    old, new = (f"model {visible(result.model)}" for result in (found.matched.old, found.matched.new))
    yield f"  baseline   {old_clean} on clean data, {old_shifted} under the shift ({old}; {visible(where)})"
    yield f"  now        {new_clean} on clean data, {new_shifted} under the shift ({new})"
    yield f"  n          {estimate.n} samples in {estimate.clusters} clusters that both hold"
    yield f"  why        {decision.reason}"
    if decision.note:
        yield f"  note       {decision.note}"
    yield from samples(found)


def samples(found: Regression) -> Iterator[str]:
    """The samples that lost most, with both answers under the shift; where an answer did not change, nothing did."""
    old, new = found.matched.old.shifted.records, found.matched.new.shifted.records
    changed, lost = _changed(found), lost_most(found)
    if not lost:
        return
    yield ""
    yield f"the {min(WORST, len(lost))} samples that lost most (of {len(new)}, {len(changed)} answered otherwise):"
    for rank, i in enumerate(lost[:WORST], start=1):
        before, now = old[i], new[i]
        yield f"{rank}. {clip(now.id, 80)}: lost {number(found.by_sample[i])}"
        yield f"   question   {clip(now.question)}"
        yield f"   reference  {clip(now.reference)}"
        yield f"   baseline   {clip(before.response)}"
        yield f"   now        {clip(now.response)}"


def lost_most(found: Regression) -> list[int]:
    """Positions of the shifted samples that got worse by another answer, worst first."""
    worse = (i for i in _changed(found) if found.by_sample[i] > 0.0)
    return sorted(worse, key=lambda i: (-found.by_sample[i], i))


def _changed(found: Regression) -> list[int]:
    pairs = zip(found.matched.old.shifted.records, found.matched.new.shifted.records, strict=True)
    return [i for i, (before, now) in enumerate(pairs) if before.response != now.response]
