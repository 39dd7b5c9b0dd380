"""A measurement in stages of whole pictures: each holds the pictures of the one before, and the last one all."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection
from dataclasses import replace

from pytest_emid.data.dataset import Dataset
from pytest_emid.information.guards.pictures import picture_changes
from pytest_emid.information.intervals.looks import SHARES, Look, looks_p_value, unchanged_confidence
from pytest_emid.information.reference.decoded import FEWEST_TO_DECODE
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import MINIMUM_CLUSTERS, MINIMUM_SAMPLES, Decision, Verdict

__all__ = ["Staged", "decided", "repeats_questions", "stages_of"]

Ids = Collection[str]
Decide = Callable[[float], Decision]
"""What a gate says of one result, with intervals of this two-sided confidence."""


class Staged:
    """One scenario that can be measured in stages.

    Args:
        shares: of the clusters, that the stages hold; rising to 1.
        whole: samples of the shifted side in all.
        measure: measures the stage of a number, from 1; the same number gives the same result.
        repeats_questions: whether all samples together tell a language prior; see the function.

    Attributes:
        shares, whole, repeats_questions: as given.
    """

    def __init__(
        self,
        shares: tuple[float, ...],
        whole: int,
        measure: Callable[[int], EmidResult],
        *,
        repeats_questions: bool = False,
    ) -> None:
        self.shares = shares
        self.whole = whole
        self.repeats_questions = repeats_questions
        self._measure = measure

    def result(self, number: int) -> EmidResult:
        """The measurement of the stage of this number."""
        return self._measure(number)

    def all(self) -> EmidResult:
        """The measurement of all samples."""
        return self._measure(len(self.shares))


def stages_of(clean: Dataset, shifted: Dataset, paired: bool, seed: int) -> list[tuple[float, list[str], list[str]]]:
    """Of each stage, the share of the clean clusters that it holds, and the ids of its clean and shifted samples.

    Clusters come in an order that follows from the seed and their own names, so that samples that are added or sorted
    otherwise do not change who comes before whom. No stage but the last is smaller than what a gate can pass on.
    """
    stages = []
    for share in SHARES[:-1]:
        ids, count, of = _part(clean, share, seed)
        others = ids if paired else _part(shifted, share, seed)[0]
        if all(_is_enough(dataset, part) for dataset, part in ((clean, ids), (shifted, others))):
            stages.append((count / of, ids, others))
    rising = [stage for i, stage in enumerate(stages) if stage[0] < 1.0 and (not i or stage[0] > stages[i - 1][0])]
    return [*rising, (1.0, list(clean.ids), list(shifted.ids))]


def repeats_questions(dataset: Dataset) -> bool:
    """Whether enough questions are asked of several pictures to tell a model that does not look at them.

    Opens no picture: samples of one picture share a cluster.
    """
    pictures = [sample.cluster_id if sample.pictures else "" for sample in dataset]
    references = [sample.reference for sample in dataset]
    questions = [sample.question for sample in dataset]
    return picture_changes(questions, pictures, references, references) is not None


def decided(
    look: Look,
    whole: int,
    decide: Decide,
    *,
    unchanged: bool = False,
    by_information: bool = False,
    untold: bool = False,
) -> Decision:
    """What a gate says at one look: PASS and FAIL each at the confidence that this look leaves for it.

    Args:
        look: which.
        whole: samples in all; a verdict on fewer says so.
        decide: the gate on what was measured up to this look.
        unchanged: no answer changed under the shift, so that no measure of them did: see `unchanged_confidence`.
        by_information: the gate rests on the direct form. It does not PASS on fewer samples than a decoder reads where
            more are to come: the decoder's objection is one of those that a PASS must survive.
        untold: whether all samples would tell if the model looks at its pictures, and those so far do not: such a gate
            does not PASS on them either.
    """
    at_fail = decide(look.fails_at)
    n, clusters = at_fail.estimate.n, at_fail.estimate.clusters
    decision = at_fail
    if at_fail.verdict is not Verdict.FAIL:
        decision = decide(look.passes_at)
        if decision.verdict is not Verdict.PASS and unchanged and look.of > 1:
            on_pictures = decide(unchanged_confidence(n, clusters))
            decision = on_pictures if on_pictures.verdict is Verdict.PASS else decision
        more = look.number < look.of
        if by_information and decision.verdict is Verdict.PASS and more and n < FEWEST_TO_DECODE <= whole:
            reason = f"{n} samples are too few for a decoder to object, and there are {whole}."
            decision = replace(decision, verdict=Verdict.UNDECIDED, reason=reason)
        elif by_information and decision.verdict is Verdict.PASS and more and untold:
            reason = "Too few questions were asked of several pictures to tell whether the model looks at them."
            decision = replace(decision, verdict=Verdict.UNDECIDED, reason=reason)
    when = f" At look {look.number} of {look.of}, {n:,} of {whole:,} samples." if look.of > 1 else ""
    p = None if decision.p is None else looks_p_value(decision.p, look)
    there = whole if look.number < look.of else n  # samples that were left out are not to come any more
    return replace(decision, reason=f"{decision.reason}{when}", p=p, look=look.number, whole=there)


def _part(dataset: Dataset, share: float, seed: int) -> tuple[list[str], int, int]:
    """Ids of the samples in this share of the clusters, how many clusters these are, and of how many."""
    order = sorted(set(dataset.clusters), key=lambda name: _place(seed, name))
    count = math.ceil(share * len(order) - 1e-9)
    kept = set(order[:count])
    ids = [sample.id for sample in dataset if sample.cluster_id in kept]
    return ids, count, len(order)


def _is_enough(dataset: Dataset, ids: Ids) -> bool:
    kept = set(ids)
    clusters = {sample.cluster_id for sample in dataset if sample.id in kept}
    return len(kept) >= MINIMUM_SAMPLES and len(clusters) >= MINIMUM_CLUSTERS


def _place(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"stage:{seed}:{name}".encode("utf-8", "surrogatepass")).digest()
