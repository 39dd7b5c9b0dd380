import numpy as np
import pytest
from critic_worlds import LinearWorld

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.held_out import gaussian_r2
from pytest_emid.information.critics.least_squares import LeastSquaresMoments
from pytest_emid.information.critics.mutual_information import club
from pytest_emid.information.critics.ridge import RidgeCritic

WORLD = LinearWorld()


def predicted(critic, x):
    a, w = critic.natural(x)
    return a / w


def test_it_is_ridge_regression_with_the_penalty_it_names():
    x, y = WORLD.draw(200, 0)
    critic = RidgeCritic.fit(x, y)
    centred, target = x - x.mean(0), y - y.mean(0)
    penalty = critic.settings["penalty"] * (centred**2).sum()
    weight = np.linalg.solve(centred.T @ centred + penalty * np.eye(12), centred.T @ target)
    fresh, _ = WORLD.draw(30, 1)
    np.testing.assert_allclose(predicted(critic, fresh), y.mean(0) + (fresh - x.mean(0)) @ weight, atol=1e-6)


@pytest.mark.parametrize("m", [40, 1500])
def test_the_held_out_r2_covers_the_r2_of_fresh_pairs(m):
    critic = RidgeCritic.fit(*WORLD.draw(m, 0))
    fresh = gaussian_r2(critic, *WORLD.draw(4000, 1))
    assert critic.held_out_r2.low - 0.05 < fresh.value < critic.held_out_r2.high + 0.05
    assert critic.held_out_r2.n == m
    assert critic.held_out_r2.unit == "fraction"


def test_fewer_pairs_than_dimensions_work_and_do_not_flatter():
    world = LinearWorld(dimension_x=300, dimension_y=200, noise=1.0)
    critic = RidgeCritic.fit(*world.draw(60, 0))
    x, y = world.draw(3000, 1)
    residual = ((y - predicted(critic, x)) ** 2).mean(axis=0)
    np.testing.assert_allclose((1 / critic.natural(x)[1][0]).mean(), residual.mean(), rtol=0.1)
    assert critic.settings["components"] == 59
    assert critic.held_out_r2.value == pytest.approx(gaussian_r2(critic, x, y).value, abs=0.1)


def test_nothing_to_learn_gives_an_r2_near_zero_and_no_information():
    rng = np.random.default_rng(0)
    critic = RidgeCritic.fit(rng.normal(size=(300, 40)), rng.normal(size=(300, 30)))
    assert critic.held_out_r2.low < 0.01
    assert abs(critic.held_out_r2.value) < 0.02
    fresh = rng.normal(size=(2000, 40)), rng.normal(size=(2000, 30))
    assert abs(club(critic, *fresh)) < 0.1


def test_information_is_what_the_gaussian_formula_says():
    # y = x M + noise: CLUB of the true critic is sum_d Cov(mu_d, y_d) / variance_d = sum_d var(mu_d) / variance_d.
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, 4)) / 2
    x = rng.normal(size=(20000, 6))
    y = x @ matrix + rng.normal(size=(20000, 4))
    critic = RidgeCritic.fit(x[:10000], y[:10000])
    assert club(critic, x[10000:], y[10000:]) == pytest.approx((matrix**2).sum(), rel=0.05)


def test_a_constant_dimension_does_not_rule_the_sum():
    x, y = WORLD.draw(200, 0)
    y[:, 3] = 0.25
    variance = 1 / RidgeCritic.fit(x, y).natural(x)[1][0]
    np.testing.assert_allclose(variance[3], 0.05 * y.var(axis=0).mean(), rtol=0.1)


def test_certainty_is_limited_so_that_a_foregone_answer_keeps_a_finite_scale():
    # three classes, which the query tells without error: unlimited precision would make information endless
    rng = np.random.default_rng(0)
    kind = rng.integers(3, size=300)
    x, y = np.eye(3)[kind] + 0.001 * rng.normal(size=(300, 3)), np.eye(3)[kind]
    critic = RidgeCritic.fit(x, y)
    variance = 1 / critic.natural(x)[1][0]
    np.testing.assert_allclose(variance, 0.05 * y.var(axis=0).mean(), rtol=0.1)
    assert club(critic, x, y) == pytest.approx(3 / 0.05, rel=0.1)


def test_components_limit_the_predictors():
    x, y = WORLD.draw(200, 0)
    critic = RidgeCritic.fit(x, y, components=3)
    assert critic.settings["components"] == 3
    shown = np.linalg.matrix_rank(predicted(critic, x) - y.mean(0), tol=1e-4)
    assert shown == 3
    assert critic.held_out_r2.value < RidgeCritic.fit(x, y).held_out_r2.value


def test_samples_of_one_cluster_are_held_out_together():
    # Every query appears twice with one response: held out apart, each twin gives the other away.
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 200)).repeat(2, axis=0), rng.normal(size=(60, 50)).repeat(2, axis=0)
    assert RidgeCritic.fit(x, y).held_out_r2.value > 0.3
    clustered = RidgeCritic.fit(x, y, clusters=np.arange(60).repeat(2)).held_out_r2
    assert clustered.value < 0.05
    assert clustered.clusters == 60


def test_streamed_moments_give_the_batch_solution():
    x, y = WORLD.draw(500, 0)
    first, second = LeastSquaresMoments(12, 9), LeastSquaresMoments(12, 9)
    for start in range(0, 300, 50):
        first.update(x[start : start + 50], y[start : start + 50])
    second.update(x[300:], y[300:])
    held = WORLD.draw(100, 1)
    critic = RidgeCritic.from_moments(first.merge(second), *held, clusters=np.arange(100) // 2)
    centred, target = x - x.mean(0), y - y.mean(0)
    penalty = critic.settings["penalty"] * (centred**2).sum()
    weight = np.linalg.solve(centred.T @ centred + penalty * np.eye(12), centred.T @ target)
    np.testing.assert_allclose(predicted(critic, held[0]), y.mean(0) + (held[0] - x.mean(0)) @ weight, atol=1e-5)
    fresh = gaussian_r2(critic, *held, baseline=y.mean(0), clusters=np.arange(100) // 2)
    assert critic.held_out_r2.value == pytest.approx(fresh.value, abs=1e-6)
    assert (critic.held_out_r2.n, critic.held_out_r2.clusters) == (100, 50)


X, Y = WORLD.draw(20, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RidgeCritic.fit(X[:9], Y[:9]), "x: at least 10 rows are needed, got 9."),
        (
            lambda: RidgeCritic.fit(X, Y[1:]),
            "y: expected 20 rows, got 19. Arrays that are measured together hold the same samples in the same order.",
        ),
        (
            lambda: RidgeCritic.fit(X, np.ones((20, 9))),
            "y: all 20 rows are identical, so there is nothing to measure. "
            "Check whether the model answers every query alike or the encoder ignores its input.",
        ),
        (
            lambda: RidgeCritic.fit(X, Y, clusters=np.arange(20) // 5),
            "4 clusters cannot be split into 5 parts without breaking one. "
            "Fit the critic on more pairs, or on pairs of more images.",
        ),
        (
            lambda: RidgeCritic.from_moments(LeastSquaresMoments(12, 9).update(X[:4], Y[:4]), X, Y),
            "moments: at least 10 pairs are needed, got 4.",
        ),
        (
            lambda: RidgeCritic.from_moments(LeastSquaresMoments(12, 9).update(np.ones((20, 12)), Y), X, Y),
            "moments: all queries or all responses are identical, so there is nothing to fit.",
        ),
        (
            lambda: RidgeCritic.from_moments(LeastSquaresMoments(11, 9), X, Y),
            "held_out_x: expected 11 columns, got 12. Embeddings that are compared must come from the same encoder.",
        ),
        (
            lambda: LeastSquaresMoments(12, 9).merge(LeastSquaresMoments(11, 9)),
            "cannot merge moments of dimensions (12, 9) and (11, 9).",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
