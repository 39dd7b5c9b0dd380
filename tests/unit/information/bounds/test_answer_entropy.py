from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropyScale, EntropySource, entropy_scale_over


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


def test_drawn_answers_that_hold_everything_give_the_exact_entropy():
    half, quarter = math.log(0.5), math.log(0.25)
    drawn = AnswerEntropy.from_drawn([[3, 3, 8, 5], [1, 1, 1, 1]], [[half, half, quarter, quarter], [0.0] * 4])
    np.testing.assert_allclose(drawn.values, [1.5 * math.log(2), 0.0], atol=1e-15)
    assert drawn.source is EntropySource.SCORES


def test_what_was_not_drawn_makes_the_entropy_too_small_by_no_more_than_its_part():
    rest = 5e-4
    truth = np.array([0.7, 0.3 - rest, rest / 2, rest / 2])
    exact = -(truth * np.log(truth)).sum()
    drawn = AnswerEntropy.from_drawn([[0, 1, 0]], np.log(truth[[0, 1, 0]])[None]).values[0]
    assert exact - drawn == pytest.approx(rest * math.log(2))


def test_paths_are_averaged():
    paths = AnswerEntropy.from_paths([[0.0, 1.0], [2.0, 2.0]])
    assert paths.values.tolist() == [0.5, 2.0]
    assert paths.source is EntropySource.PATHS
    assert AnswerEntropy.from_paths([0.25]).values.tolist() == [0.25]


def test_the_scale_is_the_largest_sum_and_names_its_source():
    answers = AnswerEntropy.given([0.1, 0.7, 0.3])
    assert entropy_scale_over(answers) == EntropyScale(0.7, EntropySource.GIVEN)
    assert entropy_scale_over(answers, [0.9, 0.0, 0.5]).value == pytest.approx(1.0)


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
            lambda: AnswerEntropy.from_drawn([[0, 1], [0, 0]], np.log([[0.5, 0.5], [0.9, 0.9]])),
            "log_probabilities: the drawn answers to query 1 hold 0.9 of the probability; it must be 1 within 0.001. "
            "Draw more, or use `from_paths`.",
        ),
        (
            lambda: AnswerEntropy.from_drawn([[0, 1]], np.log([[0.9, 0.9]])),
            "log_probabilities: the drawn answers to query 0 hold 1.8 of the probability; it must be 1 within 0.001. "
            "They belong to other answers.",
        ),
        (
            lambda: AnswerEntropy.from_drawn([[0, 1]], [[0.0]]),
            "log_probabilities: shape (1, 1) for answers of shape (1, 2).",
        ),
        (
            lambda: AnswerEntropy.from_paths([[0.5], [-0.25]]),
            "path_entropies: entropy -0.25 is negative.",
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
