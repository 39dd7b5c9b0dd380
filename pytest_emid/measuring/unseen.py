"""Losses that a measure may not see: contradictions, echoes, omissions, sentences that all answers share."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

import numpy as np

from pytest_emid.information.facts import KINDS
from pytest_emid.information.guards.contradictions import Contradictions, contradiction_guard
from pytest_emid.information.guards.echo import EchoGuard
from pytest_emid.information.guards.omissions import omission_guard
from pytest_emid.information.guards.pictures import is_prior
from pytest_emid.information.guards.refrains import refrain
from pytest_emid.information.intervals.means import (
    retained_contrast,
    retained_interval,
    unpaired_retained_contrast,
    unpaired_retained_interval,
)
from pytest_emid.measuring.format import measured, percent
from pytest_emid.measuring.results import EmidResult, Side

__all__ = ["OMISSIONS", "PICTURES", "REFRAIN", "blind_spots", "unseen"]

OMISSIONS: Final = "omissions"
"""What `accept_blind` calls the guard against answers that leave out what their references say."""
PICTURES: Final = "pictures"
"""What it calls the guard against a model to which the pictures do not matter."""
REFRAIN: Final = "refrain"
"""What it calls the guard against a sentence that many shifted answers add."""


def unseen(
    result: EmidResult, at_least: float, confidence: float, accepted: Collection[str] = (), blind: bool = False
) -> list[str]:
    """Why a loss may not show in this measure: what the guards found, and what nothing here sees.

    Args:
        result: with guards; without them there is nothing to say.
        at_least: the share that must be retained, in (0, 1].
        confidence: of the guards' tests, two-sided.
        accepted: kinds of facts, or the name of a guard, that may go unseen.
        blind: whether blind spots that are not accepted are obstacles.
    """
    if result.sight is None:
        return []
    found = [_echo(result, at_least, confidence)]
    if result.paired:
        found.append(_contradictions(result, at_least, confidence, accepted))
        if OMISSIONS not in accepted:
            before, after = ([r.repeated or 0.0 for r in side.records] for side in (result.clean, result.shifted))
            if any(before):
                found.append(omission_guard(before, after, at_least, _clusters(result.clean), confidence).obstacle)
    found.append(_decoded(result, at_least))
    if PICTURES not in accepted:
        found.append(_unlooked(result))
    if REFRAIN not in accepted:
        texts = [[record.response for record in side.records] for side in (result.clean, result.shifted)]
        repeated = refrain(texts[0], texts[1], [record.reference for record in result.shifted.records])
        found.append(None if repeated is None else repeated.obstacle)
    spots = [kind for kind in result.sight.blind if kind not in accepted]
    if blind and spots:
        found.append(
            f"This measure does not see {blind_spots(result, accepted)}: gate on a metric that does "
            f"(assert_metric_retained), or pass accept_blind={{{', '.join(map(repr, spots))}}}."
        )
    return [sentence for sentence in found if sentence is not None]


def blind_spots(result: EmidResult, accepted: Collection[str] = ()) -> str:
    """The kinds of facts that nothing here sees, with the share of the references that state them; empty if none."""
    if result.sight is None:
        return ""
    present = result.sight.present
    return ", ".join(
        f"{kind} (in {percent(present[kind])} of the references)" for kind in result.sight.blind if kind not in accepted
    )


def _decoded(result: EmidResult, at_least: float) -> str | None:
    """Why a loss that only the decoded form sees forbids a PASS; intervals that overlap say nothing."""
    decoded, direct = result.decoded_retained, result.information_retained
    if decoded is None or not math.isfinite(decoded.high) or decoded.high >= min(at_least, direct.low):
        return None
    return (
        f"Read by a decoder the answers keep {measured(decoded)} of the information, clearly less than the direct form "
        f"({measured(direct)}): the encoder may hardly see what was lost, so this cannot pass."
    )


def _unlooked(result: EmidResult) -> str | None:
    """Why a model that answers by the question alone cannot pass."""
    changes = None if result.sight is None else result.sight.pictures
    if changes is None or not is_prior(changes):
        return None
    return (
        "Where one question is asked of several pictures, and their references differ, the clean answers are the same "
        f"in {percent(1.0 - changes, 0)} of the cases: nothing shows that the model looks at its pictures, and what it "
        "does not look at it cannot lose. Check that they reach it (prompt, chat template). If they need not matter "
        "here, pass accept_blind={'pictures'}."
    )


def _contradictions(result: EmidResult, at_least: float, confidence: float, accepted: Collection[str]) -> str | None:
    before, after = (_found(side, accepted) for side in (result.clean, result.shifted))
    return contradiction_guard(before, after, at_least, _clusters(result.clean), confidence).obstacle


def _echo(result: EmidResult, at_least: float, confidence: float) -> str | None:
    """Why answers that say what their question says cannot pass."""
    before, after = (
        [r.unasked for r in side.records if r.unasked is not None] for side in (result.clean, result.shifted)
    )
    if not before or not after:
        return None
    a, b = _clusters(result.clean), _clusters(result.shifted)
    if result.paired:
        contrast = retained_contrast(before, after, at_least, a, confidence)
        retained = retained_interval(before, after, a, confidence)
    else:
        contrast = unpaired_retained_contrast(before, after, at_least, a, b, confidence)
        retained = unpaired_retained_interval(before, after, a, b, confidence)
    if not math.isfinite(contrast.low):
        return (
            "Without what the answers share with their own question nothing is left of them on clean data: a model "
            "that repeats its questions cannot pass."
        )
    return EchoGuard(retained, contrast, at_least, bool(contrast.high < 0.0)).obstacle


def _found(side: Side, accepted: Collection[str]) -> Contradictions:
    """What the guard compares, from the records of a side."""
    said = [record.contradicts for record in side.records]
    flags = {
        kind: np.array([kind in (kinds or ()) for kinds in said], dtype=np.bool_)
        for kind in KINDS
        if kind not in accepted
    }
    checked = np.array([kinds is not None for kinds in said], dtype=np.bool_)
    return Contradictions(flags, np.full(len(said), np.nan), checked, np.ones(len(said), dtype=np.bool_))


def _clusters(side: Side) -> list[str]:
    return [record.cluster for record in side.records]
