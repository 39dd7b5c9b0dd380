import tracemalloc

import numpy as np
import pytest
from critic_worlds import RandomGaussianCritic, dense_club

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.mutual_information import club, contributions, contributions_each, estimates

CRITIC = RandomGaussianCritic(5, 7)


def draw(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.normal(size=(n, 7)) + 2, rng.normal(size=(n, 7))


@pytest.mark.parametrize("n", [2, 3, 90, 1100])
def test_club_equals_the_average_over_all_pairs(n):
    x, y, _ = draw(n)
    expected = dense_club(*CRITIC.parameters(x), y)
    assert club(CRITIC, x, y) == pytest.approx(expected, abs=1e-11)
    assert contributions(CRITIC, x, y).mean() == pytest.approx(expected, abs=1e-11)


def test_contributions_are_the_influence_values():
    # The derivative of CLUB when the weight of one sample grows, by finite differences of the dense formula.
    x, y, _ = draw(30)
    mean, logvar = CRITIC.parameters(x)
    psi = contributions(CRITIC, x, y)

    def weighted(weights):
        weights = weights / weights.sum()
        positive = -((y - mean) ** 2) / (2 * np.exp(logvar))
        negative = -np.einsum("j,ijd->id", weights, (y[None] - mean[:, None]) ** 2) / (2 * np.exp(logvar))
        return weights @ (positive - negative).sum(axis=1)

    step = 1e-5
    for i in (0, 11, 29):
        up, down = np.ones(30), np.ones(30)
        up[i] += step
        down[i] -= step
        slope = (weighted(up) - weighted(down)) / (2 * step)
        assert slope * 30 == pytest.approx(psi[i] - psi.mean(), abs=1e-6)


def test_minus_is_the_difference_and_asks_the_critic_once():
    x, y, z = draw(700)
    asked = []

    class Counting(RandomGaussianCritic):
        def natural(self, rows):
            asked.append(len(rows))
            return super().natural(rows)

    difference = contributions(Counting(5, 7), x, y, minus=z)
    assert sum(asked) == 700
    np.testing.assert_allclose(difference, contributions(CRITIC, x, y) - contributions(CRITIC, x, z), atol=1e-12)
    asked.clear()
    both = contributions_each(Counting(5, 7), x, [y, z])
    assert sum(asked) == 700
    np.testing.assert_array_equal(both[0], contributions(CRITIC, x, y))
    np.testing.assert_array_equal(both[1], contributions(CRITIC, x, z))


@pytest.mark.parametrize("n", [60, 700])
def test_means_of_arrays_that_were_checked_before_are_not_trusted(n):
    x, y, z = draw(n)
    assert estimates(CRITIC, x, [y, z]) == [club(CRITIC, x, y), club(CRITIC, x, z)]
    z[7, 3] = np.nan
    with pytest.raises(EstimationError, match="the contribution of row 0 is not finite"):
        estimates(CRITIC, x, [y, z])


def test_the_spread_of_contributions_is_the_standard_error_over_fresh_samples():
    values, errors = [], []
    for seed in range(300):
        x, y, _ = draw(60, seed)
        psi = contributions(CRITIC, x, y)
        values.append(psi.mean())
        errors.append(psi.std(ddof=1) / 60**0.5)
    assert np.mean(errors) / np.std(values) == pytest.approx(1, abs=0.12)


def test_large_offsets_cost_no_digits():
    # Two thirds of the digits of y^2 are offset here; the identity must not lose them.
    x, y, _ = draw(200)
    expected = dense_club(*CRITIC.parameters(x), y + 1e4)
    assert club(CRITIC, x, y + 1e4) == pytest.approx(expected, rel=1e-7)


def test_memory_beyond_the_inputs_does_not_grow_with_n():
    world = RandomGaussianCritic(768, 768)
    rng = np.random.default_rng(0)
    x, y, z = (rng.normal(size=(3000, 768)).astype(np.float32) for _ in range(3))
    tracemalloc.start()
    try:
        contributions(world, x, y, minus=z)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50e6


class Overflowing(RandomGaussianCritic):
    def natural(self, rows):
        a, w = super().natural(rows)
        a[3] = np.inf
        return a, w


class Nothing:
    kind, fingerprint, dimension_x, dimension_y = "nothing", "0", 5, 7


X, Y, Z = draw(20)
BROKEN = np.where((np.arange(20)[:, None] == 3) & (np.arange(7) == 2), np.nan, Z)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: contributions(CRITIC, X[:1], Y[:1]), "x: at least 2 rows are needed, got 1."),
        (
            lambda: contributions(CRITIC, X, Y[1:]),
            "y: expected 20 rows, got 19. Arrays that are measured together hold the same samples in the same order.",
        ),
        (
            lambda: contributions(CRITIC, X, Y[:, 1:]),
            "y: has 6 columns, but the random critic rrrrrrrrrrrr was fitted on 7. Use the encoders that it was "
            "fitted with, or fit a critic on these embeddings.",
        ),
        (
            lambda: contributions(CRITIC, X, Y, minus=np.ones((20, 7))),
            "minus: all 20 rows are identical, so there is nothing to measure. "
            "Check whether the model answers every query alike or the encoder ignores its input.",
        ),
        (
            lambda: contributions_each(CRITIC, X, [Y, BROKEN]),
            "responses[1]: row 3 holds nan in column 2 (1 of 20 rows are not finite). "
            "Remove the sample or fix the encoder that made it.",
        ),
        (
            lambda: contributions(Overflowing(5, 7), X, Y),
            "critic random: the contribution of row 0 is not finite. "
            "The critic was fitted on embeddings of another scale, or is broken: fit it again.",
        ),
        (
            lambda: contributions(Nothing(), X, Y),
            "critic: Nothing has neither `natural` (Gaussian form) nor `contributions`.",
        ),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
