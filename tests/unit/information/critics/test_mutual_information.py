import tracemalloc

import numpy as np
import pytest
from critic_worlds import LinearWorld, RandomGaussianCritic, dense_club

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics import InfoNCECritic, RidgeCritic
from pytest_emid.information.critics.mutual_information import (
    Moments,
    club,
    contributions,
    contributions_each,
    estimates,
)

CRITIC = RandomGaussianCritic(5, 7)


def draw(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.normal(size=(n, 7)) + 2, rng.normal(size=(n, 7))


def fails_with(message, call, *args, **kwargs):
    with pytest.raises(EstimationError) as caught:
        call(*args, **kwargs)
    assert str(caught.value) == message


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
def test_arrays_that_are_known_to_be_finite_are_not_searched_and_yet_not_trusted(n):
    x, y, z = draw(n)
    assert estimates(CRITIC, x, [y, z], known_finite=True) == estimates(CRITIC, x, [y, z])
    assert estimates(CRITIC, x, [y, z]) == pytest.approx([club(CRITIC, x, y), club(CRITIC, x, z)])
    z[7, 3] = np.nan
    with pytest.raises(EstimationError, match="the contribution of row 0 is not finite"):
        estimates(CRITIC, x, [y, z], known_finite=True)


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


def test_moments_stream_merge_and_give_contributions_in_a_second_pass():
    x, y, _ = draw(1300)
    whole = Moments(CRITIC).update(x, y)
    assert whole.club() == pytest.approx(club(CRITIC, x, y), abs=1e-12)
    left, right = Moments(CRITIC), Moments(CRITIC)
    for start in range(0, 500, 100):
        left.update(x[start : start + 100], y[start : start + 100])
    right.update(x[500:], y[500:])
    merged = Moments(CRITIC).merge(right).merge(left).merge(Moments(CRITIC))
    assert merged.n == 1300
    assert merged.club() == pytest.approx(whole.club(), abs=1e-12)
    second = np.concatenate([merged.contributions(x[:1], y[:1]), merged.contributions(x[1:], y[1:])])
    np.testing.assert_allclose(second, contributions(CRITIC, x, y), atol=1e-11)


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


def test_a_critic_without_gaussian_form_gives_its_own_contributions():
    x, y = LinearWorld().draw(200, 0)
    _, z = LinearWorld().draw(200, 1)
    critic = InfoNCECritic.fit(x, y)
    np.testing.assert_array_equal(contributions(critic, x, y), critic.contributions(x, y))
    np.testing.assert_allclose(
        contributions(critic, x, y, minus=z), critic.contributions(x, y) - critic.contributions(x, z)
    )
    fails_with(
        "critic: moments need the Gaussian form, which a critic of kind 'infonce' does not have.", Moments, critic
    )


def test_bad_input_is_refused():
    x, y, z = draw(20)
    fails_with("x: at least 2 rows are needed, got 1.", contributions, CRITIC, x[:1], y[:1])
    fails_with(
        "y: expected 20 rows, got 19. Arrays that are measured together hold the same samples in the same order.",
        contributions,
        CRITIC,
        x,
        y[1:],
    )
    fails_with(
        "y: has 6 columns, but the random critic rrrrrrrrrrrr was fitted on 7. Use the encoders that it was fitted "
        "with, or fit a critic on these embeddings.",
        contributions,
        CRITIC,
        x,
        y[:, 1:],
    )
    fails_with(
        "minus: all 20 rows are identical, so there is nothing to measure. "
        "Check whether the model answers every query alike or the encoder ignores its input.",
        contributions,
        CRITIC,
        x,
        y,
        minus=np.ones((20, 7)),
    )
    broken = z.copy()
    broken[3, 2] = np.nan
    fails_with(
        "responses[1]: row 3 holds nan in column 2 (1 of 20 rows are not finite). "
        "Remove the sample or fix the encoder that made it.",
        contributions_each,
        CRITIC,
        x,
        [y, broken],
    )


def test_a_critic_that_overflows_is_refused():
    class Overflowing(RandomGaussianCritic):
        def natural(self, rows):
            a, w = super().natural(rows)
            a[3] = np.inf
            return a, w

    x, y, _ = draw(20)
    with np.errstate(invalid="ignore"):
        fails_with(
            "critic random: the contribution of row 0 is not finite. "
            "The critic was fitted on embeddings of another scale, or is broken: fit it again.",
            contributions,
            Overflowing(5, 7),
            x,
            y,
        )


def test_something_that_is_no_critic_is_refused():
    class Nothing:
        kind, fingerprint, dimension_x, dimension_y = "nothing", "0", 5, 7

    x, y, _ = draw(20)
    fails_with(
        "critic: Nothing has neither `natural` (Gaussian form) nor `contributions`.", contributions, Nothing(), x, y
    )


def test_moments_of_two_critics_do_not_merge_and_one_sample_is_not_enough():
    x, y = LinearWorld().draw(60, 0)
    one, two = RidgeCritic.fit(x[:30], y[:30]), RidgeCritic.fit(x[30:], y[30:])
    fails_with(
        f"cannot merge moments of two critics ({one.fingerprint[:12]} and {two.fingerprint[:12]}): "
        f"their scales differ.",
        Moments(one).merge,
        Moments(two),
    )
    fails_with("moments: at least 2 samples are needed, got 1.", Moments(one).update(x[:1], y[:1]).club)
