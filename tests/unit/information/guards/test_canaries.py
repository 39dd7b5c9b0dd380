"""Answers made false on purpose, and what a measure reads of them."""

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.facts import contradicts
from pytest_emid.information.guards.canaries import canaries, sensitivity

ANSWERS = [f"{word} dogs on the left." for word in ("two", "three", "four", "five")] * 5 + ["A cat"] * 20


@pytest.mark.parametrize(("share", "made"), [(0.2, 8), (0.5, 20), (1.0, 20), (0.001, 1)])
def test_a_share_of_all_answers_as_far_as_they_state_the_kind(share, made):
    texts, hit = canaries(ANSWERS, "number", share=share, seed=3)
    assert hit.sum() == made
    for text, answer, false in zip(texts, ANSWERS, hit, strict=True):
        assert (text != answer) == false
        assert contradicts(text, answer) == ({"number"} if false else set())


def test_the_same_seed_makes_the_same():
    assert canaries(ANSWERS, "side", seed=1)[0] == canaries(ANSWERS, "side", seed=1)[0]
    assert canaries(ANSWERS, "side", seed=1)[0] != canaries(ANSWERS, "side", seed=2)[0]


def test_nothing_to_make_false():
    texts, hit = canaries(["A cat"] * 4, "side")
    assert texts == ["A cat"] * 4
    assert not hit.any()
    assert math.isnan(sensitivity(np.ones(4), np.ones(4), hit))


@pytest.mark.parametrize(("left", "seen"), [(0.0, 1.0), (1.0, 0.0), (0.5, 0.5)])
def test_sensitivity(left, seen):
    hit = np.arange(50) < 10
    assert sensitivity(np.full(50, 0.8), np.where(hit, 0.8 * left, 0.8), hit) == pytest.approx(seen)


def test_of_a_measure_that_scores_nothing():
    assert math.isnan(sensitivity([0.0, 0.0], [0.0, 0.0], [True, False]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: canaries(["left"], "smell"),
            "kind: 'smell' is unknown. The kinds of facts are polarity, side, comparative, number, colour.",
        ),
        (
            lambda: canaries(["left"], "side", share=0.0),
            "share: 0.0 is not in (0, 1]. Use 0.2 to make a fifth of the answers false.",
        ),
        (lambda: canaries("left", "side"), "answers: expected a list of texts, got one text, 'left'."),
    ],
)
def test_errors(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
