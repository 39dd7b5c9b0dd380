"""The guard against contradictions: who contradicts, when a PASS is withheld, and what is out of reach."""

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.facts import KINDS
from pytest_emid.information.guards.contradictions import (
    Contradictions,
    Reach,
    blind_spots,
    contradiction_guard,
    contradictions,
    contrast_kept,
    falsified_contrast,
    looked_up,
    reach_of,
    texts_for_contradictions,
    texts_for_reach,
)
from pytest_emid.information.intervals.means import mean_interval

ANSWERS = ["I can see a cat.", "The cat is on the left.", "There are two red dogs.", "Blurred"]
REFERENCES = ["There is a cat.", "You see it on the right side.", "Two red dogs are here.", "A house"]


def bag(texts):
    """A word is a direction: enough to tell a sentence from its negation."""
    rows = np.zeros((len(texts), 64))
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().strip(".").replace("cannot", "not can").replace("no ", "not a ").split():
            rng = np.random.default_rng(sum(map(ord, word)))
            row += rng.normal(size=64)
    return rows


def flags(*contradicting, n=4, checked=True):
    """n samples, of which those at these positions contradict."""
    found = np.zeros(n, dtype=bool)
    found[list(contradicting)] = True
    nothing = np.zeros(n, dtype=bool)
    by_kind = {kind: found if kind == "side" else nothing for kind in KINDS}
    return Contradictions(by_kind, np.full(n, np.nan), np.full(n, checked), np.ones(n, dtype=bool))


def test_contradictions():
    found = contradictions(ANSWERS, REFERENCES, bag)
    assert {kind: flags.tolist() for kind, flags in found.by_kind.items() if flags.any()} == {
        "side": [False, True, False, False]
    }
    assert found.any.tolist() == [False, True, False, False]
    assert found.checked.tolist() == [True, True, True, False]
    assert found.contrast[0] > 0.5
    assert np.isnan(found.contrast[[3]]).all()


@pytest.mark.parametrize(
    ("answer", "reference", "contradicts"),
    [
        ("I can see a cat.", "There is a cat.", False),
        ("I cannot see a cat.", "There is a cat.", True),
        ("I cannot see a cat.", "There is no cat.", False),
        ("No.", "Yes.", True),
        ("Cat", "There is a cat.", False),
    ],
)
def test_polarity(answer, reference, contradicts):
    found = contradictions([answer], [reference], bag)
    assert found.by_kind["polarity"].tolist() == [contradicts]


def test_contrast_is_the_cosine_of_the_steps_to_the_negations():
    vectors = {
        "It is.": [1.0, 0.0, 0.0], "It is not.": [0.0, 1.0, 0.0],
        "He was.": [0.0, 0.0, 1.0], "He was not.": [0.0, 1.0, 0.0],
    }  # fmt: skip
    embed = looked_up(list(vectors), list(vectors.values()))
    found = contradictions(["It is.", "It is not."], ["He was."] * 2, embed)
    assert found.contrast == pytest.approx([0.5, -0.5])


def test_languages_that_are_not_known():
    found = contradictions(["Le chat est à gauche.", "12", "The cat"], ["Le chat est à droite.", "13", "Кот"], bag)
    assert found.known.tolist() == [False, True, False]
    assert found.checked.tolist() == [False, True, False]
    assert found.any.tolist() == [False, True, False]


def test_clean_answers_bear_witness_where_references_settle_nothing():
    before, after = ["There are four dogs."] * 2, ["There are five dogs."] * 2
    references = ["Dogs are playing.", "Five dogs are playing."]
    assert not contradictions(after, references, bag).any.any()
    assert contradictions(after, references, bag, before).by_kind["number"].tolist() == [True, False]
    assert not contradictions(before, references, bag, before).by_kind["number"][0]


def test_embeddings_are_asked_for_once_and_only_where_they_are_needed():
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return bag(texts)

    contradictions(ANSWERS, REFERENCES, embed)
    assert asked == [texts_for_contradictions(ANSWERS, REFERENCES)]
    asked.clear()
    contradictions(["Cat", "left"], ["Dog", "right"], embed)
    assert asked == []


def test_precomputed_embeddings():
    texts = texts_for_contradictions(ANSWERS, REFERENCES)
    more = [text for text in texts_for_reach(ANSWERS, REFERENCES) if text not in texts]
    embed = looked_up(texts + more, bag(texts + more))
    assert contradictions(ANSWERS, REFERENCES, embed).contrast == pytest.approx(
        contradictions(ANSWERS, REFERENCES, bag).contrast, nan_ok=True
    )
    assert reach_of(ANSWERS, REFERENCES, embed)[0].flagged == 1.0


def test_guard_is_the_clustered_interval_of_the_rise_beyond_what_is_allowed():
    rng = np.random.default_rng(0)
    before, after = rng.random(120) < 0.1, rng.random(120) < 0.15
    clusters = np.arange(120) // 3
    guard = contradiction_guard(
        flags(*np.flatnonzero(before), n=120), flags(*np.flatnonzero(after), n=120), 0.9, clusters
    )
    x = after.astype(float) - before - 0.1 * (1.0 - before)
    expected = mean_interval(x, clusters)
    assert [guard.excess.low, guard.excess.high] == pytest.approx([expected.low, expected.high])
    assert (guard.excess.n, guard.excess.clusters, guard.excess.unit) == (120, 40, "fraction")
    assert guard.rise.value == pytest.approx(after.mean() - before.mean())
    assert guard.allowed == pytest.approx(0.1 * (1 - before.mean()))
    assert guard.blocks == (guard.excess.high > 0.0)
    assert guard.by_kind["side"] == pytest.approx(guard.rise.value)


@pytest.mark.parametrize(
    ("wrong_before", "wrong_after", "blocks"),
    [(0, 0, False), (0, 9, True), (0, 2, False), (9, 0, False), (9, 9, False), (80, 80, True), (0, 90, True)],
)
def test_when_a_pass_is_withheld(wrong_before, wrong_after, blocks):
    guard = contradiction_guard(flags(*range(wrong_before), n=90), flags(*range(wrong_after), n=90), 0.9)
    assert guard.blocks is blocks
    assert (guard.obstacle is None) is not blocks


@pytest.mark.parametrize(("n", "blocks"), [(36, False), (35, True)])
def test_nothing_changed_allows_for_what_n_samples_can_miss(n, blocks):
    guard = contradiction_guard(flags(n=n), flags(n=n), 0.9)
    assert guard.excess.high == pytest.approx(1.0 - 0.025 ** (1.0 / n) - 0.1)
    assert guard.blocks is blocks


def test_what_cannot_be_checked_withholds_nothing():
    assert not contradiction_guard(flags(n=10, checked=False), flags(n=10, checked=False), 0.99).blocks


def test_obstacle_in_words():
    guard = contradiction_guard(flags(n=100), flags(*range(20), n=100), 0.9)
    assert guard.obstacle == (
        "Answers that contradict their references changed by +20.0% (side +20%); up to +28.0% is compatible with the "
        "data, and +10.0% would be allowed. Encoders hardly see such facts, so this cannot pass."
    )


def test_reach():
    reach = {part.kind: part for part in reach_of(ANSWERS, REFERENCES, bag)}
    assert reach["number"] == Reach("number", 0.25, 1, 1.0)
    assert reach["colour"] == Reach("colour", 0.25, 1, 1.0)
    # the one answer with a side contradicts as it is: nothing can rise there
    assert (reach["side"].present, reach["side"].falsified) == (0.25, 0)
    assert math.isnan(reach["side"].flagged)
    assert (reach["polarity"].present, reach["polarity"].flagged) == (0.75, 1.0)


@pytest.mark.parametrize(
    ("part", "sensitivity", "blind"),
    [
        (Reach("side", 0.1, 10, 0.49), None, True),
        (Reach("side", 0.09, 10, 0.0), None, False),
        (Reach("side", 0.1, 10, 0.5), None, False),
        (Reach("side", 0.1, 0, math.nan), None, True),
        (Reach("side", 0.1, 10, 0.1), {"side": 0.5}, False),
        (Reach("side", 0.1, 10, 0.1), {"side": 0.49, "number": 1.0}, True),
    ],
)
def test_blind_spots(part, sensitivity, blind):
    assert blind_spots([part], sensitivity) == (("side",) if blind else ())


def test_contrast_kept_runs_from_the_opposite_to_the_clean_answers():
    answers, references = ["I can see a cat.", "A dog is here.", "red"], ["There is a cat.", "There is a dog.", "blue"]
    opposite = ["I cannot see a cat.", "A dog is not here.", "red"]
    clean, shifted = (contradictions(texts, references, bag) for texts in (answers, opposite))
    false = falsified_contrast(answers, references, bag)
    assert np.isnan(false).tolist() == [False, False, True]
    assert contrast_kept(clean, clean, false) == 1.0
    assert contrast_kept(clean, shifted, false) == pytest.approx(0.0)
    assert math.isnan(contrast_kept(clean, shifted, [math.nan] * 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: contradictions(["a"], ["a", "b"], bag),
            "answers: 1 for 2 references. Give one answer per reference.",
        ),
        (lambda: contradictions([], [], bag), "answers: there are none. Give one answer per reference."),
        (
            lambda: contradictions("a", ["a"], bag),
            "answers: expected a list of texts, got one text, 'a'.",
        ),
        (
            lambda: contradictions([None], ["a"], bag),
            "answers: the answer at position 0 is of type NoneType, not a text. An answer that is missing is an empty "
            "text.",
        ),
        (
            lambda: contradictions(["It is."], ["It is."], lambda texts: np.ones((1, 3))),
            "embeddings: expected 2 rows, got 1. Arrays that are measured together hold the same samples in the same "
            "order.",
        ),
        (
            lambda: contradictions(["It is."], ["It is."], looked_up(["It is."], [[1.0, 0.0]])),
            "embeddings: there is none of 'It is not.'. Embed every text that texts_for_contradictions and "
            "texts_for_reach name.",
        ),
        (
            lambda: contradiction_guard(flags(n=4), flags(n=5), 0.9),
            "clean has 4 answers and shifted has 5: they must answer the same samples in the same order.",
        ),
        (
            lambda: contradiction_guard(flags(), flags(), 0.0),
            "at_least: 0.0 is not in (0, 1]. Use 0.9 to ask for 90 % of the information.",
        ),
        (
            lambda: contradiction_guard(flags(), flags(), 0.9, confidence=1.0),
            "confidence: 1.0 is not between 0 and 1. Use 0.95 for a 95 % interval.",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
