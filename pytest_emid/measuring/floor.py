"""The noise floor: what a model's answers to the clean questions lose when they are only asked again.

A model that is sampled, served or run in batches on a GPU does not repeat itself, and where clean samples were chosen
because it got them right, part of every drop is no shift's work. So the clean questions can be asked K times more. The
means of those scores, by sample, then take the place of the first answers' scores on the clean side: all that is
reported and gated is the drop beyond the floor. The first answers stay what records show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pytest_emid.information.answers import answer_key
from pytest_emid.information.intervals.means import paired_interval
from pytest_emid.measuring.findings import Floor
from pytest_emid.measuring.scores import Scored, mean_amounts, mean_of

__all__ = ["again"]


def again(first: Scored, repeats: Sequence[Scored], confidence: float) -> tuple[Scored, Floor]:
    """The clean side with the mean scores of its repeats in place of its own, and what they have lost.

    Args:
        first: the first answers, scored.
        repeats: the same questions asked again, scored as a shifted side is.
        confidence: of intervals, two-sided.
    """
    keys = [[answer_key(response.text) for response in side.answered.responses] for side in (first, *repeats)]
    differ = [a != b for side in keys[1:] for a, b in zip(keys[0], side, strict=True)]
    names = ("information", "common", "cosine", "exact")
    information, common, cosine, exact = (mean_of([getattr(side, name) for side in repeats]) for name in names)
    lost = partial(paired_interval, clusters=first.clusters, confidence=confidence)
    floor = Floor(
        repeats=len(repeats),
        differ=sum(differ) / len(differ),
        information=lost(first.information, information, unit="cosine"),
        exact=lost(first.exact, exact, support=(0.0, 1.0), unit="fraction"),
    )
    decoded = [side.decoded for side in repeats if side.decoded is not None]
    clean = replace(
        first,
        amounts=mean_amounts([side.amounts for side in repeats]),
        information=information,
        common=common,
        decoded=mean_of(decoded) if decoded else None,
        cosine=cosine,
        exact=exact,
        repeats=tuple(side.answered for side in repeats),
    )
    return clean, floor
