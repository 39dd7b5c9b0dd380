"""Which forms of the bound two answered sides allow, and what each is made of."""

from __future__ import annotations

import numpy as np
import pytest
from spelled_world import ENCODERS, Replaced, Side, Told, answered, pairs, spell, spoiled

from pytest_emid.data import Dataset
from pytest_emid.information.bounds.answer_classes import cluster_classes, exact_match_classes
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, entropy_scale_over
from pytest_emid.information.bounds.published import (
    input_only,
    published_bound,
    published_code_form,
    scale_adjusted_score,
)
from pytest_emid.information.bounds.rigorous import RigorousBound, rigorous_bound
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult

SEED, CONFIDENCE = 3, 0.8
CALIBRATION = Dataset("calibration", pairs(90, 99, "c")[0])
CLEAN = answered(90)
SHIFTED = spoiled(CLEAN)
ELSEWHERE = answered(72, seed=8, prefix="x", exact=0.05)
GREEDY = "greedy decoding, one reference a query: H = 0"
WORDS = [spell(row) for row in np.eye(8)[:5] + 0.25]
"""Five answers to choose from."""


def measure(clean: Side, shifted: Side, *, paired: bool = True) -> EmidResult:
    measurer = Measurer(
        Told(clean, shifted),
        clean.dataset,
        ENCODERS,
        calibration=CALIBRATION,
        seed=SEED,
        confidence=CONFIDENCE,
        permutations=0,
    )
    return measurer.measure(Replaced(shifted.dataset) if paired else shifted.dataset)


def chosen(side: Side, right: float, name: str = "chosen", seed: int = 0, repeats: int = 1, once: int = 0) -> Side:
    """Answers and references from a few words; the first `once` references are each of their own."""
    rng = np.random.default_rng([21, seed])
    references = rng.integers(5, size=len(side.dataset))
    samples = [s.with_(reference=s.reference if i < once else WORDS[references[i]]) for i, s in enumerate(side.dataset)]
    answers = []
    for _ in range(repeats):
        told = np.where(rng.random(len(samples)) < right, references, rng.integers(2, size=len(samples)))
        answers.append([WORDS[k] for k in told])
    return Side(Dataset(name, samples), answers)


def same(result: EmidResult, wanted: RigorousBound, alphabet: str) -> None:
    found = result.bounds["rigorous"]
    assert found.value == pytest.approx(wanted.limit)
    assert found.terms == pytest.approx(dict(wanted.terms))
    assert found.emid is not None
    assert (found.emid.value, found.emid.low, found.emid.high) == pytest.approx(
        (wanted.emid.value, wanted.emid.low, wanted.emid.high)
    )
    assert (found.emid.n, found.emid.clusters, found.emid.confidence) == (
        wanted.emid.n,
        wanted.emid.clusters,
        CONFIDENCE,
    )
    vacuous = " The limit says no more than the alphabet does." if wanted.vacuous else ""
    assert (found.name, found.unit, found.note) == ("rigorous", "nats", f"{alphabet}. {wanted.note}{vacuous}")


def texts(side: Side) -> tuple[list[str], list[str]]:
    return list(side.answers[0]), [sample.reference for sample in side.dataset]


@pytest.mark.parametrize("paired", [True, False])
def test_answers_that_repeat_are_classes_of_their_own(paired: bool) -> None:
    clean = chosen(CLEAN, 0.9)
    shifted = chosen(SHIFTED, 0.3, "other", repeats=1) if paired else chosen(ELSEWHERE, 0.3, "other", seed=1)
    result = measure(clean, shifted, paired=paired)
    classes = exact_match_classes(*texts(clean), *texts(shifted))
    wanted = rigorous_bound(
        *classes.labels,
        letters=5,
        paired=paired,
        clusters_clean=clean.dataset.clusters,
        clusters_shifted=None if paired else shifted.dataset.clusters,
        confidence=CONFIDENCE,
    )
    same(result, wanted, "classes of equal answers, 5 of them")
    assert not wanted.vacuous
    assert result.bounds["rigorous"].obstacle == ""


def test_free_text_is_put_into_classes_by_calibration_references() -> None:
    result = measure(CLEAN, SHIFTED)
    a, b = CLEAN.arrays(), SHIFTED.arrays()
    centres = Side(CALIBRATION, [[s.reference for s in CALIBRATION]]).arrays().reference
    classes = cluster_classes(a.response, a.reference, b.response, b.reference, k=8, seed=SEED, fit=centres)
    wanted = rigorous_bound(*classes.labels, letters=8, clusters_clean=a.clusters, confidence=CONFIDENCE)
    same(result, wanted, "8 clusters of answer embeddings as classes")


def test_fewer_references_than_classes() -> None:
    few = Dataset("few", [s.with_(reference=WORDS[i % 5]) for i, s in enumerate(CALIBRATION)])
    measurer = Measurer(Told(CLEAN, SHIFTED), CLEAN.dataset, ENCODERS, calibration=few, permutations=0)
    note = measurer.measure(Replaced(SHIFTED.dataset)).bounds["rigorous"].note
    assert note.startswith("5 clusters of answer embeddings as classes. ")


@pytest.mark.parametrize(("once", "exact"), [(27, True), (28, False)])
def test_how_many_answers_may_be_seen_only_once(once: int, exact: bool) -> None:
    result = measure(chosen(CLEAN, 0.9, once=once), chosen(SHIFTED, 0.9, "other", once=once))
    note = result.bounds["rigorous"].note
    assert note.startswith("classes of equal answers, " if exact else "8 clusters ")


def test_what_was_mostly_seen_once_is_an_obstacle() -> None:
    shapes = [np.roll(np.arange(8) + 0.5, i) for i in range(8)]
    many = Dataset("many", [s.with_(reference=spell(shapes[i % 8])) for i, s in enumerate(CALIBRATION)])
    few = Dataset("few", list(CLEAN.dataset)[:12])
    words = [spell(shapes[i % 8] + 0.01 * i) for i in range(12)]  # four classes once, four twice
    clean = Side(Dataset("few", [s.with_(reference=w) for s, w in zip(few, words, strict=True)]), [words])
    shifted = Side(clean.dataset.map("shown", lambda s: s.with_(question=s.question + " ")), [words[::-1]])
    measurer = Measurer(
        Told(clean, shifted), clean.dataset, ENCODERS, calibration=many, permutations=0, confidence=0.9999
    )
    bound = measurer.measure(Replaced(shifted.dataset)).bounds["rigorous"]
    assert bound.obstacle == (
        "33 % of the answers of one set are in classes seen once, so that entropies on these classes mean little: "
        "measure more samples."
    )
    assert bound.note.endswith(" The limit says no more than the alphabet does.")


@pytest.mark.parametrize("entropies", [None, 0.7])
def test_the_published_forms(entropies: float | None) -> None:
    """H is the largest of both sides, and the notes say where it comes from."""
    known = None if entropies is None else [entropies * (1 + i) / 90 for i in range(90)]
    clean = Side(CLEAN.dataset, CLEAN.answers, known)
    result = measure(clean, SHIFTED)
    apart = result.divergences
    js = (apart.image, apart.text, apart.output_clean, apart.output_shifted)
    h = 0.0 if known is None else entropy_scale_over(AnswerEntropy.given(np.array([*known, *[0.0] * 90]))).value
    assert h == (0.0 if entropies is None else entropies)
    words = GREEDY if known is None else "H from the entropies that the model reported"
    wanted = [published_bound(*js, entropy_scale=h), published_code_form(*js, entropy_scale=h)]
    wanted += [scale_adjusted_score(*js), input_only(*js[:2])]
    assert set(result.bounds) == {w.name for w in wanted} | ({"rigorous"} if known is None else set())
    for form in wanted:
        found = result.bounds[form.name]
        assert (found.name, found.unit, found.terms) == (form.name, form.unit, pytest.approx(dict(form.terms)))
        assert found.value == pytest.approx(form.value)
        assert found.note == (form.note if form.entropy is None else f"{form.note}; {words}")
        assert (found.emid, found.obstacle) == (None, "")


@pytest.mark.parametrize("lacking", ["clean", "shifted"])
def test_entropies_of_one_side_alone_are_none(lacking: str) -> None:
    told = [0.4] * 90
    unknown = [None] * 90
    clean = Side(CLEAN.dataset, CLEAN.answers, unknown if lacking == "clean" else told)  # type: ignore[arg-type]
    shifted = Side(SHIFTED.dataset, SHIFTED.answers, told if lacking == "clean" else unknown)  # type: ignore[arg-type]
    result = measure(clean, shifted)
    assert "rigorous" not in result.bounds
    assert result.bounds["published"].terms["image"] == 0.0
    assert result.bounds["published"].note.endswith(
        "; the model does not report entropies: H taken as 0, as for greedy decoding, the smallest bound"
    )


@pytest.mark.parametrize("paired", [True, False])
def test_drawn_answers_bring_their_entropies_and_leave_out_the_one_that_is_measured(paired: bool) -> None:
    unknown = [None] * 90
    clean, shifted = chosen(CLEAN, 0.9, repeats=4), chosen(SHIFTED, 0.3, "other", repeats=4)
    if not paired:
        shifted = chosen(ELSEWHERE, 0.3, "other", seed=1, repeats=4)
    sides = [Side(s.dataset, s.answers, unknown) for s in (clean, shifted)]  # type: ignore[arg-type]
    result = measure(*sides, paired=paired)
    sets = [[*side.answers[:1], [s.reference for s in side.dataset], *side.answers[1:]] for side in (clean, shifted)]
    labels = exact_match_classes(*sets[0], *sets[1]).labels
    ours, theirs = labels[:5], labels[5:]
    entropies = [AnswerEntropy.from_samples(np.stack([of[0], *of[2:]], axis=1)) for of in (ours, theirs)]
    wanted = rigorous_bound(
        *ours[:2],
        *theirs[:2],
        letters=5,
        paired=paired,
        clusters_clean=clean.dataset.clusters,
        clusters_shifted=None if paired else shifted.dataset.clusters,
        entropy_clean=entropies[0],
        entropy_shifted=entropies[1],
        confidence=CONFIDENCE,
    )
    same(result, wanted, "classes of equal answers, 5 of them")
    assert result.bounds["published"].note.endswith(
        "; H by Monte Carlo, from how often drawn answers agree: biased downwards"
    )


def test_drawn_free_text_is_put_into_classes_by_its_embeddings() -> None:
    unknown = [None] * 90
    clean = answered(90, draws=3)
    shifted = spoiled(clean)
    result = measure(*(Side(s.dataset, s.answers, unknown) for s in (clean, shifted)))  # type: ignore[arg-type]
    centres = Side(CALIBRATION, [[s.reference for s in CALIBRATION]]).arrays().reference
    sets = []
    for side in (clean, shifted):
        first, *further = (side.arrays(draw).response for draw in range(3))
        sets += [first, side.arrays().reference, *further]
    labels = cluster_classes(*sets, k=8, seed=SEED, fit=centres).labels
    entropies = [AnswerEntropy.from_samples(np.stack([of[0], *of[2:]], axis=1)) for of in (labels[:4], labels[4:])]
    wanted = rigorous_bound(
        *labels[:2],
        *labels[4:6],
        letters=8,
        clusters_clean=clean.dataset.clusters,
        entropy_clean=entropies[0],
        entropy_shifted=entropies[1],
        confidence=CONFIDENCE,
    )
    same(result, wanted, "8 clusters of answer embeddings as classes")
