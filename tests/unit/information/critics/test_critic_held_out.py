import numpy as np
import pytest
from critic_worlds import RandomGaussianCritic

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.held_out import gaussian_r2, grouped_parts, r2_estimate


def test_parts_keep_clusters_whole_and_sizes_near_their_shares():
    codes = np.sort(np.random.default_rng(0).integers(0, 60, size=400))
    codes = np.unique(codes, return_inverse=True)[1]
    parts = grouped_parts(codes, [0.7, 0.15, 0.15], seed=3)
    for cluster in np.unique(codes):
        assert len(set(parts[codes == cluster])) == 1
    np.testing.assert_allclose(np.bincount(parts) / 400, [0.7, 0.15, 0.15], atol=0.05)
    np.testing.assert_array_equal(parts, grouped_parts(codes, [0.7, 0.15, 0.15], seed=3))
    assert (parts != grouped_parts(codes, [0.7, 0.15, 0.15], seed=4)).any()


def test_as_many_clusters_as_parts_fill_every_part():
    assert set(grouped_parts(np.arange(5), [0.2] * 5, 0)) == set(range(5))
    with pytest.raises(EstimationError) as caught:
        grouped_parts(np.zeros(9, dtype=int), [0.5, 0.5], 0)
    assert str(caught.value) == (
        "1 clusters cannot be split into 2 parts without breaking one. "
        "Fit the critic on more pairs, or on pairs of more images."
    )


def test_r2_is_one_minus_the_ratio_of_sums():
    residual, total = np.array([1.0, 2.0, 3.0, 2.0]), np.array([4.0, 4.0, 5.0, 7.0])
    found = r2_estimate(residual, total, None)
    assert found.value == pytest.approx(1 - 8 / 20)
    assert found.low < found.value < found.high
    assert found.unit == "fraction"


def test_gaussian_r2_leaves_each_row_out_of_the_mean_it_is_held_against():
    critic = RandomGaussianCritic(3, 2)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    mean = critic.parameters(x)[0]
    others = np.array([np.delete(y, i, axis=0).mean(axis=0) for i in range(40)])
    expected = 1 - ((y - mean) ** 2).sum() / ((y - others) ** 2).sum()
    assert gaussian_r2(critic, x, y).value == pytest.approx(expected)
    given = 1 - ((y - mean) ** 2).sum() / ((y - 0.3) ** 2).sum()
    assert gaussian_r2(critic, x, y, baseline=np.full(2, 0.3)).value == pytest.approx(given)
    with pytest.raises(EstimationError, match="y: all 40 rows are identical"):
        gaussian_r2(critic, x, np.ones((40, 2)))
