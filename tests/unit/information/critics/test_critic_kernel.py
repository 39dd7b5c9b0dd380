import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.held_out import gaussian_r2
from pytest_emid.information.critics.kernel import KernelCritic
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.divergence.kernels import gaussian_kernel, median_distance, squared_distances


def bent(n, seed):
    """Responses that are even functions of the query: without linear signal."""
    rng = np.random.default_rng([3, seed])
    x = rng.normal(size=(n, 2))
    return x, np.stack([x[:, 0] ** 2, np.cos(2 * x[:, 1])], axis=1) + 0.1 * rng.normal(size=(n, 2))


def test_it_learns_what_ridge_cannot():
    train, fresh = bent(400, 0), bent(2000, 1)
    kernel, ridge = KernelCritic.fit(*train), RidgeCritic.fit(*train)
    assert ridge.held_out_r2.value < 0.1
    assert gaussian_r2(kernel, *fresh).value > 0.9
    assert kernel.held_out_r2.value == pytest.approx(gaussian_r2(kernel, *fresh).value, abs=0.05)


def test_it_is_kernel_ridge_regression_when_all_rows_are_landmarks():
    (x, y), (fresh, _) = bent(80, 0), bent(10, 1)
    critic = KernelCritic.fit(x, y, penalties=[1e-3], bandwidths=[1.0])
    bandwidth = critic.settings["bandwidth"]
    assert bandwidth == pytest.approx(median_distance(x))
    centring = np.eye(80) - 1 / 80
    kernel = gaussian_kernel(x, x, bandwidth)
    centred = centring @ kernel @ centring
    dual = np.linalg.solve(centred + 1e-3 * np.trace(centred) * np.eye(80), y - y.mean(0))
    expected = y.mean(0) + (gaussian_kernel(fresh, x, bandwidth) - kernel.mean(0)) @ centring @ dual
    a, w = critic.natural(fresh)
    np.testing.assert_allclose(a / w, expected, atol=1e-5)


def test_the_bandwidth_is_chosen_by_held_out_likelihood():
    x, y = bent(300, 0)
    chosen = KernelCritic.fit(x, y, bandwidths=[0.01, 1.0, 100.0]).settings["bandwidth"]
    assert chosen == pytest.approx(median_distance(x))


def test_landmarks_can_be_fewer_than_rows():
    train, fresh = bent(600, 0), bent(1000, 1)
    critic = KernelCritic.fit(*train, max_landmarks=60)
    assert critic.settings["landmarks"] == 60
    assert gaussian_r2(critic, *fresh).value > 0.85


def test_broken_arrays_are_refused():
    critic = KernelCritic.fit(*bent(30, 0))
    with pytest.raises(EstimationError) as caught:
        KernelCritic({**critic._arrays, "bandwidth": np.array([-1.0])})
    assert str(caught.value) == "kernel critic: 'bandwidth' must be positive."


def test_distances_of_nearly_parallel_vectors_keep_their_digits():
    rng = np.random.default_rng(0)
    x = 1 + 1e-6 * rng.normal(size=(20, 10))
    exact = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(x, x), exact, rtol=1e-8, atol=1e-24)
    assert gaussian_kernel(x, x[:3], 1e-6).shape == (20, 3)


def test_identical_rows_have_no_median_distance():
    with pytest.raises(EstimationError) as caught:
        median_distance(np.ones((5, 2)))
    assert str(caught.value) == ("bandwidth: all rows are identical, so their median distance is 0. Pass a bandwidth.")
