"""Intervals of information in nats."""

import doctest
import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.contrast import Told
from pytest_emid.information.intervals import nats as module
from pytest_emid.information.intervals.means import mean_interval, paired_interval, unpaired_interval
from pytest_emid.information.intervals.nats import (
    emi,
    nats_lost,
    nats_told,
    share_contrast,
    share_lost,
    unpaired_nats_lost,
    unpaired_share_contrast,
    unpaired_share_lost,
)

PSEUDO = 2 * math.log(64)


def told(scores, candidates=64):
    return Told(np.asarray(scores, dtype=np.float64), candidates, (0.9, 0.1))


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def limits(estimate):
    return estimate.low, estimate.high


def half(estimate):
    return (estimate.high - estimate.low) / 2


class TestLost:
    def test_is_a_paired_interval_with_one_picture_more(self, rng):
        clean, shifted, clusters = rng.normal(3.8, 1, 90), rng.normal(3, 1, 90), np.repeat(np.arange(30), 3)
        plain = paired_interval(clean, shifted, clusters, 0.9)
        found = nats_lost(told(clean), told(shifted), clusters, 0.9)
        assert (found.value, found.se, found.n, found.clusters) == (plain.value, plain.se, 90, 30)
        assert half(found) == pytest.approx(math.hypot(half(plain), PSEUDO / math.sqrt(90 * 30)))
        assert (found.unit, found.confidence) == ("nats", 0.9)

    def test_nothing_changed_is_no_certainty(self, rng):
        clean = told(rng.normal(size=90))
        assert limits(nats_lost(clean, clean)) == pytest.approx((-PSEUDO / 90, PSEUDO / 90))

    def test_pictures_of_one_question_are_samples(self, rng):
        clean = told(rng.normal(size=90))
        assert limits(nats_lost(clean, clean, list(range(90)))) == limits(nats_lost(clean, clean))
        assert half(nats_lost(clean, clean, np.repeat(np.arange(10), 9))) == pytest.approx(3 * PSEUDO / 90)

    def test_pictures_are_counted_whatever_they_hold(self, rng):
        clean = told(rng.normal(size=90))
        assert half(nats_lost(clean, clean, [max(i - 40, 0) for i in range(90)])) == pytest.approx(
            PSEUDO / math.sqrt(90 * 50)
        )

    def test_one_cluster_tells_nothing(self, rng):
        clean, shifted = told(rng.normal(size=30)), told(rng.normal(size=30))
        assert limits(nats_lost(clean, shifted, ["a"] * 30)) == (-math.inf, math.inf)
        assert limits(nats_told(clean, ["a"] * 30)) == (-math.inf, math.inf)

    def test_the_level_is_widened_too(self, rng):
        values = rng.normal(size=60)
        found = nats_told(told(values, 32))
        assert half(found) == pytest.approx(math.hypot(half(mean_interval(values)), 2 * math.log(32) / 60))
        assert found.unit == "nats"
        clustered = nats_told(told(values, 32), np.repeat(np.arange(15), 4))
        assert half(clustered) == pytest.approx(
            math.hypot(half(mean_interval(values, np.repeat(np.arange(15), 4))), 4 * math.log(32) / 60)
        )

    def test_the_wider_pseudo_picture_of_two_sets(self, rng):
        clean, shifted = rng.normal(size=90), rng.normal(size=60)
        clusters = np.repeat(np.arange(10), 9), np.arange(60)
        plain = unpaired_interval(clean, shifted, *clusters)
        found = unpaired_nats_lost(told(clean), told(shifted), *clusters)
        assert half(found) == pytest.approx(math.hypot(half(plain), 3 * PSEUDO / 90))
        turned = unpaired_nats_lost(told(shifted), told(clean), *clusters[::-1])
        assert half(turned) == pytest.approx(half(found))

    def test_unpaired(self, rng):
        clean, shifted = rng.normal(3.8, 1, 90), rng.normal(3, 2, 60)
        plain = unpaired_interval(clean, shifted)
        found = unpaired_nats_lost(told(clean), told(shifted))
        assert (found.value, found.se, found.n) == (plain.value, plain.se, 150)
        assert half(found) == pytest.approx(math.hypot(half(plain), PSEUDO / 60))

    def test_emi_is_what_answers_tell_beyond_references(self, rng):
        answers, references = rng.normal(size=30), rng.normal(size=30)
        assert emi(told(answers), told(references)).scores == pytest.approx(answers - references)

    def test_of_a_paired_set_the_references_do_not_matter(self, rng):
        clean, shifted, references = (told(rng.normal(size=40)) for _ in range(3))
        whole = nats_lost(emi(clean, references), emi(shifted, references))
        assert limits(whole) == pytest.approx(limits(nats_lost(clean, shifted)))


class TestShare:
    def test_is_the_ratio_of_the_means(self, rng):
        clean, shifted = rng.normal(3.8, 1, 90), rng.normal(3, 1, 90)
        found = share_lost(told(clean), told(shifted))
        assert found.value == pytest.approx((clean - shifted).mean() / clean.mean())
        assert found.low < found.value < found.high
        assert (found.unit, found.n, found.clusters) == ("fraction", 90, 90)

    def test_its_limits_are_where_the_contrast_is(self, rng):
        clean, shifted = told(rng.normal(3.8, 1, 90)), told(rng.normal(3, 1, 90))
        clusters = np.repeat(np.arange(30), 3)
        share = share_lost(clean, shifted, clusters)
        assert share_contrast(clean, shifted, share.low, clusters).low == pytest.approx(0, abs=1e-9)
        assert share_contrast(clean, shifted, share.high, clusters).high == pytest.approx(0, abs=1e-9)

    def test_without_a_share_the_contrast_is_what_is_lost(self, rng):
        clean, shifted = told(rng.normal(3.8, 1, 90)), told(rng.normal(3, 1, 90))
        found, lost = share_contrast(clean, shifted, 0.0), nats_lost(clean, shifted)
        assert (found.value, found.se, *limits(found)) == pytest.approx((lost.value, lost.se, *limits(lost)))
        assert found.unit == "nats"

    @pytest.mark.parametrize(("n", "passes"), [(90, True), (20, False)])
    def test_ten_percent_where_nothing_changed(self, rng, n, passes):
        clean = told(rng.normal(3.8, 0.5, n))
        assert (share_contrast(clean, clean, 0.1).high <= 0) is passes

    @pytest.mark.parametrize("mean", [0.0, 0.1, -2.0])
    def test_nothing_is_lost_of_nothing(self, rng, mean):
        values = rng.normal(size=60)
        clean, shifted = told(values - values.mean() + mean), told(rng.normal(size=60))
        share = share_lost(clean, shifted)
        assert limits(share) == (-math.inf, math.inf)
        assert math.isnan(share.value) is (mean <= 0)
        assert limits(share_contrast(clean, shifted, 0.1)) == (-math.inf, math.inf)

    def test_covers(self):
        covered = []
        for seed in range(400):
            rng = np.random.default_rng([2, seed])
            # A tenth of the answers loses everything: so skewed that a t interval is a little short.
            clean = rng.normal(4, 0.3, 90)
            shifted = np.where(rng.random(90) < 0.1, 0.0, clean)
            share = share_lost(told(clean), told(shifted))
            covered.append(share.low <= 0.1 <= share.high)
        assert 0.90 <= np.mean(covered) <= 0.99

    def test_unpaired(self, rng):
        whole, shifted = rng.normal(3.8, 1, 90), rng.normal(-1, 1, 70)
        clean = whole - 4.0
        found = unpaired_share_lost(told(clean), told(shifted), told(whole))
        assert found.value == pytest.approx((clean.mean() - shifted.mean()) / whole.mean())
        assert (found.n, found.clusters) == (160, 160)
        arguments = told(clean), told(shifted), told(whole)
        assert unpaired_share_contrast(*arguments, found.low).low == pytest.approx(0, abs=1e-9)
        assert unpaired_share_contrast(*arguments, found.high).high == pytest.approx(0, abs=1e-9)
        assert unpaired_share_contrast(*arguments, 0.2).value == pytest.approx(
            clean.mean() - shifted.mean() - 0.2 * whole.mean()
        )


def test_examples():
    assert doctest.testmod(module).failed == 0


OTHER_K = (
    "one set was held against 64 candidates and the other against 32: nats compare at one number only. "
    "Pass candidates=32 for both."
)
OTHER_N = (
    "one set has 40 samples and the other 39: they must be the same samples in the same order. For different samples "
    "use the unpaired form."
)
A, OTHER, SHORT = told(np.ones(40)), told(np.ones(40), 32), told(np.ones(39))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nats_lost(A, OTHER), OTHER_K),
        (lambda: share_lost(A, OTHER), OTHER_K),
        (lambda: emi(A, OTHER), OTHER_K),
        (lambda: unpaired_nats_lost(A, OTHER), OTHER_K),
        (lambda: unpaired_share_lost(A, OTHER, A), OTHER_K),
        (lambda: unpaired_share_lost(A, A, OTHER), OTHER_K),
        (lambda: nats_lost(A, SHORT), OTHER_N),
        (lambda: share_contrast(A, SHORT, 0.1), OTHER_N),
        (lambda: unpaired_share_lost(A, A, SHORT), OTHER_N),
        (lambda: share_contrast(A, A, math.nan), "at_most: nan is not a finite number."),
        (
            lambda: share_lost(A, A, confidence=1.0),
            "confidence: 1.0 is not between 0 and 1. Use 0.95 for a 95 % interval.",
        ),
        (lambda: nats_lost(A, A, ["a"]), "clusters: expected one id for each of 40 samples, got 1."),
        (lambda: nats_told(A, ["a"]), "clusters: expected one id for each of 40 samples, got 1."),
    ],
)
def test_errors(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
