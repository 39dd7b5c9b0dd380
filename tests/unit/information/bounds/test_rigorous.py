from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds.published import AnswerEntropy, EntropySource, rigorous_bound
from pytest_emid.information.theory.finite import FiniteInstance, entropy, fannes_audenaert, total_variation
from pytest_emid.information.theory.finite_bounds import rigorous

LETTERS = 4


def answers(rng: np.random.Generator, n: int, clean: float = 0.9, shifted: float = 0.5) -> tuple[np.ndarray, ...]:
    """Responses that repeat the reference with these probabilities, and are class 0 otherwise."""
    reference = rng.integers(LETTERS, size=n)
    said = [np.where(rng.random(n) < q, reference, 0) for q in (clean, shifted)]
    return said[0], reference, said[1], reference


def truth(clean: float = 0.9, shifted: float = 0.5) -> tuple[float, float]:
    """EMID and its bound of `answers`."""
    uniform = np.full(LETTERS, 1 / LETTERS)
    said = [q * uniform + (1 - q) * np.eye(LETTERS)[0] for q in (clean, shifted)]
    bound = sum(float(fannes_audenaert(total_variation(p, uniform), LETTERS)) for p in said)
    return float(entropy(said[0]) - entropy(said[1])), bound


def test_terms_add_up_and_the_plug_in_is_the_theorem_on_observed_frequencies():
    found = rigorous_bound(*answers(np.random.default_rng(0), 200), letters=LETTERS)
    assert found.limit == pytest.approx(sum(found.terms.values()))
    assert (found.terms["inputs"], found.terms["labels"]) == (0.0, 0.0)
    assert found.terms["output_clean"] == pytest.approx(
        float(fannes_audenaert(found.total_variation["clean"], LETTERS))
    )
    clean, reference, shifted, _ = answers(np.random.default_rng(0), 200)
    # The sample itself is a finite instance: 400 queries, each with one answer and one reference.
    one_hot = np.eye(LETTERS)
    instance = FiniteInstance(
        p_x=np.repeat([1 / 200, 0], 200),
        q_x=np.repeat([0, 1 / 200], 200),
        model=one_hot[np.concatenate([clean, shifted])],
        p_y=one_hot[np.concatenate([reference, reference])],
    )
    assert found.plugin == pytest.approx(rigorous(instance).value)
    assert found.emid.value == pytest.approx(instance.emid, abs=0.01)  # the jackknife moves it by its bias
    assert instance.emid <= found.plugin <= found.limit


def test_estimates_approach_the_truth():
    emid, bound = truth()
    found = rigorous_bound(*answers(np.random.default_rng(1), 100_000), letters=LETTERS, limit="normal")
    assert found.emid.value == pytest.approx(emid, abs=0.01)
    assert found.emid.low <= emid <= found.emid.high
    assert found.limit == pytest.approx(bound, abs=0.03)
    assert found.limit >= bound
    assert not found.contradicted
    assert not found.vacuous


@pytest.mark.parametrize("method", ["concentration", "normal"])
def test_limits_hold_at_their_nominal_rate(method: str):
    rng = np.random.default_rng(2)
    emid, bound = truth()
    found = [rigorous_bound(*answers(rng, 90), letters=LETTERS, limit=method) for _ in range(200)]
    assert np.mean([f.limit >= bound for f in found]) >= 0.975
    assert np.mean([f.emid.low <= emid <= f.emid.high for f in found]) == pytest.approx(0.95, abs=0.04)
    assert not any(f.contradicted for f in found)


def test_the_normal_limit_is_narrower():
    sets = answers(np.random.default_rng(3), 200)
    normal = rigorous_bound(*sets, letters=LETTERS, limit="normal")
    assert normal.limit < rigorous_bound(*sets, letters=LETTERS).limit
    assert "large-sample" in normal.method


def test_copies_in_clusters_count_once():
    rng = np.random.default_rng(4)
    sets = answers(rng, 60)
    alone = rigorous_bound(*sets, letters=LETTERS)
    tripled = [np.repeat(labels, 3) for labels in sets]
    clustered = rigorous_bound(*tripled, letters=LETTERS, clusters_clean=np.repeat(np.arange(60), 3))
    assert clustered.limit == pytest.approx(alone.limit)
    assert (clustered.emid.low, clustered.emid.high) == pytest.approx((alone.emid.low, alone.emid.high))
    assert rigorous_bound(*tripled, letters=LETTERS).limit < alone.limit


def test_unpaired_sides_may_differ_in_size_and_in_clusters():
    rng = np.random.default_rng(5)
    clean, reference, _, _ = answers(rng, 120)
    _, _, shifted, other = answers(rng, 80)
    found = rigorous_bound(
        clean,
        reference,
        shifted,
        other,
        letters=LETTERS,
        paired=False,
        clusters_shifted=[f"image {i // 2}" for i in range(80)],
    )
    assert (found.emid.n, found.emid.clusters) == (200, 160)
    assert math.isfinite(found.emid.se)
    paired = rigorous_bound(clean[:80], reference[:80], shifted, other, letters=LETTERS)
    assert paired.emid.n == 80


def test_a_perfect_model_leaves_what_the_sample_cannot_exclude():
    reference = np.arange(60) % LETTERS
    found = rigorous_bound(reference, reference, reference, reference, letters=LETTERS)
    assert found.emid.value == 0.0
    assert found.plugin == 0.0
    assert 0.0 < found.limit < 1.5
    # Without a single disagreement the jackknife has nothing to go by: the theorem bounds EMID from both sides.
    assert (found.emid.low, found.emid.high) == (-found.limit, found.limit)
    assert any("Fewer than 8 clusters" in note for note in found.notes)


def test_emid_does_not_see_wrong_answers_that_keep_their_frequencies():
    reference = np.arange(80) % LETTERS
    found = rigorous_bound(reference, reference, (reference + 1) % LETTERS, reference, letters=LETTERS)
    assert found.emid.value == 0.0
    assert found.notes[-1] == "EMID of classes compares how varied answers are, not whether they are right."


def test_sampled_answers_bring_the_input_term_and_their_entropies():
    sets = answers(np.random.default_rng(6), 100)
    clean, shifted = AnswerEntropy.given(np.full(100, 0.2)), AnswerEntropy.from_samples(np.tile([[0, 1]], (100, 1)))
    greedy = rigorous_bound(*sets, letters=LETTERS)
    sampled = rigorous_bound(*sets, letters=LETTERS, entropy_clean=clean, entropy_shifted=shifted)
    assert sampled.terms["inputs"] == pytest.approx(math.log(LETTERS))
    assert sampled.emid.value == pytest.approx(greedy.emid.value - 0.2 + math.log(2))
    assert sampled.source is EntropySource.SAMPLES
    assert "Input term: log M times 1, the most that TV can be." in sampled.notes


def test_references_that_change_bring_no_term_for_they_are_still_certain():
    """The same queries, each with another reference on the other side: the exact theorem, and its estimate."""
    clean, reference, shifted, _ = answers(np.random.default_rng(8), 100)
    moved = (reference + 1) % LETTERS
    found = rigorous_bound(clean, reference, shifted, moved, letters=LETTERS)
    assert found.terms["labels"] == 0.0
    same = rigorous_bound(clean, reference, clean, moved, letters=LETTERS)
    one_hot, uniform = np.eye(LETTERS), np.full(100, 0.01)
    exact = FiniteInstance(uniform, uniform, one_hot[clean], one_hot[reference], one_hot[moved])
    assert exact.emid <= same.plugin + 1e-9
    assert rigorous(exact).labels > 0.0  # FA of a total variation is loose where both entropies are 0


def test_the_limit_never_exceeds_what_the_alphabet_allows():
    rng = np.random.default_rng(9)
    sets = [rng.integers(LETTERS, size=4) for _ in range(4)]
    found = rigorous_bound(*sets, letters=LETTERS)
    assert found.limit == pytest.approx(2 * math.log(LETTERS))
    assert found.vacuous


def test_mostly_unique_answers_are_flagged():
    unique = np.arange(50)
    found = rigorous_bound(unique, unique, unique[::-1], unique, letters=50)
    assert found.singletons == 1.0
    assert found.undersampled
    assert not rigorous_bound(*answers(np.random.default_rng(10), 50), letters=LETTERS).undersampled


def test_the_note_holds_the_method_first():
    found = rigorous_bound(*answers(np.random.default_rng(11), 60), letters=LETTERS)
    assert found.note.startswith(found.method + ". References are taken as a function of the query on each side")


GOOD = np.array([0, 1, 2])


@pytest.mark.parametrize(
    ("positional", "options", "message"),
    [
        (
            ([0.5, 1.0, 2.0], GOOD, GOOD, GOOD),
            {},
            "response_clean: expected one integer per sample, got float64 of shape (3,). "
            "Make classes with exact_match_classes or cluster_classes.",
        ),
        (
            (GOOD, GOOD, GOOD, [0, 1, 4]),
            {},
            "reference_shifted: label 4 at position 2 is not in 0..3.",
        ),
        ((GOOD, [0, 1], GOOD, GOOD), {}, "reference_clean: 2 labels for 3 samples."),
        (
            (GOOD, GOOD, [0, 1], [0, 1]),
            {},
            "paired sides hold the same samples, got 3 clean and 2 shifted. Pass paired=False for different samples.",
        ),
        (
            (GOOD, GOOD, GOOD, GOOD),
            {"clusters_shifted": [0, 1, 2]},
            "clusters_shifted: paired sides share their clusters. Pass clusters_clean only.",
        ),
        (
            (GOOD, GOOD, GOOD, GOOD),
            {"entropy_clean": AnswerEntropy.greedy(3)},
            "entropy: give it for both sides, or for neither (greedy decoding).",
        ),
        (
            (GOOD, GOOD, GOOD, GOOD),
            {"entropy_clean": AnswerEntropy.greedy(2), "entropy_shifted": AnswerEntropy.greedy(3)},
            "entropy_clean: 2 values for 3 samples.",
        ),
        ((GOOD, GOOD, GOOD, GOOD), {"letters": 0}, "letters: an alphabet has at least one letter, got 0."),
        (
            (GOOD, GOOD, GOOD, GOOD),
            {"limit": "bootstrap"},
            "limit: 'bootstrap' is unknown. Use 'concentration' or 'normal'.",
        ),
        (
            (GOOD, GOOD, GOOD, GOOD),
            {"confidence": 95},
            "confidence: 95 is not between 0 and 1. Use 0.95 for a 95 % interval.",
        ),
    ],
)
def test_labels_and_options_that_do_not_fit_are_refused(positional: tuple, options: dict, message: str):
    with pytest.raises(EstimationError) as caught:
        rigorous_bound(*positional, **{"letters": LETTERS, **options})
    assert str(caught.value) == message
