"""One thread for small linear algebra: faster beside other processes, and the same numbers on any number of cores."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

__all__ = ["few_threads"]

SMALL: Final = 5000
"""Up to so many samples, threads of the BLAS library wait for one another longer than they compute."""


@contextlib.contextmanager
def few_threads(n: int) -> Iterator[None]:
    """Keep NumPy's linear algebra on one thread while sets of at most 5,000 samples are estimated on.

    Results depend on the number of threads in their last digits, so that this also makes them the same on machines
    with other numbers of cores.

    >>> import numpy as np
    >>> with few_threads(n=90):
    ...     float(np.linalg.norm([3.0, 4.0]))
    5.0
    """
    if n > SMALL:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
