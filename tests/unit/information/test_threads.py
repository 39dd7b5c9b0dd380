"""Linear algebra on small sets takes one thread, and gives back what it took."""

import pytest
from threadpoolctl import threadpool_info

from pytest_emid.information.threads import SMALL, few_threads


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.parametrize(("n", "limited"), [(60, True), (SMALL, True), (SMALL + 1, False)])
def test_small_sets_take_one_thread(n: int, limited: bool) -> None:
    import numpy  # noqa: F401

    before = blas_threads()
    with few_threads(n):
        assert blas_threads() == ([1] * len(before) if limited else before)
    assert blas_threads() == before
