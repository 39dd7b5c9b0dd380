"""Sentences that a reader of a result should not miss: what to suspect, and what speaks against a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.answers import Doubts
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.differences import Differences
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.results import CriticReport, Obstacle
from pytest_emid.measuring.scores import Scored

__all__ = ["CONTROL", "answered_by_id", "collapsed", "foreign_questions", "nothing_shifted", "remarks", "suspect"]

CONTROL: Final = "identity"
"""The scenario that shifts nothing, on purpose."""

FOREIGN: Final = 0.1
"""A smaller loss of explained variance than this moves no share retained by much."""
STAYED: Final = 0.8
"""Decoded information that is surely retained to this share stayed high."""


def remarks(
    clean: Scored,
    shifted: Scored,
    changed: Differences,
    critic: CriticReport,
    note: str,
    foreign: str | None,
    doubted: Doubts,
    paired: bool,
) -> tuple[str, ...]:
    """All of them, the gravest first.

    Args:
        clean, shifted: the sides.
        changed: what differs.
        critic: behind EMI and EMID.
        note: what reports must say about the encoders; may be empty.
        foreign: see `foreign_questions`.
        doubted: what speaks against the answers. Where too many are none, the measures' disagreements say nothing of
            what the shift did, and are left out.
        paired: whether both sides hold the same samples.
    """
    measures = {
        "information_retained": changed.information_retained,
        "decoded_retained": changed.decoded_retained,
        "cosine_drop": changed.cosine_drop,
        "exact_drop": changed.exact_drop,
        "emid": changed.emid,
        "anchored_emid": changed.anchored_emid,
    }
    return (
        ((note,) if note else ())
        + doubted.obstacles
        + doubted.remarks
        + collapsed(clean, shifted)
        + ((foreign,) if foreign else ())
        + (() if paired else other_samples(changed))
        + suspect(
            information_lost=changed.information_lost,
            critic_informative=critic.informative,
            clean_cosine=float(clean.cosine.mean()),
            clean_exact=float(clean.exact.mean()),
            **({} if doubted.problems else measures),
        )
    )


def collapsed(clean: Scored, shifted: Scored) -> tuple[str, ...]:
    """Sentences about sides on which every answer is the same."""
    sides = (
        (clean, "clean", "there is nothing that a shift could take away. Check the model, its prompt and its pictures"),
        (shifted, "shifted", "they say nothing about the samples"),
    )
    return tuple(
        f"All {len(side.answered.responses)} {name} answers are the same ({answer[:60]!r}): {meaning}."
        for side, name, meaning in sides
        if (answer := side.answered.only_answer) is not None
    )


def foreign_questions(answered: Answered, calibration: Calibration) -> str | None:
    """Why reference information of an unpaired set reads too high, in a sentence; None where it does not.

    What a question gives away is taken out of answers by a regression that was fitted on clean questions. Of questions
    of another kind (another language) it knows nothing, and what they give away counts as information of the answer.
    """
    fitted = calibration.whitening.explained
    if not np.ptp(answered.reference, axis=0).any():
        return None
    found = calibration.whitening.explains(answered.reference, answered.text)
    if fitted - found <= FOREIGN or found >= fitted / 2:
        return None
    return (
        "These questions are of another kind than the clean ones: what they give away about the references is not what "
        f"was learned there (explained variance {found:.2f}, on clean questions {fitted:.2f}), so that the share "
        "retained reads too high. Compare with a set that asks the same samples, or with a clean set in this language."
    )


def other_samples(changed: Differences) -> tuple[str, ...]:
    """What a loss between sets of other samples need not mean."""
    if not _fell(changed.information_lost) or _fell(changed.exact_drop):
        return ()
    return (
        "Information fell between sets of other samples, and answers need not be worse for it: where references vary "
        "less there is less to tell. Compare with a set that asks the same samples, or gate on a metric.",
    )


def nothing_shifted(
    scenario: str, clean: Dataset, other: Dataset, digests: Callable[[Dataset], Sequence[str]]
) -> Obstacle | None:
    """Why no gate may pass where the shifted queries are the clean ones, and nobody said so."""
    if scenario == CONTROL or not _ask_the_same(clean, other, digests):
        return None
    return Obstacle(
        f"Under {scenario} the {len(other)} pictures and questions are those of the clean set, so nothing was tested. "
        f"Look at what the shift or the dataset gives; a control is measured as {CONTROL!r}."
    )


def answered_by_id(
    model: str, scenario: str, clean: Iterable[tuple[Sample, str]], shifted: Iterable[tuple[Sample, str]]
) -> str | None:
    """Why answers of a model that goes by ids say nothing of a shift, in a sentence; None where they do.

    Such a model, a recording for instance, says the same of a sample whatever a shift made of it.

    Args:
        model: its name.
        scenario: what is measured.
        clean: the clean samples, each with the digest of its picture.
        shifted: likewise.
    """
    known = {sample.id: (sample, digest) for sample, digest in clean}
    for sample, digest in shifted:
        twin, picture = known.get(sample.id, (sample, digest))
        if (sample.question, digest) == (twin.question, picture):
            continue
        what = "question" if sample.question != twin.question else "picture"
        return (
            f"{model!r} answers by sample id alone, so its answer to sample {sample.id!r} was taken for both sets, "
            f"though its {what} differs: what {scenario} does to answers was not measured. Ask the model itself, use a "
            "replay pack of its answers, or give recorded shifted samples ids of their own."
        )
    return None


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
    clean_cosine: float | None = None,
    clean_exact: float | None = None,
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
        clean_cosine: mean cosine on clean data, which tells how much of it was lost.
        clean_exact: share of exact matches on clean data, likewise.
    """
    sentences: list[str] = []
    direct = _fell(information_lost)
    if critic_informative is False:
        sentences.append(
            "The critic explains nothing of held-out references, so EMI and EMID are uninformative here: "
            "fit it on more ID pairs, or gate on information retained."
        )
    companion_collapsed = _collapsed(cosine_drop, clean_cosine) or _collapsed(exact_drop, clean_exact)
    if direct and _apart(information_retained, decoded_retained) and not companion_collapsed:
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
    """Whether the decoded form stayed high, and retains clearly more than the direct form."""
    if direct is None or decoded is None or not math.isfinite(decoded.low) or not math.isfinite(direct.high):
        return False
    return decoded.low > direct.high and decoded.low >= STAYED


def _collapsed(drop: Estimate | None, clean: float | None) -> bool:
    """Whether a companion surely lost more than half of what it was."""
    return drop is not None and clean is not None and clean > 0.0 and drop.low > clean / 2


def _ask_the_same(clean: Dataset, other: Dataset, digests: Callable[[Dataset], Sequence[str]]) -> bool:
    """Whether both ask the same questions about the same pictures, in any order; only then are pictures opened."""
    sides = clean, other
    if len({tuple(sorted(sample.question for sample in side)) for side in sides}) > 1:
        return False
    asked = ([(digest, s.question) for digest, s in zip(digests(side), side, strict=True)] for side in sides)
    return len({tuple(sorted(pairs)) for pairs in asked}) == 1
