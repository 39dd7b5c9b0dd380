"""Intervals of means, differences and ratios."""

import math

import numpy as np
import pytest
from scipy import stats

from pytest_emid.errors import EstimationError
from pytest_emid.information.intervals.means import (
    mean_interval,
    paired_interval,
    ratio_interval,
    retained_contrast,
    retained_interval,
    unpaired_interval,
    unpaired_retained_contrast,
    unpaired_retained_interval,
)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


class TestMean:
    def test_without_clusters_is_the_textbook_t_interval(self, rng):
        values = rng.normal(size=23)
        found = mean_interval(values, confidence=0.9)
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
        assert found.se == pytest.approx(values.std(ddof=1) / math.sqrt(23))
        assert (found.n, found.clusters, found.confidence, found.unit) == (23, 23, 0.9, "critic scale")

    def test_equal_clusters_are_the_t_interval_of_cluster_means(self, rng):
        values = rng.normal(size=(12, 3))
        labels = np.repeat([f"image {g}" for g in range(12)], 3)
        found = mean_interval(values.ravel(), labels)
        expected = stats.ttest_1samp(values.mean(axis=1), 0.0).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
        assert (found.n, found.clusters) == (36, 12)

    def test_labels_are_any_hashables_in_any_order(self, rng):
        values = rng.normal(size=6)
        first = mean_interval(values, [("a", 1), None, 3, ("a", 1), None, 3])
        order = [5, 0, 3, 1, 4, 2]
        labels = ["z", "x", "y"]
        second = mean_interval(values[order], [labels[[1, 2, 0, 1, 2, 0][i]] for i in order])
        assert (first.low, first.high) == pytest.approx((second.low, second.high))

    def test_unequal_clusters_match_the_matrix_form_of_bell_and_mccaffrey(self, rng):
        sizes = np.array([1, 2, 7, 3, 1, 4])
        codes = np.repeat(np.arange(6), sizes)
        n = len(codes)
        values = rng.normal(size=n)
        found = mean_interval(values, codes)

        def satterthwaite(per_cluster):
            to_sums = (codes == np.arange(6)[:, None]).astype(float)
            spread = np.diag(sizes.astype(float) if per_cluster == "independent" else sizes**2.0)
            keep = np.eye(6) - np.outer(sizes / n, np.ones(6))
            weight = np.diag(1 / (1 - sizes / n) / n**2)
            residual = to_sums @ (values - values.mean())
            product = weight @ keep @ spread @ keep.T
            return residual @ weight @ residual, np.trace(product) ** 2 / np.trace(product @ product)

        (variance, a), (_, b) = satterthwaite("independent"), satterthwaite("dependent")
        assert found.se == pytest.approx(math.sqrt(variance))
        assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, min(a, b)) * math.sqrt(variance))
        assert min(a, b) < 5

    def test_one_cluster_says_nothing_about_spread(self):
        found = mean_interval([1.0, 2.0], ["a", "a"])
        assert (found.value, found.low, found.high) == (1.5, -math.inf, math.inf)
        assert math.isnan(found.se)
        assert found.clusters == 1

    def test_one_sample_says_nothing_about_spread(self):
        found = mean_interval([0.25])
        assert (found.value, found.low, found.high) == (0.25, -math.inf, math.inf)

    def test_no_spread_gives_no_width(self):
        found = mean_interval([0.1] * 30)
        assert (found.low, found.high, found.se) == (found.value, found.value, 0.0)
        assert found.value == pytest.approx(0.1)

    def test_no_spread_gives_no_width_with_clusters(self):
        found = mean_interval([0.1] * 30, np.repeat(np.arange(10), 3))
        assert found.se == 0.0

    def test_no_spread_with_a_support_allows_for_what_was_not_seen(self):
        found = mean_interval([1.0] * 90, support=(0, 1))
        exact = stats.binomtest(90, 90).proportion_ci(0.95, method="exact")
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))

    def test_support_changes_nothing_where_there_is_spread(self, rng):
        values = rng.integers(0, 2, size=40).astype(float)
        assert mean_interval(values, support=(0, 1)) == mean_interval(values)


class TestPaired:
    def test_is_the_mean_of_clean_minus_shifted(self, rng):
        clean, shifted = rng.normal(1.0, 1.0, size=30), rng.normal(0.4, 1.0, size=30)
        labels = np.repeat(np.arange(10), 3)
        assert paired_interval(clean, shifted, labels) == mean_interval(clean - shifted, labels)

    def test_support_is_that_of_one_score(self):
        found = paired_interval([1.0, 0.0] * 20, [1.0, 0.0] * 20, support=(0, 1))
        assert (found.low, found.high) == pytest.approx((-(1 - 0.025 ** (1 / 40)), 1 - 0.025 ** (1 / 40)))


class TestUnpaired:
    def test_without_clusters_is_welch(self, rng):
        clean, shifted = rng.normal(size=18), 2 * rng.normal(size=35)
        found = unpaired_interval(clean, shifted)
        expected = stats.ttest_ind(clean, shifted, equal_var=False).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
        assert found.value == pytest.approx(clean.mean() - shifted.mean())
        assert (found.n, found.clusters) == (53, 53)

    def test_clusters_of_each_side_count(self, rng):
        clean, shifted = rng.normal(size=18), rng.normal(size=36)
        found = unpaired_interval(clean, shifted, np.repeat(np.arange(6), 3), np.repeat(np.arange(12), 3))
        expected = stats.ttest_ind(
            clean.reshape(6, 3).mean(1), shifted.reshape(12, 3).mean(1), equal_var=False
        ).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
        assert (found.n, found.clusters) == (54, 18)

    def test_one_cluster_on_either_side_is_unbounded(self, rng):
        found = unpaired_interval(rng.normal(size=18), [1.0, 2.0], None, ["a", "a"])
        assert (found.low, found.high) == (-math.inf, math.inf)

    def test_no_spread_on_either_side(self):
        found = unpaired_interval([2.0, 2.0], [1.0, 1.0, 1.0])
        assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


class TestRatio:
    def test_limits_are_where_the_contrast_touches_zero(self, rng):
        bottom = rng.normal(1.0, 0.3, size=40)
        top = 0.7 * bottom + rng.normal(0.0, 0.2, size=40)
        labels = np.repeat(np.arange(20), 2)
        found = ratio_interval(top, bottom, labels)
        assert found.value == pytest.approx(top.mean() / bottom.mean())
        assert mean_interval(top - found.low * bottom, labels).low == pytest.approx(0.0, abs=1e-12)
        assert mean_interval(top - found.high * bottom, labels).high == pytest.approx(0.0, abs=1e-12)
        assert found.unit == "fraction"

    def test_a_denominator_that_may_be_zero_is_unbounded(self, rng):
        found = ratio_interval(rng.normal(1.0, 1.0, size=20), rng.normal(0.01, 1.0, size=20))
        assert math.isfinite(found.value)
        assert (found.low, found.high) == (-math.inf, math.inf)

    def test_a_denominator_of_zero_has_no_ratio(self):
        found = ratio_interval([1.0, 2.0], [-1.0, 1.0])
        assert math.isnan(found.value)
        assert (found.low, found.high) == (-math.inf, math.inf)


class TestRetained:
    def test_is_shifted_over_clean(self, rng):
        clean = rng.normal(1.0, 0.3, size=40)
        shifted = 0.6 * clean + rng.normal(0.0, 0.1, size=40)
        assert retained_interval(clean, shifted) == ratio_interval(shifted, clean)

    @pytest.mark.parametrize("sign", [-1.0, 0.0])
    def test_nothing_is_retained_of_nothing(self, sign):
        found = retained_interval([sign, sign], [1.0, 1.1])
        assert math.isnan(found.value)
        assert (found.low, found.high) == (-math.inf, math.inf)

    @pytest.mark.parametrize("at_least", [0.3, 0.55, 0.6, 0.65, 0.9, 1.1])
    def test_contrast_agrees_with_the_interval(self, rng, at_least):
        clean = rng.normal(1.0, 0.5, size=40)
        shifted = 0.6 * clean + rng.normal(0.0, 0.2, size=40)
        labels = rng.integers(0, 15, size=40)
        whole = retained_interval(clean, shifted, labels)
        contrast = retained_contrast(clean, shifted, at_least, labels)
        assert contrast.value == pytest.approx(shifted.mean() - at_least * clean.mean())
        assert (contrast.low > 0) == (whole.low > at_least)
        assert (contrast.high < 0) == (whole.high < at_least)

    def test_contrast_decides_nothing_without_clean_information(self):
        # mean(shifted) - .9 mean(clean) is clearly above 0, but there is no clean information to retain.
        clean, shifted = [-1.0, -1.1, -0.9, -1.0], [0.0, 0.1, -0.1, 0.0]
        contrast = retained_contrast(clean, shifted, 0.9)
        assert contrast.value == pytest.approx(0.9)
        assert (contrast.low, contrast.high) == (-math.inf, math.inf)

    def test_where_nothing_changed_the_limits_allow_for_changes_that_n_samples_can_miss(self, rng):
        scores, labels = rng.normal(1.0, 0.3, size=90), np.repeat(np.arange(30), 3)
        whole = retained_interval(scores, scores.copy(), labels)
        missed = stats.binomtest(0, 90).proportion_ci(0.95, method="exact").high
        assert (whole.value, whole.se) == (1.0, 0.0)
        assert (whole.low, whole.high) == pytest.approx((1.0 - missed, 1.0 + missed))
        assert 3.0 / 90 < missed < 4.0 / 90

    @pytest.mark.parametrize("at_least", [0.5, 0.95, 0.97, 1.0])
    def test_the_contrast_agrees_where_nothing_changed(self, rng, at_least):
        scores = rng.normal(1.0, 0.3, size=90)
        whole, contrast = retained_interval(scores, scores), retained_contrast(scores, scores, at_least)
        assert contrast.value == pytest.approx((1.0 - at_least) * scores.mean())
        assert (contrast.low > 0) == (whole.low > at_least)
        assert contrast.high > 0
        assert contrast.se == 0.0

    def test_one_changed_answer_is_hardly_worse_than_none(self):
        scores = np.full(90, 1.0) + 0.1 * np.resize([1, -1], 90)
        labels = np.repeat(np.arange(30), 3)
        changed = scores.copy()
        changed[4] = 0.0
        none, one = retained_interval(scores, scores, labels), retained_interval(scores, changed, labels)
        assert one.value < none.value
        assert one.low == pytest.approx(none.low, abs=0.01)


class TestUnpairedRetained:
    @pytest.mark.parametrize("at_least", [0.3, 0.5, 0.6, 0.7, 0.9])
    def test_contrast_agrees_with_the_interval(self, rng, at_least):
        clean, shifted = rng.normal(1.0, 0.8, size=60), rng.normal(0.6, 0.8, size=25)
        labels = rng.integers(0, 20, size=60)
        whole = unpaired_retained_interval(clean, shifted, labels)
        contrast = unpaired_retained_contrast(clean, shifted, at_least, labels)
        assert whole.value == pytest.approx(shifted.mean() / clean.mean())
        assert contrast.value == pytest.approx(shifted.mean() - at_least * clean.mean())
        assert (contrast.low > 0) == (whole.low > at_least)
        assert (contrast.high < 0) == (whole.high < at_least)

    def test_limits_are_where_the_contrast_touches_zero(self, rng):
        clean, shifted = rng.normal(1.0, 0.8, size=60), rng.normal(0.6, 1.6, size=15)
        labels = rng.integers(0, 20, size=60)
        whole = unpaired_retained_interval(clean, shifted, labels)
        assert whole.low < whole.value < whole.high
        assert unpaired_retained_contrast(clean, shifted, whole.low, labels).low == pytest.approx(0.0, abs=1e-9)
        assert unpaired_retained_contrast(clean, shifted, whole.high, labels).high == pytest.approx(0.0, abs=1e-9)

    def test_no_clean_information(self):
        whole = unpaired_retained_interval([-1.0, -1.2, -0.8], [1.0, 1.1])
        assert math.isnan(whole.value)
        contrast = unpaired_retained_contrast([-1.0, -1.2, -0.8], [1.0, 1.1], 0.5)
        assert (contrast.low, contrast.high) == (-math.inf, math.inf)

    def test_clean_mean_of_zero(self):
        whole = unpaired_retained_interval([-1.0, 1.0], [1.0, 1.1])
        assert (whole.low, whole.high) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([[1.0, 2.0]]), "values: expected one number a sample, got shape (1, 2)."),
        (lambda: mean_interval([]), "values: at least 1 rows are needed, got 0."),
        (lambda: mean_interval([1.0, 2.0], ["a"]), "clusters: expected one id for each of 2 samples, got 1."),
        (
            lambda: mean_interval([1.0, 2.0], None, 95),
            "confidence: 95 is not between 0 and 1. Use 0.95 for a 95 % interval.",
        ),
        (
            lambda: mean_interval([1.0, math.nan, math.inf]),
            "values: row 1 holds nan in column 0 (2 of 3 rows are not finite). Remove the sample or fix the encoder "
            "that made it.",
        ),
        (lambda: mean_interval([2.0, 2.0], support=(0, 1)), "support: the mean 2 lies outside (0, 1)."),
        (
            lambda: paired_interval([1.0, 2.0], [1.0]),
            "clean has 2 values and shifted has 1: they must score the same samples in the same order. "
            "For different samples use the unpaired form.",
        ),
        (lambda: retained_contrast([1.0, 2.0], [1.0, 2.0], math.nan), "at_least: nan is not a finite number."),
        (
            lambda: unpaired_retained_contrast([1.0, 2.0], [1.0, 2.0], math.nan),
            "at_least: nan is not a finite number.",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
