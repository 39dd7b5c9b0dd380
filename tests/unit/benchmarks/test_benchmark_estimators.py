"""What only the benchmarks estimate with: the kernel and InfoNCE critics, sign flips and the cluster bootstrap."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from critic_worlds import LinearWorld

from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.intervals.means import mean_interval

FOLDER = Path(__file__).parents[3] / "benchmarks" / "validity"


def module(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


kernel, infonce, resampling = (module(name) for name in ("kernel", "infonce", "resampling"))


def test_the_kernel_critic_is_kernel_ridge_regression_when_all_rows_are_landmarks():
    rng = np.random.default_rng(3)
    x, fresh = rng.normal(size=(80, 2)), rng.normal(size=(10, 2))
    y = np.stack([x[:, 0] ** 2, np.cos(2 * x[:, 1])], axis=1) + 0.1 * rng.normal(size=(80, 2))
    critic = kernel.KernelCritic.fit(x, y, penalties=[1e-3], bandwidths=[1.0])
    bandwidth = critic.settings["bandwidth"]
    assert bandwidth == pytest.approx(kernel.median_distance(x))
    centring = np.eye(80) - 1 / 80
    products = kernel.gaussian_kernel(x, x, bandwidth)
    centred = centring @ products @ centring
    dual = np.linalg.solve(centred + 1e-3 * np.trace(centred) * np.eye(80), y - y.mean(0))
    expected = y.mean(0) + (kernel.gaussian_kernel(fresh, x, bandwidth) - products.mean(0)) @ centring @ dual
    a, w = critic.natural(fresh)
    np.testing.assert_allclose(a / w, expected, atol=1e-5)


def test_the_contrastive_critic_gives_the_influence_values_of_infonce():
    world = LinearWorld()
    critic = infonce.InfoNCECritic.fit(*world.draw(60, 0), hidden=16)
    x, y = world.draw(25, 2)
    scores = critic._features("query", x) @ critic._features("response", y).T
    psi = contributions(critic, x, y)
    np.testing.assert_array_equal(psi, critic.contributions(x, y))
    z = world.draw(25, 3)[1]
    np.testing.assert_allclose(contributions(critic, x, y, minus=z), psi - critic.contributions(x, z))

    def weighted(weights):
        weights = weights / weights.sum()
        return weights @ (np.diag(scores) - np.log(np.exp(scores) @ weights))

    assert psi.mean() == pytest.approx(weighted(np.ones(25)), abs=1e-10)
    step = 1e-5 * (np.arange(25) == 13)
    slope = (weighted(1 + step) - weighted(1 - step)) / 2e-5
    assert 25 * slope == pytest.approx(psi[13] - psi.mean(), abs=1e-6)


def test_few_clusters_are_flipped_in_every_way():
    rng = np.random.default_rng(7)
    # Five positive values: only the observed pattern (and its mirror) is as extreme.
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert resampling.sign_flip_p(values, None, rng) == 2 / 32
    assert resampling.sign_flip_p(values, None, rng, alternative="less") == 1.0
    assert resampling.sign_flip_p(values[:4], ["a", "a", "b", "b"], rng, alternative="greater") == 1 / 4


def test_the_bootstrap_agrees_with_t_on_normal_clusters():
    rng = np.random.default_rng(7)
    values, labels = np.repeat(rng.normal(1.0, 1.0, size=60), 3), np.repeat(np.arange(60), 3)
    t, bootstrap = mean_interval(values, labels), resampling.bootstrap_interval(values, labels, rng, 4000)
    assert (bootstrap.value, bootstrap.se, bootstrap.clusters) == (t.value, t.se, 60)
    assert (bootstrap.low, bootstrap.high) == pytest.approx((t.low, t.high), abs=0.15 * t.se)
