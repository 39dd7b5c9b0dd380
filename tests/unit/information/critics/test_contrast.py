"""Each answer among the candidates of others: whole while there are few, in a ring of groups where there are many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_emid.information.critics import contrast as module
from pytest_emid.information.critics.contrast import Part, contrast

TEMPERATURES = (5.0, 20.0, 80.0)


def cosines(seed: int, n: int) -> np.ndarray:
    """Of answers that are right about half of the time."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, 6))
    told = np.where(rng.random((n, 1)) < 0.5, true + 0.3 * rng.normal(size=true.shape), rng.normal(size=true.shape))
    unit = [rows / np.linalg.norm(rows, axis=1)[:, None] for rows in (told, true)]
    return unit[0] @ unit[1].T


def read(matrix: np.ndarray, codes: np.ndarray, candidates: int = 8) -> module.Told:
    return contrast(lambda rows, columns: matrix[rows][:, columns], codes, candidates, TEMPERATURES, 0.05)


@pytest.fixture
def small_groups(monkeypatch) -> None:
    monkeypatch.setattr(module, "BLOCK_ROWS", 20)
    monkeypatch.setattr(module, "MOST", 100)


class TestWho:
    def test_few_are_held_against_all(self) -> None:
        parts = module._parts(np.arange(module.MOST), 63)
        assert {(part.columns.start, part.columns.stop) for part in parts} == {(None, None)}
        rows = np.concatenate([np.arange(module.MOST)[part.rows] for part in parts])
        assert rows.tolist() == list(range(module.MOST))
        assert np.concatenate([part.own for part in parts]).tolist() == rows.tolist()

    @pytest.mark.parametrize("n", [101, 119, 120, 333, 1000])
    def test_many_are_each_held_against_as_many_and_by_as_many(self, small_groups, n: int) -> None:
        parts = module._parts(np.arange(n), 7)
        held_by = np.zeros(n, dtype=int)
        for part in parts:
            assert np.array_equal(part.columns[part.own], part.rows)
            assert 80 < len(part.columns) <= 105
            assert len(set(part.columns.tolist())) == len(part.columns)
            held_by[part.columns] += len(part.rows)
        assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == list(range(n))
        assert held_by.min() > 80
        assert held_by.max() <= 105

    def test_the_groups_are_no_neighbours(self, small_groups) -> None:
        first = module._parts(np.arange(1000), 7)[0]
        assert np.abs(np.diff(np.sort(first.rows))).mean() > 20

    def test_the_work_grows_with_n(self) -> None:
        def pairs(n: int) -> int:
            return sum(len(part.rows) * len(part.columns) for part in module._parts(np.arange(n), 63))

        assert pairs(80_000) / pairs(20_000) == pytest.approx(4.0, rel=0.05)

    def test_where_one_cluster_is_nearly_all_there_is_nobody_is_missed(self, small_groups) -> None:
        codes = np.zeros(300, dtype=np.intp)
        codes[:9] = np.arange(1, 10)
        assert all(part.columns == slice(None) for part in module._parts(codes, 9))
        assert np.isfinite(read(cosines(0, 300), codes).scores).all()


class TestRing:
    def test_it_reads_what_all_pairs_read(self, small_groups, monkeypatch) -> None:
        gaps, errors = [], []
        for seed in range(20):
            matrix, codes = cosines(seed, 600), np.arange(600) // 3
            ring = read(matrix, codes)
            with monkeypatch.context() as m:
                m.setattr(module, "MOST", 10_000)
                whole = read(matrix, codes)
            gaps.append(ring.value - whole.value)
            errors.append(whole.scores.std() / 600**0.5)
        assert abs(np.mean(gaps)) < 0.3 * np.mean(errors)
        assert np.std(gaps) < 0.3 * np.mean(errors)

    def test_a_candidate_answers_for_what_it_takes_from_others(self, small_groups) -> None:
        """The derivative by the weight of a candidate among those who are held against it, at held weights."""
        n, step = 130, 1e-6
        matrix, codes = cosines(3, n), np.arange(n) // 2
        found = read(matrix, codes)
        weights = np.array(found.weights)
        meets = np.zeros((n, n))
        for part in module._parts(codes, 7):
            meets[np.ix_(part.rows, part.columns)] = 1.0
        meets[codes[:, None] == codes] = 0.0
        assert 0 < meets.sum() < n * n - 2 * n

        def scores(candidate: int, extra: float) -> np.ndarray:
            times = meets.copy()
            times[:, candidate] *= 1 + extra
            mixed = np.full(n, weights[-1])
            for weight, b in zip(weights, TEMPERATURES, strict=False):
                excess = (times * np.exp(b * (matrix - np.diag(matrix)[:, None]))).sum(1) / times.sum(1)
                mixed += weight * 8 / (1.0 + 7 * excess)
            return np.log(mixed)

        before = scores(0, 0.0)
        for j in (0, 50, 129):
            moved = (scores(j, step) - before).sum() / step
            assert found.scores[j] == pytest.approx(before[j] + moved, abs=1e-4)

    def test_the_same_set_reads_the_same_again(self, small_groups) -> None:
        matrix, codes = cosines(1, 400), np.arange(400)
        assert np.array_equal(read(matrix, codes).scores, read(matrix, codes).scores)


@given(st.lists(st.sampled_from([1.0, 2.5, 3.0, 5.0, 20.0, 40.0, 80.0, 300.0]), min_size=1, max_size=4))
def test_powers_by_squaring_are_the_exponentials(temperatures: list[float]) -> None:
    matrix, codes = cosines(2, 12), np.arange(12) // 2
    whole = Part(slice(None), slice(None), np.arange(12))
    found = module._excesses(lambda rows, columns: matrix[rows][:, columns], codes, whole, tuple(temperatures))
    gap = np.where(codes[:, None] == codes, -np.inf, matrix - np.diag(matrix)[:, None])
    for b, excess in zip(temperatures, found, strict=True):
        assert excess == pytest.approx(np.exp(b * gap), rel=1e-12)
