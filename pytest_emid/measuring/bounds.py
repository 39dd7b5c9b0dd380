"""How large the divergences of two answered sets allow EMID to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.bounds import published as forms
from pytest_emid.information.bounds.answer_classes import AnswerClasses, cluster_classes, exact_match_classes
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropyScale, EntropySource, entropy_scale_over
from pytest_emid.information.bounds.class_entropy import singleton_share
from pytest_emid.information.bounds.rigorous import rigorous_bound
from pytest_emid.measuring.design import Design
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.entropy import answer_entropy, class_entropy
from pytest_emid.measuring.results import Bound, Divergences
from pytest_emid.models.base import Response

__all__ = ["bounds"]

CLUSTERED_CLASSES: Final = 8
"""Size of the alphabet when free text is put into classes: few enough to be seen often at n = 90."""
UNKNOWN: Final = "the model does not report entropies: H taken as 0, as for greedy decoding, the smallest bound"
REMARKS: Final = {
    EntropySource.GREEDY: "greedy decoding, one reference a query: H = 0",
    EntropySource.SCORES: "H exact, from the probabilities of the drawn answers",
    EntropySource.PATHS: "H by Monte Carlo, from the entropies of the steps that drawn answers took: unbiased for each "
    "query, so that the largest errs upwards",
    EntropySource.SAMPLES: "H by Monte Carlo, from how often drawn answers agree: biased downwards",
    EntropySource.GIVEN: "H from the entropies that the model reported",
}
"""How the entropy scale behind the published forms is known."""
MOSTLY_REPEATED: Final = 0.3
"""Exact answers are an alphabet of their own where at most this share of them was seen only once."""


def bounds(
    clean: Answered,
    shifted: Answered,
    apart: Divergences,
    design: Design,
    centres: NDArray[np.float32],
    seed: int,
) -> Mapping[str, Bound]:
    """Every form of the bound that these answers allow, by name.

    The rigorous form needs answers that are a function of the query (greedy decoding), or several draws to each query;
    it is left out elsewhere. Free text is put into classes by k-means on `centres`.

    Args:
        clean: one side.
        shifted: the other.
        apart: their divergences.
        design: whether they hold the same samples, and the confidence of intervals and limits.
        centres: reference embeddings that decide the classes, disjoint from the tested ones where possible.
        seed: of k-means.
    """
    entropies = answer_entropy(_both(clean, shifted))
    scale = EntropyScale(0.0, EntropySource.GIVEN) if entropies is None else entropy_scale_over(entropies)
    remark = UNKNOWN if entropies is None else REMARKS[entropies.source]
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
    if scale.source is EntropySource.GREEDY or (clean.further and shifted.further):
        found["rigorous"] = _rigorous(clean, shifted, design, centres, seed)
    return found


def _rigorous(
    clean: Answered,
    shifted: Answered,
    design: Design,
    centres: NDArray[np.float32],
    seed: int,
) -> Bound:
    classes, alphabet = _alphabet(clean, shifted, centres, seed)
    of_clean, of_shifted = classes.labels[: 1 + len(clean.draws)], classes.labels[1 + len(clean.draws) :]
    entropies: list[AnswerEntropy | None] = [None, None]
    if clean.further:
        sides = ((clean, of_clean), (shifted, of_shifted))
        entropies = [class_entropy(np.stack([of[0], *of[2:]], axis=1), answered.draws) for answered, of in sides]
    found = rigorous_bound(
        *of_clean[:2],
        *of_shifted[:2],
        entropy_clean=entropies[0],
        entropy_shifted=entropies[1],
        letters=classes.letters,
        paired=design.is_paired,
        clusters_clean=design.clusters,
        clusters_shifted=design.others,
        confidence=design.confidence,
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
    """Classes of (response, reference, further draws) of both sides, and what they are in words."""
    texts: list[list[str]] = []
    sets: list[NDArray[np.float32]] = []
    for side in (clean, shifted):
        texts += [[response.text for response in side.responses], [sample.reference for sample in side.dataset]]
        texts += [[response.text for response in responses] for responses, _ in side.further]
        sets += [side.response, side.reference, *(vectors for _, vectors in side.further)]
    exact = exact_match_classes(*texts)
    if max(singleton_share(labels) for labels in exact.labels) <= MOSTLY_REPEATED:
        return exact, f"classes of equal answers, {exact.letters} of them"
    k = min(CLUSTERED_CLASSES, len(np.unique(centres, axis=0)))
    return cluster_classes(*sets, k=k, seed=seed, fit=centres), f"{k} clusters of answer embeddings as classes"


def _both(clean: Answered, shifted: Answered) -> list[tuple[Response, ...]]:
    """The draws of both sides, one side's queries after the other's."""
    return [a + b for a, b in zip(clean.draws, shifted.draws, strict=True)]
