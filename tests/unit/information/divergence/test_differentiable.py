import numpy as np
import pytest
import torch

from pytest_emid.errors import EstimationError
from pytest_emid.information.divergence import rjsd as divergence
from pytest_emid.information.divergence.differentiable import rjsd, von_neumann_entropy


def rows(n, d, seed, offset=0.5):
    return torch.tensor(np.random.default_rng([8, seed]).normal(size=(n, d)) + offset)


def gradients_are_right(function, *tensors):
    return torch.autograd.gradcheck(function, [tensor.clone().requires_grad_() for tensor in tensors])


@pytest.mark.parametrize(("n", "m", "d"), [(4, 5, 12), (8, 7, 12), (30, 20, 5), (3, 9, 6)])
def test_values_equal_the_numpy_ones_and_gradients_their_slopes(n, m, d):
    p, q = rows(n, d, 0), rows(m, d, 1)
    assert rjsd(p, q).item() == pytest.approx(divergence.rjsd(p.numpy(), q.numpy()), abs=1e-10)
    assert gradients_are_right(rjsd, p, q)


def test_repeated_eigenvalues_have_gradients():
    basis = torch.eye(6, dtype=torch.float64)
    assert gradients_are_right(rjsd, basis[:4], basis[2:])
    assert gradients_are_right(rjsd, basis.repeat(2, 1), basis[:3].repeat(4, 1))


def test_identical_sets_are_a_stationary_point_even_when_rank_is_lost():
    for p in (rows(4, 9, 0), rows(30, 5, 0)):
        moved = p.clone().requires_grad_()
        value = rjsd(moved, p)
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-12)
        assert moved.grad.abs().max() < 1e-9


def test_duplicate_rows_keep_the_gradient_finite_and_right():
    p = rows(3, 8, 0)
    p = torch.cat([p, p[:1]])
    q = rows(4, 8, 1).requires_grad_()
    moved = p.clone().requires_grad_()
    rjsd(moved, q).backward()
    assert torch.isfinite(moved.grad).all()
    assert torch.isfinite(q.grad).all()
    direction = torch.full_like(p, 0.1)
    step = 1e-5
    slope = (rjsd(p + step * direction, q) - rjsd(p - step * direction, q)).item() / (2 * step)
    assert (moved.grad * direction).sum().item() == pytest.approx(slope, abs=1e-6)


def test_descending_the_gradient_brings_the_sets_together():
    p, q = rows(20, 6, 0), rows(20, 6, 1, offset=1.5).requires_grad_()
    optimizer = torch.optim.Adam([q], lr=0.05)
    before = rjsd(p, q).item()
    for _ in range(40):
        optimizer.zero_grad()
        rjsd(p, q).backward()
        optimizer.step()
    assert rjsd(p, q).item() < before / 5


def test_float32_is_computed_in_float64_and_returned_as_float32():
    p, q = rows(6, 9, 0).float(), rows(6, 9, 1).float()
    value = rjsd(p, q)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(divergence.rjsd(p.numpy(), q.numpy()), rel=1e-6)


def test_entropy_of_the_identity_is_the_logarithm_of_its_size():
    assert von_neumann_entropy(torch.eye(7, dtype=torch.float64)).item() == pytest.approx(np.log(7))


P, Q = (rows(6, 4, seed) for seed in (0, 1))


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (
            rows(3, 4, 0),
            rows(3, 5, 0),
            "expected two matrices with the same number of columns and at least one row each, got shapes (3, 4) and "
            "(3, 5).",
        ),
        (
            P,
            torch.cat([Q[:2], Q[2:3] / 0.0, Q[3:] * float("nan")]).requires_grad_(),
            "q: row 2 is not finite (4 of 6 rows). Lower the learning rate, or remove the sample.",
        ),
        (P.to(torch.complex64), Q, "p: expected real numbers, got torch.complex64."),
        (torch.zeros(3, 4), torch.ones(3, 4), "p: rows of length 0 in all, which are no embeddings."),
    ],
)
def test_what_is_refused(p, q, message):
    with pytest.raises(EstimationError) as caught:
        rjsd(p, q)
    assert str(caught.value) == message
