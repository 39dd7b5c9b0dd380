"""What must hold of mutual information and divergences whatever the numbers."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.information.critics.mutual_information import club, contributions
from pytest_emid.information.critics.ridge import RidgeCritic
from pytest_emid.information.divergence.nulls import permutation_test, swap_test
from pytest_emid.information.divergence.rjsd import rjsd, rjsd_count_weighted

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(1e-2, 1e2)


class RandomCritic:
    """A heteroscedastic Gaussian critic of random parameters."""

    kind, fingerprint, held_out_r2 = "random", "f" * 64, None

    def __init__(self, dx, dy, rng):
        self.dimension_x, self.dimension_y = dx, dy
        self.mean, self.log = rng.normal(size=(dx, dy)), rng.normal(size=(dx, dy))

    def save(self, path):
        raise NotImplementedError

    def natural(self, x):
        w = np.exp(-np.tanh(x @ self.log))
        return w * np.sin(x @ self.mean), w


def dense_club(critic, x, y):
    a, w = critic.natural(x)
    mean = a / w
    positive = -((y - mean) ** 2) * w / 2
    negative = -((y[None] - mean[:, None]) ** 2).mean(axis=1) * w / 2
    return (positive - negative).sum(axis=1).mean()


@st.composite
def worlds(draw):
    """A critic with queries and two sets of responses."""
    n, dx, dy = draw(st.integers(2, 40)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(seeds))
    y = draw(scales) * rng.normal(size=(n, dy)) + draw(st.floats(-5, 5))
    return RandomCritic(dx, dy, rng), rng.normal(size=(n, dx)), y, rng.normal(size=(n, dy))


@st.composite
def pairs_of_sets(draw, equal_sizes=False):
    """Two sets of unit rows of one dimension, some rows repeated."""
    n, d = draw(st.integers(2, 12)), draw(st.integers(1, 20))
    m = n if equal_sizes else draw(st.integers(2, 12))
    rng = np.random.default_rng(draw(seeds))
    offset = draw(st.floats(0, 5))
    sets = []
    for size in (n, m):
        rows = rng.normal(size=(size, d)) + offset * rng.normal(size=d)
        rows[rng.random(size) < draw(st.sampled_from([0.0, 0.5]))] = rows[0]
        sets.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return sets[0], sets[1]


@settings(deadline=None)
@given(worlds())
def test_club_identity_equals_the_dense_formula(world):
    critic, x, y, _ = world
    size = 1 + np.abs(y).max() ** 2
    np.testing.assert_allclose(club(critic, x, y), dense_club(critic, x, y), atol=1e-11 * size)


@settings(deadline=None)
@given(worlds(), st.data())
def test_contributions_follow_their_samples(world, data):
    critic, x, y, _ = world
    order = np.array(data.draw(st.permutations(range(len(x)))))
    size = 1 + np.abs(y).max() ** 2
    np.testing.assert_allclose(
        contributions(critic, x[order], y[order]), contributions(critic, x, y)[order], atol=1e-11 * size
    )


@settings(deadline=None)
@given(worlds())
def test_emi_is_the_difference_and_antisymmetric(world):
    critic, x, y, z = world
    size = 1 + np.abs(y).max() ** 2
    difference = contributions(critic, x, y, minus=z)
    np.testing.assert_allclose(difference, contributions(critic, x, y) - contributions(critic, x, z), atol=1e-11 * size)
    np.testing.assert_allclose(difference, -contributions(critic, x, z, minus=y), atol=1e-11 * size)
    np.testing.assert_array_equal(contributions(critic, x, y, minus=y), 0.0)


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(-3, 3))
def test_a_ridge_critic_does_not_notice_a_constant_added_to_every_response(seed, constant):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    critic = RidgeCritic.fit(x, y)
    np.testing.assert_allclose(contributions(critic, x, y + constant), contributions(critic, x, y), atol=1e-9)


@settings(deadline=None)
@given(pairs_of_sets(), scales, st.data())
def test_rjsd_is_a_bounded_symmetric_divergence(sets, scale, data):
    p, q = sets
    value = rjsd(p, q)
    assert 0 <= value <= math.log(2)
    np.testing.assert_allclose(rjsd(q, p), value, atol=1e-12)
    np.testing.assert_allclose(rjsd(scale * p, q), value, atol=1e-10)
    order = np.array(data.draw(st.permutations(range(len(p)))))
    np.testing.assert_allclose(rjsd(p[order], q), value, atol=1e-10)
    assert rjsd(p, p.copy()) == 0
    assert rjsd(p, p[order]) < 1e-10


@settings(deadline=None)
@given(pairs_of_sets(), seeds)
def test_rjsd_does_not_see_orthogonal_transforms(sets, seed):
    p, q = sets
    d = p.shape[1]
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
    np.testing.assert_allclose(rjsd(p @ rotation, q @ rotation), rjsd(p, q), atol=1e-10)


@settings(deadline=None)
@given(pairs_of_sets())
def test_gram_side_equals_covariance_side(sets):
    p, q = sets
    n = len(p)
    # Columns of zeros change no inner product, but turn every set into one of fewer rows than dimensions.
    padding = n + len(q)
    wide = [np.pad(rows, ((0, 0), (0, padding))) for rows in (p, q)]
    np.testing.assert_allclose(rjsd(*wide), rjsd(p, q), atol=1e-10)
    np.testing.assert_allclose(rjsd_count_weighted(*wide), rjsd_count_weighted(p, q), atol=1e-10)
    if n == len(q):
        np.testing.assert_allclose(rjsd_count_weighted(p, q), rjsd(p, q), atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(pairs_of_sets(equal_sizes=True), seeds)
def test_p_values_are_symmetric_in_the_sets_and_in_range(sets, seed):
    p, q = sets
    for test in (permutation_test, swap_test):
        found = test(p, q, seed=seed)
        assert 1 / 200 <= found.p_value <= 1
        np.testing.assert_allclose(test(q, p, seed=seed).value, found.value, atol=1e-9)
