"""What to suspect when measures of one scenario disagree."""

from __future__ import annotations

import math

from pytest_emid.information.intervals.estimate import Estimate

__all__ = ["suspect"]


def suspect(
    *,
    information_lost: Estimate,
    information_retained: Estimate | None = None,
    decoded_retained: Estimate | None = None,
    cosine_drop: Estimate | None = None,
    exact_drop: Estimate | None = None,
    emid: Estimate | None = None,
    anchored_emid: Estimate | None = None,
    critic_informative: bool | None = None,
) -> tuple[str, ...]:
    """Sentences about disagreements between measures; empty where they agree or are undecided.

    A measure has fallen where its interval lies above 0 (losses, drops, EMID) or below 1 (retained). It is said to
    stand only where its interval holds 0 (or 1): the absence of proof is worded as such.

    Args:
        information_lost: direct reference information, clean minus shifted.
        information_retained: direct form, shifted over clean.
        decoded_retained: decoded form, shifted over clean; None where it cannot be computed.
        cosine_drop: cosine of response to reference, clean minus shifted.
        exact_drop: share of exact matches, clean minus shifted.
        emid: published EMID.
        anchored_emid: EMID with the clean query on both sides.
        critic_informative: whether the critic's held-out R^2 is above 0.
    """
    sentences: list[str] = []
    direct = _fell(information_lost)
    if critic_informative is False:
        sentences.append(
            "The critic explains nothing of held-out references, so EMI and EMID are uninformative here: "
            "fit it on more ID pairs, or gate on information retained."
        )
    if direct and _apart(information_retained, decoded_retained):
        sentences.append(
            "Direct reference information fell and decoded did not follow: suspect that the format or style of the "
            "answers changed, not what they tell."
        )
    if direct is False and _fell(cosine_drop):
        sentences.append(
            "The cosine to the reference fell without a loss of reference information: suspect a common change of "
            "wording or style."
        )
    if direct is False and _fell(exact_drop):
        sentences.append(
            "Exact matches fell without a measurable loss of reference information: suspect an encoder that does not "
            "see the difference between right and wrong answers, or rewordings that the exact match counts as wrong."
        )
    if direct and _fell(exact_drop) is False and exact_drop is not None and exact_drop.se > 0:
        sentences.append(
            "Reference information fell without a measurable drop in exact matches: suspect a change of wording, or "
            "answers that were wrong before and are now further from the reference."
        )
    if critic_informative is not False:
        sentences += _about_emid(direct or bool(_fell(cosine_drop)), emid, anchored_emid)
    return tuple(sentences)


def _about_emid(answers_fell: bool, emid: Estimate | None, anchored: Estimate | None) -> list[str]:
    if _fell(emid) is False and _fell(anchored):
        return [
            "Anchored EMID fell and the published EMID did not: the shift corrupts the query, which lowers both terms "
            "of EMI, so that the published EMID hides the loss."
        ]
    if answers_fell and _fell(anchored if anchored is not None else emid) is False:
        return [
            "The answers moved away from the references and EMID does not show it: suspect the critic (its held-out "
            "R^2 may be question templates, not content)."
        ]
    return []


def _fell(drop: Estimate | None) -> bool | None:
    """True above 0, False where 0 is inside or gained, None where nothing can be said."""
    if drop is None or not math.isfinite(drop.value) or not math.isfinite(drop.low):
        return None
    return drop.low > 0.0


def _apart(direct: Estimate | None, decoded: Estimate | None) -> bool:
    """Whether the decoded form retains clearly more than the direct form."""
    if direct is None or decoded is None or not math.isfinite(decoded.low) or not math.isfinite(direct.high):
        return False
    return decoded.low > direct.high
