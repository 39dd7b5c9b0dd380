from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pytest_emid.errors import EstimationError
from pytest_emid.information.paper.correlation import _bootstrap, correlation, correlation_study

reference_data = pytest.mark.skipif(
    "EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE does not name the reference data"
)


def pair(rho: float, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.standard_normal(n)
    return x, rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(n)


def test_a_study_holds_all_three():
    x, y = pair(0.6, 40, np.random.default_rng(0))
    study = correlation_study(x, y, names=("EMI", "RP"), resamples=199)
    assert (study.x, study.y, study.n) == ("EMI", "RP", 40)
    assert study.pearson.estimate.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert study.spearman.estimate.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert study.kendall.estimate.value == pytest.approx(stats.kendalltau(x, y).statistic)
    assert study.pearson.p_value == pytest.approx(stats.pearsonr(x, y).pvalue)


def test_pearson_has_the_textbook_interval():
    x, y = pair(0.6, 40, np.random.default_rng(1))
    found = correlation(x, y, resamples=199).estimate
    expected = stats.pearsonr(x, y).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("kind", "truth"),
    [
        ("pearson", 0.6),
        ("spearman", 6 / math.pi * math.asin(0.3)),  # of a bivariate normal
        ("kendall", 2 / math.pi * math.asin(0.6)),
    ],
)
def test_intervals_cover(kind: str, truth: float):
    rng = np.random.default_rng(2)
    found = [correlation(*pair(0.6, 40, rng), kind, resamples=399) for _ in range(200)]
    for form in ("estimate", "bootstrap"):
        intervals = [getattr(f, form) for f in found]
        assert np.mean([i.low <= truth <= i.high for i in intervals]) >= 0.9, form


def test_the_bootstrap_resamples_whole_clusters():
    x, y = pair(0.6, 12, np.random.default_rng(3))
    copies = (np.repeat(x, 4), np.repeat(y, 4))
    clustered = correlation(*copies, clusters=np.repeat(np.arange(12), 4)).bootstrap
    loose = correlation(*copies).bootstrap
    alone = correlation(x, y).bootstrap
    assert (clustered.low, clustered.high) == pytest.approx((alone.low, alone.high))
    assert loose.high - loose.low < 0.8 * (clustered.high - clustered.low)
    assert clustered.clusters == 12


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_the_bootstrap_is_that_of_repeated_rows(kind: str):
    """Against scipy on explicitly repeated rows, ties included."""
    rng = np.random.default_rng(8)
    x, y = rng.integers(6, size=(2, 20)).astype(float)
    codes = np.arange(20) // 2
    found = _bootstrap(x, y, kind, codes, 5, np.random.default_rng(9))
    drawn = np.random.default_rng(9).multinomial(10, np.full(10, 0.1), size=5)
    test = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[kind]
    rows = [np.repeat(np.arange(20), times[codes]) for times in drawn]
    np.testing.assert_allclose(found, [test(x[r], y[r]).statistic for r in rows], rtol=1e-10)


def test_the_seed_decides_the_bootstrap_and_nothing_else_does():
    x, y = pair(0.3, 30, np.random.default_rng(4))
    first = correlation(x, y, seed=5)
    np.random.seed(0)
    assert correlation(x, y, seed=5) == first
    assert correlation(x, y, seed=6).bootstrap != first.bootstrap


def test_perfect_agreement_has_no_width():
    x = np.arange(10.0)
    for kind in ("pearson", "spearman", "kendall"):
        found = correlation(x, -(x**1.0), kind, resamples=199).estimate
        assert found.value == pytest.approx(-1.0)
        assert found.low == pytest.approx(-1.0)


def test_too_few_clusters_leave_the_bootstrap_without_an_interval():
    x, y = pair(0.6, 20, np.random.default_rng(5))
    found = correlation(x, y, clusters=np.arange(20) // 5).bootstrap
    assert (found.low, found.high, found.clusters) == (-1.0, 1.0, 4)
    assert math.isnan(found.se)


def test_resamples_without_spread_are_left_out():
    x = np.array([0.0] * 29 + [1.0])
    found = correlation(x, x).bootstrap
    assert (found.low, found.high) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], {}, "x: at least 5 rows are needed, got 4."),
        ([1, 1, 1, 1, 1], [1, 2, 3, 4, 5], {}, "x: all 5 values are 1; nothing correlates with that."),
        ([1, 2, 3, 4, 5], [2, 2, 2, 2, 2], {}, "y: all 5 values are 2; nothing correlates with that."),
        (
            [1, 2, 3, 4, 5],
            [1, 2, 3, 4, 5],
            {"kind": "phi"},
            "kind: 'phi' is unknown. Use 'pearson', 'spearman' or 'kendall'.",
        ),
        (
            [1, 2, 3, 4, 5],
            [1, 2, 3, 4, 5],
            {"confidence": 0.0},
            "confidence: 0.0 is not between 0 and 1. Use 0.95 for a 95 % interval.",
        ),
        (
            [1, 2, 3, 4, 5],
            [1, 2, 3, 4, 5],
            {"resamples": 10},
            "resamples: 10 are too few for an interval. Draw at least 199.",
        ),
    ],
)
def test_what_cannot_correlate_is_refused(x: list, y: list, options: dict, message: str):
    with pytest.raises(EstimationError) as caught:
        correlation(x, y, **options)
    assert str(caught.value) == message


@reference_data
@pytest.mark.parametrize("shifts", ["SYNTHETIC", "NATURAL"])
@pytest.mark.parametrize("model", ["llava-v1.5-13b", "llava-v1.6-vicuna-13b"])
def test_published_columns_reproduce_their_published_correlation(shifts: str, model: str):
    folder = Path(os.environ["EMID_REFERENCE"]) / "llavabench" / "published_results"
    published = json.loads((folder / f"{shifts}-ALL-{model}.json").read_text(encoding="utf-8"))
    scenarios = list(published["EMID"])
    emid = [published["EMID"][name] for name in scenarios]
    bound = [published["EMID_UB"][name] for name in scenarios]
    found = correlation(emid, bound, resamples=199)
    assert found.estimate.value == pytest.approx(published["PearsonR"], abs=1e-9)
    assert found.p_value == pytest.approx(published["PearsonPval"], rel=1e-9)
    clean = next(iter(published["EMI"]))
    drops = [published["EMI"][clean] - published["EMI"][name] for name in scenarios]
    assert drops == pytest.approx(emid, abs=1e-12)
