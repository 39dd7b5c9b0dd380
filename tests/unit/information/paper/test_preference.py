from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pytest_emid.data.reviews import load_reviews, review_scores
from pytest_emid.errors import EstimationError
from pytest_emid.information.paper.preference import ratio_of_sums, relative_preference, win_rate

reference_data = pytest.mark.skipif(
    "EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE does not name the reference data"
)

TOLD, TRUE = [8.0, 4.0, 10.0, 6.0], [8.0, 8.0, 5.0, 9.0]


def test_the_mean_of_ratios_and_the_ratio_of_sums_are_two_things():
    preference = relative_preference(TOLD, TRUE)
    assert preference.value == pytest.approx((1 + 0.5 + 2 + 2 / 3) / 4)
    assert preference.unit == "ratio"
    spread = np.std([1, 0.5, 2, 2 / 3], ddof=1) / 2
    assert preference.se == pytest.approx(spread)
    assert preference.high - preference.value == pytest.approx(stats.t.ppf(0.975, 3) * spread)
    sums = ratio_of_sums(TOLD, TRUE)
    assert sums.value == pytest.approx(28 / 30)
    assert sums.low < sums.value < sums.high


def test_clusters_widen_what_copies_would_narrow():
    alone = relative_preference(TOLD, TRUE)
    copies = relative_preference(np.repeat(TOLD, 5), np.repeat(TRUE, 5), clusters=np.repeat(["a", "b", "c", "d"], 5))
    assert (copies.low, copies.high) == pytest.approx((alone.low, alone.high))
    assert copies.clusters == 4


def test_win_rate_counts_a_tie_as_one_half():
    found = win_rate(TOLD, TRUE)
    assert (found.wins, found.ties, found.losses) == (1, 1, 2)
    assert found.rate.value == pytest.approx(0.375)
    assert found.method == "Wilson score interval"
    assert found.rate.n == 4


def test_wilson_is_the_textbook_interval():
    told = np.repeat([1.0, 0.0], [7, 13])
    found = win_rate(told, np.full(20, 0.5)).rate
    expected = stats.binomtest(7, 20).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    sure = win_rate(np.ones(20), np.zeros(20)).rate
    assert sure.high == 1.0
    assert sure.low < 0.9


def test_wilson_covers_with_and_without_ties():
    rng = np.random.default_rng(0)
    for ties in (0.0, 0.5):
        covered = []
        for _ in range(500):
            outcome = np.where(rng.random(60) < ties, 0.0, np.where(rng.random(60) < 0.3, 1.0, -1.0))
            found = win_rate(outcome, np.zeros(60)).rate
            covered.append(found.low <= 0.3 * (1 - ties) + 0.5 * ties <= found.high)
        assert np.mean(covered) >= 0.93


def test_a_clustered_win_rate_stays_within_its_range_even_without_spread():
    found = win_rate(np.ones(12), np.zeros(12), clusters=np.arange(12) // 3)
    assert found.method == "cluster-robust t interval"
    assert found.rate.high == 1.0
    assert 0.0 < found.rate.low < 1.0
    mixed = win_rate([1, 1, 1, 1, 0, 1], np.full(6, 0.5), clusters=[0, 0, 1, 1, 2, 2]).rate
    assert mixed.high == 1.0
    assert mixed.clusters == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: relative_preference(TOLD, [8.0, 0.0, 5.0, 9.0]),
            "reference: score 0 at position 1 is not above 0, so it has no ratio. "
            "Judge that sample again, or leave it out.",
        ),
        (
            lambda: ratio_of_sums([-1.0, 4.0, 10.0, 6.0], TRUE),
            "response: score -1 at position 0 is not at least 0, so it has no ratio. "
            "Judge that sample again, or leave it out.",
        ),
        (
            lambda: relative_preference(TOLD, TRUE[:3]),
            "reference: expected 4 rows, got 3. Arrays that are measured together hold the same samples in the same "
            "order.",
        ),
        (
            lambda: win_rate(TOLD, TRUE, confidence=1.0),
            "confidence: 1.0 is not between 0 and 1. Use 0.95 for a 95 % interval.",
        ),
    ],
)
def test_scores_that_have_no_ratio_are_refused(call, message: str):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message


@reference_data
def test_published_reviews_have_their_known_preferences():
    folder = Path(os.environ["EMID_REFERENCE"]) / "llavabench"
    lines = (folder / "questions" / "wild_questions.jsonl").read_text(encoding="utf-8").splitlines()
    image = {str(q["question_id"]): q["image"] for q in map(json.loads, lines)}
    found = {}
    for number in (1, 2):
        reviews = load_reviews(folder / "published_results" / f"wild_reviews_{number}.jsonl")
        told, true = review_scores(reviews)
        clusters = [image[review.question_id] for review in reviews]
        preference, sums = relative_preference(told, true, clusters), ratio_of_sums(told, true, clusters)
        assert preference.value == pytest.approx(np.mean(np.divide(told, true)), rel=1e-12)
        assert sums.value == pytest.approx(sum(told) / sum(true), rel=1e-12)
        assert preference.clusters == 24
        rate = win_rate(told, true, clusters)
        found[number] = (preference.value, sums.value, rate.wins, rate.ties, rate.losses)
    assert found[1] == pytest.approx((0.6886, 0.5911, 2, 8, 50), abs=5e-5)
    assert found[2] == pytest.approx((0.5682, 0.5122, 1, 4, 55), abs=5e-5)
