"""How far apart two answered sets are, and how large that allows EMID to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.answered import Answered
from pytest_emid.information import bounds as forms
from pytest_emid.information.answer_classes import AnswerClasses, cluster_classes, exact_match_classes
from pytest_emid.information.answer_entropy import AnswerEntropy, EntropyScale, EntropySource, entropy_scale_over
from pytest_emid.information.class_bounds import rigorous_bound
from pytest_emid.information.class_entropy import singleton_share
from pytest_emid.information.divergence import EmbeddingSet, rjsd
from pytest_emid.information.divergence_nulls import permutation_test, swap_test
from pytest_emid.results import Bound, Divergences

__all__ = ["bounds", "divergences"]

CLUSTERED_CLASSES: Final = 8
"""Size of the alphabet when free text is put into classes: few enough to be seen often at n = 90."""
MOSTLY_REPEATED: Final = 0.3
"""Exact answers are an alphabet of their own where at most this share of them was seen only once."""


def divergences(clean: Answered, shifted: Answered, paired: bool, permutations: int, seed: int) -> Divergences:
    """RJSD of pictures, questions and answers, with the p-values of input drift.

    Args:
        clean: one side.
        shifted: the other.
        paired: whether they hold the same samples.
        permutations: of the null, at least 199; 0 leaves the p-values out.
        seed: of the null.
    """
    return Divergences(
        image=rjsd(clean.image, shifted.image),
        text=rjsd(clean.text, shifted.text),
        output_clean=rjsd(clean.response, clean.reference),
        output_shifted=rjsd(shifted.response, shifted.reference),
        image_p=_drift(clean, shifted, clean.image, shifted.image, paired, permutations, seed),
        text_p=_drift(clean, shifted, clean.text, shifted.text, paired, permutations, seed),
    )


def _drift(
    clean: Answered,
    shifted: Answered,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    paired: bool,
    permutations: int,
    seed: int,
) -> float | None:
    """p-value of "nothing drifted"; None where nothing differs or no null was asked for."""
    if permutations == 0 or (paired and np.array_equal(before, after)):
        return None
    p, q = EmbeddingSet(before, "clean"), EmbeddingSet(after, "shifted")
    clusters = clean.dataset.clusters
    if paired:
        return swap_test(p, q, resamples=permutations, seed=seed, clusters=clusters).p_value
    others = shifted.dataset.clusters
    return permutation_test(p, q, resamples=permutations, seed=seed, clusters_p=clusters, clusters_q=others).p_value


def bounds(
    clean: Answered,
    shifted: Answered,
    apart: Divergences,
    paired: bool,
    centres: NDArray[np.float32],
    confidence: float,
    seed: int,
) -> Mapping[str, Bound]:
    """Every form of the bound that these answers allow, by name.

    The rigorous form needs answers that are a function of the query (greedy decoding), which the backend has to say;
    it is left out where it does not. Free text is put into classes by k-means on `centres`.

    Args:
        clean: one side.
        shifted: the other.
        apart: their divergences.
        paired: whether they hold the same samples.
        centres: reference embeddings that decide the classes, disjoint from the tested ones where possible.
        confidence: of intervals and limits.
        seed: of k-means.
    """
    entropies = [response.entropy for side in (clean, shifted) for response in side.responses]
    known = [entropy for entropy in entropies if entropy is not None]
    told = len(known) == len(entropies)
    greedy = told and not any(known)
    if greedy:
        scale, remark = EntropyScale(0.0, EntropySource.GREEDY), "greedy decoding, one reference a query: H = 0"
    elif told:
        scale, remark = entropy_scale_over(AnswerEntropy.given(known)), "H from the entropies that the model reported"
    else:
        scale = EntropyScale(0.0, EntropySource.GIVEN)
        remark = "the model does not report entropies: H taken as 0, as for greedy decoding, the smallest bound"
    terms = (apart.image, apart.text, apart.output_clean, apart.output_shifted)
    estimates = [
        forms.published_bound(*terms, entropy_scale=scale),
        forms.published_code_form(*terms, entropy_scale=scale),
        forms.scale_adjusted_score(*terms),
        forms.input_only(apart.image, apart.text),
    ]
    found = {
        estimate.name: Bound(
            estimate.name,
            estimate.value,
            estimate.unit,
            dict(estimate.terms),
            estimate.note if estimate.entropy is None else f"{estimate.note}; {remark}",
        )
        for estimate in estimates
    }
    if greedy:
        found["rigorous"] = _rigorous(clean, shifted, paired, centres, confidence, seed)
    return found


def _rigorous(
    clean: Answered,
    shifted: Answered,
    paired: bool,
    centres: NDArray[np.float32],
    confidence: float,
    seed: int,
) -> Bound:
    classes, alphabet = _alphabet(clean, shifted, centres, seed)
    found = rigorous_bound(
        *classes.labels,
        letters=classes.letters,
        paired=paired,
        clusters_clean=clean.dataset.clusters,
        clusters_shifted=None if paired else shifted.dataset.clusters,
        confidence=confidence,
    )
    note = f"{alphabet}. {found.note}"
    if found.vacuous:
        note += " The limit says no more than the alphabet does."
    obstacle = ""
    if found.undersampled:
        obstacle = (
            f"{100 * found.singletons:.0f} % of the answers of one set are in classes seen once, so that entropies on "
            "these classes mean little: measure more samples."
        )
    return Bound("rigorous", found.limit, "nats", dict(found.terms), note, found.emid, obstacle)


def _alphabet(clean: Answered, shifted: Answered, centres: NDArray[np.float32], seed: int) -> tuple[AnswerClasses, str]:
    """Classes of (response, reference) of both sides, and what they are in words."""
    texts = []
    for side in (clean, shifted):
        texts += [[response.text for response in side.responses], [sample.reference for sample in side.dataset]]
    exact = exact_match_classes(*texts)
    if max(singleton_share(labels) for labels in exact.labels) <= MOSTLY_REPEATED:
        return exact, f"classes of equal answers, {exact.letters} of them"
    sets = (clean.response, clean.reference, shifted.response, shifted.reference)
    k = min(CLUSTERED_CLASSES, len(np.unique(centres, axis=0)))
    return cluster_classes(*sets, k=k, seed=seed, fit=centres), f"{k} clusters of answer embeddings as classes"
