import math

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.divergence.rjsd import (
    EmbeddingSet,
    rjsd,
    rjsd_count_weighted,
    von_neumann_entropy,
    widened,
)


def unit_rows(n, d, seed, offset=0.5):
    rows = np.random.default_rng([5, seed]).normal(size=(n, d)) + offset
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def entropy(matrix):
    values = np.linalg.eigvalsh(matrix)
    values = values[values > 0]
    return -(values * np.log(values)).sum()


def dense_rjsd(p, q):
    """From d x d second moments of trace 1."""
    c_p, c_q = ((rows.T @ rows) / (rows**2).sum() for rows in (p, q))
    return entropy((c_p + c_q) / 2) - (entropy(c_p) + entropy(c_q)) / 2


def dense_count_weighted(p, q):
    """The authors' order: mix scatter matrices, then scale each to trace 1."""
    s_p, s_q = p.T @ p, q.T @ q
    mixture, s_p, s_q = ((m / np.trace(m)) for m in (s_p + s_q, s_p, s_q))
    return entropy(mixture) - (entropy(s_p) + entropy(s_q)) / 2


SHAPES = [(20, 30, 100), (60, 70, 100), (20, 90, 100), (300, 200, 100), (2, 2, 1)]


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_both_sides_equal_the_dense_formula(n, m, d):
    p, q = unit_rows(n, d, 0), 3 * unit_rows(m, d, 1, offset=0.8)
    assert rjsd(p, q) == pytest.approx(dense_rjsd(p, q), abs=1e-9)
    assert rjsd_count_weighted(p, q) == pytest.approx(dense_count_weighted(p, q), abs=1e-9)


def test_float32_is_computed_in_float64():
    p, q = unit_rows(50, 80, 0).astype(np.float32), unit_rows(50, 80, 1).astype(np.float32)
    assert rjsd(p, q) == pytest.approx(dense_rjsd(p.astype(float), q.astype(float)), abs=1e-12)


def test_limits():
    p = unit_rows(10, 30, 0)
    apart = np.zeros((10, 60)), np.zeros((10, 60))
    apart[0][:, :30], apart[1][:, 30:] = p, p
    assert rjsd(*apart) == pytest.approx(math.log(2), abs=1e-12)
    assert rjsd(p, p.copy()) == 0.0
    assert rjsd_count_weighted(p, p.copy()) == 0.0
    assert rjsd(p, p[::-1]) == pytest.approx(0.0, abs=1e-14)
    assert rjsd(p, np.concatenate([p, p])) == pytest.approx(0.0, abs=1e-12)


def test_equal_traces_ignore_size_and_norm_where_the_authors_do_not():
    p, q = unit_rows(90, 200, 0), unit_rows(30, 200, 1)
    assert rjsd(2 * p, q) == pytest.approx(rjsd(p, q), abs=1e-12)
    assert rjsd(np.concatenate([p, p]), q) == pytest.approx(rjsd(p, q), abs=1e-12)
    assert rjsd_count_weighted(p, q) != pytest.approx(rjsd(p, q), abs=1e-3)
    assert rjsd_count_weighted(p, p[::-1] * 2) < rjsd_count_weighted(p, q)


def test_the_authors_weighting_can_turn_negative_and_ours_cannot():
    collapsed = np.ones((300, 40)) + 1e-3 * unit_rows(300, 40, 0)
    diverse = unit_rows(30, 40, 1, offset=0.0)
    assert rjsd_count_weighted(collapsed, diverse) < -0.1
    assert 0 < rjsd(collapsed, diverse) <= math.log(2)


def test_a_set_computes_its_spectrum_once(monkeypatch):
    calls = []
    eigvalsh = np.linalg.eigvalsh
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda matrix: calls.append(len(matrix)) or eigvalsh(matrix))
    clean = EmbeddingSet(unit_rows(20, 100, 0), "clean")
    others = [EmbeddingSet(unit_rows(20, 100, seed), f"set {seed}") for seed in (1, 2, 3)]
    first = [rjsd(clean, other) for other in others]
    assert sorted(calls) == [20] * 4 + [40] * 3
    calls.clear()
    assert [rjsd(clean, other) for other in others] == first
    assert calls == []
    rjsd(clean, unit_rows(20, 100, 4))
    assert calls == [40, 20]


def test_entropy_of_known_spectra():
    assert von_neumann_entropy(np.eye(7)) == pytest.approx(math.log(7))
    assert von_neumann_entropy(np.diag([4.0, 0.0, 0.0])) == 0.0
    assert EmbeddingSet(np.eye(5)).entropy == pytest.approx(math.log(5))


P, Q = unit_rows(5, 4, 0), unit_rows(6, 4, 1)


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (
            P,
            Q[:, :3],
            "q: has 3 columns, but p has 4. Embeddings that are compared must come from the same encoder.",
        ),
        (P[:1], Q, "p: at least 2 rows are needed, got 1."),
        (P, 0 * Q, "q: row 0 is all zeros, which is no embedding. Remove the sample or fix the encoder that made it."),
    ],
)
def test_what_is_refused(p, q, message):
    with pytest.raises(EstimationError) as caught:
        rjsd(p, q)
    assert str(caught.value) == message


def test_small_sets_are_converted_once_within_a_context_and_not_kept_after_it():
    small, large = (EmbeddingSet(unit_rows(n, 5, 0).astype(np.float32)) for n in (30, 600))
    with widened(small, large):
        assert small.wide is small.wide
        assert large.wide is not large.wide
        with widened(small):
            pass
        assert small.wide is small.wide
    assert small.wide is not small.wide
    np.testing.assert_array_equal(small.wide, small.rows.astype(np.float64))
