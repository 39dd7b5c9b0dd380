"""How the error probability of the rigorous bound is shared out, and what its parts are made of: exact cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.information.bounds.answer_entropy import AnswerEntropy
from pytest_emid.information.bounds.rigorous import RigorousBound, rigorous_bound
from pytest_emid.information.bounds.tv_limits import coupled_tv_limit
from pytest_emid.information.theory.finite import fannes_audenaert

LETTERS = 4
REFERENCE = np.arange(60) % LETTERS
SAMPLED = AnswerEntropy.given(np.full(60, 0.2))


def unseen(tail: float, groups: int = 60) -> float:
    """The limit of what never happened in so many groups: exact binomial, at half the tail."""
    return 1.0 - (tail / 2.0) ** (1.0 / groups)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.99])
def test_both_outputs_share_the_tail(confidence: float) -> None:
    found = rigorous_bound(*[REFERENCE] * 4, letters=LETTERS, confidence=confidence)
    variation = unseen((1.0 - confidence) / 2.0 / 2.0)
    assert found.total_variation == pytest.approx({"clean": variation, "shifted": variation})
    term = float(fannes_audenaert(variation, LETTERS))
    assert found.terms == pytest.approx({"output_clean": term, "output_shifted": term, "inputs": 0.0, "labels": 0.0})
    assert f" at {100 * (1 + confidence) / 2:g} % one-sided; EMID by delete-one-cluster jackknife" in found.method


def drawn() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(3)
    return tuple(rng.integers(LETTERS, size=n) for n in (60, 60, 48, 48))


CODES = np.arange(60) // 2, np.arange(48) // 4


@pytest.mark.parametrize("method", ["concentration", "normal"])
def test_each_side_s_limit_is_over_its_own_clusters(method: str) -> None:
    found = rigorous_bound(
        *drawn(),
        letters=LETTERS,
        paired=False,
        clusters_clean=CODES[0],
        clusters_shifted=CODES[1],
        limit=method,  # type: ignore[arg-type]
        confidence=0.9,
    )
    sides = drawn()
    clean = coupled_tv_limit(sides[0], sides[1], CODES[0], LETTERS, 0.025, method)
    shifted = coupled_tv_limit(sides[2], sides[3], CODES[1], LETTERS, 0.025, method)
    assert found.total_variation == pytest.approx({"clean": clean.limit, "shifted": shifted.limit})
    observed = [float(fannes_audenaert(side.observed, LETTERS)) for side in (clean, shifted)]
    assert found.plugin == pytest.approx(sum(observed))
    assert found.limit == pytest.approx(min(sum(found.terms.values()), 2.0 * math.log(LETTERS)))
    assert (found.emid.n, found.emid.clusters, found.emid.confidence) == (108, 42, 0.9)


def disagreeing(clusters: int, sides: str) -> RigorousBound:
    """Answers in clusters of two that differ from the reference in some clusters of one side, or of each."""
    wrong = REFERENCE.copy()
    wrong[: 2 * clusters] = (wrong[: 2 * clusters] + 1) % LETTERS
    clean, shifted = (wrong if name in sides else REFERENCE for name in ("clean", "shifted"))
    return rigorous_bound(clean, REFERENCE, shifted, REFERENCE, letters=LETTERS, clusters_clean=CODES[0])


@pytest.mark.parametrize("sides", ["clean", "shifted", "clean and shifted"])
def test_fewer_than_eight_clusters_that_differ_widen_emid_to_the_bound(sides: str) -> None:
    few, enough = disagreeing(7, sides), disagreeing(8, sides)
    assert few.emid.low <= -few.limit
    assert few.emid.high >= few.limit
    assert enough.emid.high < enough.limit
    words = (
        "Fewer than 8 clusters hold an answer unlike its reference: EMID's interval is widened to plus or minus the "
        "bound."
    )
    assert [words in found.notes for found in (few, enough)] == [True, False]


def test_unpaired_clusters_that_differ_add_up() -> None:
    wrong = REFERENCE.copy()
    wrong[:4] = (wrong[:4] + 1) % LETTERS
    found = rigorous_bound(wrong, REFERENCE, wrong, REFERENCE, letters=LETTERS, paired=False)
    assert not any("Fewer than" in note for note in found.notes)
    paired = rigorous_bound(wrong, REFERENCE, wrong, REFERENCE, letters=LETTERS)
    assert any("Fewer than" in note for note in paired.notes)


@pytest.mark.parametrize("which", range(4))
def test_singletons_are_the_worst_of_four_sets(which: int) -> None:
    sets = [REFERENCE.copy() for _ in range(4)]
    sets[which] = np.arange(60)
    found = rigorous_bound(*sets, letters=60)
    assert found.singletons == 1.0
    assert found.undersampled


@pytest.mark.parametrize(
    ("clean", "shifted", "source", "note"),
    [
        (SAMPLED, AnswerEntropy.greedy(60), "given", None),
        (
            AnswerEntropy.from_samples(np.tile([[0, 1]], (60, 1))),
            SAMPLED,
            "samples",
            "Entropies of sampled answers are plug-in, biased downwards, which biases both EMI upwards.",
        ),
        (
            AnswerEntropy.from_drawn(np.tile([[0, 1]], (60, 1)), np.log(np.full((60, 2), 0.5))),
            AnswerEntropy.greedy(60),
            "scores",
            "Entropies of sampled answers are exact, from the model's probabilities.",
        ),
    ],
)
def test_the_weaker_source_names_both(
    clean: AnswerEntropy, shifted: AnswerEntropy, source: str, note: str | None
) -> None:
    for pair in ((clean, shifted), (shifted, clean)):
        found = rigorous_bound(*[REFERENCE] * 4, letters=LETTERS, entropy_clean=pair[0], entropy_shifted=pair[1])
        assert found.source.value == source
        sampled = [text for text in found.notes if text.startswith("Entropies of sampled answers")]
        assert sampled == ([] if note is None else [note])
        assert found.terms["inputs"] == pytest.approx(math.log(LETTERS))
        assert not any("Greedy decoding" in text for text in found.notes)
