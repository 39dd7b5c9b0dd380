from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_emid.information.bounds.class_entropy import Part, entropy_contrast, singleton_share
from pytest_emid.information.theory.finite import entropy


def brute_force(parts: list[Part], values: np.ndarray, codes: np.ndarray, letters: int) -> tuple[float, float]:
    def contrast(keep: np.ndarray) -> float:
        total = float(values[keep].mean())
        for part in parts:
            counts = np.bincount(part.labels[keep], minlength=letters)
            total += part.sign * float(entropy(counts / counts.sum()))
        return total

    groups = codes.max() + 1
    without = np.array([contrast(codes != g) for g in range(groups)])
    value = groups * contrast(np.ones(len(codes), bool)) - (groups - 1) * without.mean()
    return value, math.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())


@pytest.mark.parametrize("clustered", [False, True])
def test_the_sparse_jackknife_equals_the_plain_one(clustered: bool):
    rng = np.random.default_rng(0)
    n, letters = 45, 6
    codes = np.sort(rng.integers(12, size=n)) if clustered else np.arange(n)
    codes = np.unique(codes, return_inverse=True)[1]
    parts = [Part(rng.integers(letters, size=n), sign) for sign in (1.0, -1.0, -1.0)]
    values = rng.random(n)
    found = entropy_contrast([(parts, [values], codes)], letters, 0.95)
    value, se = brute_force(parts, values, codes, letters)
    assert found.value == pytest.approx(value, rel=1e-10)
    assert found.se == pytest.approx(se, rel=1e-10)
    assert (found.n, found.clusters, found.unit) == (n, codes.max() + 1, "nats")
    assert found.high - found.value == pytest.approx(found.value - found.low)


def test_independent_samples_add_their_variances():
    rng = np.random.default_rng(1)
    first, second = Part(rng.integers(4, size=50), 1.0), Part(rng.integers(4, size=80), -1.0)
    samples = [([first], [], np.arange(50)), ([second], [], np.arange(80))]
    alone = [entropy_contrast([sample], 4, 0.95) for sample in samples]
    both = entropy_contrast(samples, 4, 0.95)
    assert both.value == pytest.approx(alone[0].value + alone[1].value)
    assert both.se == pytest.approx(math.hypot(alone[0].se, alone[1].se))
    assert (both.n, both.clusters) == (130, 130)


def test_the_jackknife_removes_the_bias_of_the_plug_in():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(10))
    truth = float(entropy(p))
    draws = [rng.choice(10, 60, p=p) for _ in range(400)]
    plugin = np.mean([entropy(np.bincount(d, minlength=10) / 60) for d in draws]) - truth
    found = [entropy_contrast([([Part(d, 1.0)], [], np.arange(60))], 10, 0.95) for d in draws]
    jackknife = np.mean([f.value for f in found]) - truth
    assert plugin < -0.05
    assert abs(jackknife) < 0.02
    assert np.mean([f.low <= truth <= f.high for f in found]) == pytest.approx(0.95, abs=0.03)


def test_equal_labels_cancel_exactly_and_one_cluster_has_no_interval():
    labels = np.array([0, 1, 1, 2])
    parts = [Part(labels, 1.0), Part(labels, -1.0)]
    still = entropy_contrast([(parts, [], np.arange(4))], 3, 0.95)
    assert (still.value, still.low, still.high, still.se) == (0.0, 0.0, 0.0, 0.0)
    lone = entropy_contrast([([Part(labels, 1.0)], [], np.zeros(4, dtype=np.intp))], 3, 0.95)
    assert (lone.low, lone.high) == (-math.inf, math.inf)
    assert math.isnan(lone.se)


def test_singletons_are_answers_that_nobody_else_gave():
    assert singleton_share(np.array([0, 0, 3, 4])) == 0.5
    assert singleton_share(np.array([1, 1])) == 0.0
