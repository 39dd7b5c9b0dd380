import math

import numpy as np
import pytest
from critic_worlds import LinearWorld

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.infonce import InfoNCECritic

WORLD = LinearWorld()


@pytest.fixture(scope="module")
def critic():
    return InfoNCECritic.fit(*WORLD.draw(400, 0))


def dense_scores(critic, x, y):
    queries, responses = critic._features("query", x), critic._features("response", y)
    return queries @ responses.T


@pytest.mark.parametrize("n", [2, 50, 700])
def test_the_mean_contribution_is_the_estimate(critic, n):
    x, y = WORLD.draw(n, 1)
    scores = dense_scores(critic, x, y)
    estimate = (np.diag(scores) - np.log(np.exp(scores).mean(axis=1))).mean()
    psi = critic.contributions(x, y)
    assert psi.mean() == pytest.approx(estimate, abs=1e-10)
    assert estimate <= math.log(n)


def test_contributions_are_the_influence_values(critic):
    x, y = WORLD.draw(25, 2)
    scores = dense_scores(critic, x, y)
    psi = critic.contributions(x, y)

    def weighted(weights):
        weights = weights / weights.sum()
        return weights @ (np.diag(scores) - np.log(np.exp(scores) @ weights))

    for i in (0, 13):
        up, down = np.ones(25), np.ones(25)
        up[i] += 1e-5
        down[i] -= 1e-5
        assert 25 * (weighted(up) - weighted(down)) / 2e-5 == pytest.approx(psi[i] - psi.mean(), abs=1e-6)


def test_large_scores_do_not_overflow(critic):
    scaled = dict(critic._arrays)
    scaled["query.2.weight"] = scaled["query.2.weight"] * 1e4
    psi = InfoNCECritic(scaled).contributions(*WORLD.draw(50, 1))
    assert np.isfinite(psi).all()


def test_its_stand_in_for_r2_says_what_it_is(critic):
    assert critic.held_out_r2.unit == "fraction of log n"
    assert 0.1 < critic.held_out_r2.low < critic.held_out_r2.high <= 1.0
    rng = np.random.default_rng(0)
    idle = InfoNCECritic.fit(rng.normal(size=(400, 12)), rng.normal(size=(400, 9)))
    assert idle.held_out_r2.low < 0.02


def test_too_few_pairs_to_check_with_are_refused():
    x, y = WORLD.draw(10, 0)
    with pytest.raises(EstimationError) as caught:
        InfoNCECritic.fit(x, y, clusters=[0] * 8 + [1, 2])
    assert str(caught.value) == "x: too few pairs to hold out two for stopping and two for checking."
