from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.answer_entropy import AnswerEntropy, EntropyScale, EntropySource, entropy_scale_over


def test_greedy_answers_have_no_entropy():
    greedy = AnswerEntropy.greedy(3)
    assert greedy.values.tolist() == [0.0, 0.0, 0.0]
    assert greedy.source is EntropySource.GREEDY


def test_scores_give_the_exact_entropy():
    scores = AnswerEntropy.from_probabilities([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(scores.values, [math.log(2), 0.0])
    assert scores.source is EntropySource.SCORES


def test_samples_give_the_plug_in_entropy_of_each_row():
    samples = AnswerEntropy.from_samples([[1, 1, 1, 1], [7, 2, 7, 2], [0, 1, 2, 3], [5, 5, 5, 0]])
    quarter = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    np.testing.assert_allclose(samples.values, [0.0, math.log(2), math.log(4), quarter], atol=1e-15)
    assert samples.source is EntropySource.SAMPLES


def test_plug_in_entropy_is_biased_downwards_as_its_note_says():
    rng = np.random.default_rng(0)
    m, k = 4, 20
    bias = AnswerEntropy.from_samples(rng.integers(m, size=(4000, k))).values.mean() - math.log(m)
    assert bias == pytest.approx(-(m - 1) / (2 * k), rel=0.15)


def test_the_scale_is_the_largest_sum_and_names_its_source():
    answers = AnswerEntropy.given([0.1, 0.7, 0.3])
    assert entropy_scale_over(answers) == EntropyScale(0.7, EntropySource.GIVEN)
    assert entropy_scale_over(answers, [0.9, 0.0, 0.5]).value == pytest.approx(1.0)
    assert entropy_scale_over(answers).to_dict() == {"value": 0.7, "source": "given"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: AnswerEntropy.from_samples([[1], [2]]),
            "classes: 1 answer per query says nothing about its spread. Sample at least 2.",
        ),
        (
            lambda: AnswerEntropy.from_samples([0.5, 1.0]),
            "classes: expected an integer matrix, one row of k answers a query, got float64 of shape (2,).",
        ),
        (
            lambda: AnswerEntropy.given([0.5, -0.25]),
            "values: entropy -0.25 is negative. Differential entropies do not serve.",
        ),
        (
            lambda: AnswerEntropy.from_probabilities([[0.5, 0.5], [0.7, 0.7]]),
            "probabilities: row 1 sums to 1.4, not to 1. Divide each row by its sum.",
        ),
        (
            lambda: entropy_scale_over(AnswerEntropy.greedy(1), [-1.0]),
            "references: entropy -1 is negative.",
        ),
    ],
)
def test_what_is_no_entropy_is_refused(call, message: str):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
