import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.divergence.nulls import permutation_test, swap_test
from pytest_emid.information.divergence.rjsd import rjsd


def unit_rows(n, d, seed, offset=0.5):
    rows = np.random.default_rng([6, seed]).normal(size=(n, d)) + offset
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(("n", "m", "d"), [(20, 20, 50), (20, 30, 60), (30, 25, 8)])
def test_the_value_is_that_of_the_plain_function(n, m, d):
    p, q = unit_rows(n, d, 0), 2 * unit_rows(m, d, 1)
    assert permutation_test(p, q).value == pytest.approx(rjsd(p, q), abs=1e-9)


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("d", [4, 12, 30])
def test_every_null_value_is_the_divergence_of_a_relabelled_set(scale, d):
    p, q = unit_rows(9, d, 0), scale * unit_rows(9, d, 1)
    found = permutation_test(p, q, seed=4)
    rng, pooled = np.random.default_rng(4), np.concatenate([p, q])
    values = []
    for _ in range(199):
        mask = rng.permutation(18) < 9
        values.append(rjsd(pooled[mask], pooled[~mask]))
    assert found.null_mean == pytest.approx(np.mean(values), abs=1e-9)
    assert found.null_sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert found.p_value == (1 + sum(v >= found.value - 1e-9 for v in values)) / 200
    assert found.debiased == found.value - found.null_mean


def test_float32_norms_do_not_disturb_the_shared_mixture():
    p, q = unit_rows(20, 60, 0).astype(np.float32), unit_rows(20, 60, 1).astype(np.float32)
    assert permutation_test(p, q).value == pytest.approx(rjsd(p, q), abs=1e-7)


def test_false_alarms_are_at_most_nominal_and_a_shift_is_seen():
    alarms = [
        permutation_test(unit_rows(15, 10, 2 * s), unit_rows(15, 10, 2 * s + 1), seed=s).p_value <= 0.1
        for s in range(60)
    ]
    assert sum(alarms) <= 12
    assert permutation_test(unit_rows(40, 10, 0), unit_rows(40, 10, 1, offset=1.2)).p_value == 1 / 200


def test_debiasing_removes_what_two_draws_of_one_distribution_show():
    tests = [permutation_test(unit_rows(40, 100, 2 * s), unit_rows(40, 100, 2 * s + 1)) for s in range(8)]
    assert min(t.value for t in tests) > 0.1
    assert abs(np.mean([t.debiased for t in tests])) < 0.003


def test_the_swap_null_is_a_test_and_no_estimate():
    p = unit_rows(40, 30, 0)
    noise = 0.1 * np.random.default_rng(1).normal(size=p.shape)
    q = p + noise / 10 + 0.3 / 30**0.5
    found = swap_test(p, q)
    assert found.debiased is None
    assert found.null == "swap"
    assert found.p_value == 1 / 200
    assert swap_test(p + noise, p - noise).p_value > 0.05


def test_identical_sets_have_p_one():
    p = unit_rows(20, 30, 0)
    found = swap_test(p, p.copy())
    assert (found.p_value, found.value) == (1.0, pytest.approx(0.0, abs=1e-12))


def test_clusters_move_together():
    # Four clusters of identical rows: a swap that kept rows independent would look like a mixture of both sides.
    p = np.repeat(unit_rows(4, 30, 0), 10, axis=0)
    q = np.repeat(unit_rows(4, 30, 1), 10, axis=0)
    clusters = np.repeat(np.arange(4), 10)
    assert swap_test(p, q).p_value == 1 / 200
    assert swap_test(p, q, clusters=clusters).p_value > 0.05
    assert permutation_test(p, q).p_value == 1 / 200
    assert permutation_test(p, q, clusters_p=clusters, clusters_q=clusters).p_value > 0.01


def test_seeds_decide_everything():
    p, q = unit_rows(15, 10, 0), unit_rows(15, 10, 1)
    assert permutation_test(p, q, seed=1) == permutation_test(p, q, seed=1)
    assert permutation_test(p, q, seed=1).null_mean != permutation_test(p, q, seed=2).null_mean


P, Q = unit_rows(5, 4, 0), unit_rows(6, 4, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: permutation_test(P, Q, resamples=99), "resamples: at least 199 are needed, got 99."),
        (
            lambda: swap_test(P, Q),
            "q: paired sets hold the same samples in the same order, but p has 5 rows and q has 6.",
        ),
        (
            lambda: swap_test(P, Q[:5], clusters=[1, 2, 3, 4]),
            "clusters: expected one id for each of 5 samples, got 4.",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("test", [swap_test, permutation_test])
def test_equal_sets_are_tested_once(test, monkeypatch):
    p, q = unit_rows(12, 6, 31), unit_rows(12, 6, 32)
    first = test(p, q)
    monkeypatch.setattr("pytest_emid.information.divergence.nulls._test", None)
    assert test(p.copy(), q.copy()) is first
    for changed in ({"seed": 1}, {"resamples": 200}):
        with pytest.raises(TypeError, match="'NoneType' object is not callable"):
            test(p, q, **changed)
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        test(q, p)


def test_the_two_nulls_are_not_mixed_up():
    p, q = unit_rows(12, 6, 33), unit_rows(12, 6, 34)
    assert (swap_test(p, q).null, permutation_test(p, q).null) == ("swap", "permutation")
