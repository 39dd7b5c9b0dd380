"""A critic that reads the query itself: below the truth where it is known, and never above its ceiling."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.contrast import contrast
from pytest_emid.information.critics.query import QueryContrast

D = 5
M = 1200


def drawn(rng, n, noise):
    """y = x + noise e: I(X; Y) = D/2 ln(1 + 1 / noise^2)."""
    x = rng.normal(size=(n, D))
    return x, x + noise * rng.normal(size=(n, D))


def truth(noise):
    return D / 2 * math.log(1 + noise**-2)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture(scope="module")
def critic():
    return QueryContrast.fit(*drawn(np.random.default_rng(3), M, 0.5))


@pytest.mark.parametrize("noise", [4.0, 2.0, 1.0])
def test_it_reads_most_of_what_is_there_and_no_more(rng, noise):
    fitted = QueryContrast.fit(*drawn(np.random.default_rng(3), M, noise))
    read = []
    for _ in range(6):
        x, y = drawn(rng, 300, noise)
        read.append(fitted.information(y, x).value)
    assert 0.6 * truth(noise) - 0.05 < np.mean(read) < truth(noise) + 0.02


def test_it_never_reads_more_than_its_ceiling(rng):
    fitted = QueryContrast.fit(*drawn(np.random.default_rng(3), M, 0.01))
    told = fitted.information(*drawn(rng, 200, 0.01)[::-1])
    assert truth(0.01) > 20
    assert told.candidates == 64
    assert 0.9 * math.log(64) < told.value <= told.ceiling == fitted.ceiling == math.log(64)


def test_what_depends_on_no_query_tells_nothing(rng, critic):
    x, y = drawn(rng, 300, 0.5)
    assert abs(critic.information(rng.permutation(y), x).value) < 0.03
    assert critic.information(np.repeat(y[:1], 300, axis=0), x).value == pytest.approx(0.0, abs=0.03)


def test_it_falls_with_quality(rng, critic):
    values = []
    for noise in (0.5, 1.0, 2.0, 4.0):
        x, y = drawn(rng, 300, noise)
        values.append(critic.information(y, x).value)
    assert values == sorted(values, reverse=True)


def test_the_scores_are_those_of_the_gaussian_likelihood(rng, critic):
    x, y = drawn(rng, 120, 0.5)
    codes = np.arange(120) // 3
    foretold = (x - critic.mean_x) @ critic.slope
    target = (y - critic.mean_y) @ critic.axes
    rest = target[:, None, :] - foretold[None, :, :]
    likelihood = -0.5 * np.einsum("ijk,kl,ijl->ij", rest, critic.precision, rest)
    # The own part of an answer is the same under every query.
    scales = (critic.scale / 2, critic.scale, 2 * critic.scale)
    wanted = contrast(lambda rows, columns: likelihood[rows][:, columns], codes, 64, scales, critic.floor)
    found = critic.information(y, x, clusters=list(codes))
    assert found.scores == pytest.approx(wanted.scores, abs=1e-6)
    assert found.candidates == 64


def test_fewer_samples_are_held_against_fewer(rng, critic):
    x, y = drawn(rng, 40, 0.5)
    assert critic.information(y, x).candidates == 40
    assert critic.information(y, x, clusters=[i // 4 for i in range(40)]).candidates == 37
    assert critic.information(y, x, candidates=10).candidates == 10
    assert critic.usable(None, 500) == 64


def test_the_fit_says_how_good_it_is(critic):
    assert critic.m == M
    assert critic.held_out == pytest.approx(1 / (1 + 0.25), abs=0.03)
    assert (critic.kind, critic.unit) == ("query", "nats")


def test_every_number_that_decides_is_in_the_fingerprint(critic):
    again = QueryContrast.fit(*drawn(np.random.default_rng(3), M, 0.5))
    assert again.fingerprint == critic.fingerprint
    changes = {
        "scale": critic.scale + 1e-6,
        "candidates": 32,
        "floor": 0.06,
        "slope": critic.slope + 1e-9,
        "precision": critic.precision + 1e-9,
        "mean_x": critic.mean_x + 1e-9,
        "mean_y": critic.mean_y + 1e-9,
        "axes": critic.axes + 1e-9,
    }
    prints = {replace(critic, **{name: value}).fingerprint for name, value in changes.items()}
    assert len(prints | {critic.fingerprint}) == len(changes) + 1


def test_the_seed_deals_the_folds():
    x, y = drawn(np.random.default_rng(3), 300, 0.5)
    assert QueryContrast.fit(x, y, seed=0).held_out != QueryContrast.fit(x, y, seed=1).held_out


X, Y = drawn(np.random.default_rng(8), 250, 0.5)
ERRORS = [
    (
        lambda critic: QueryContrast.fit(X[:199], Y[:199]),
        "y: at least 200 rows are needed, got 199.",
    ),
    (
        lambda critic: QueryContrast.fit(X, np.ones_like(Y)),
        "y: all 250 rows are identical, so there is nothing to measure. Check whether the model answers every query "
        "alike or the encoder ignores its input.",
    ),
    (
        lambda critic: QueryContrast.fit(X, Y, clusters=[i % 2 for i in range(250)]),
        "clusters: 2 clusters cannot be cross-fitted in 3 folds. Use more.",
    ),
    (
        lambda critic: QueryContrast.fit(X, Y, clusters=[max(i - 246, 0) for i in range(250)]),
        "clusters: too few pictures to hold answers against (3 others). Use more.",
    ),
    (
        lambda critic: critic.information(Y[:7], X[:7]),
        "clusters: 1 of 7 samples share one cluster, which leaves 6 other queries to hold an answer against; at least "
        "7 are needed. Add samples of other pictures.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(critic, call, message):
    with pytest.raises(EstimationError) as caught:
        call(critic)
    assert str(caught.value) == message
