"""A random generator of its own for each (seed, names): nothing depends on order, on neighbours or on global state."""

from __future__ import annotations

import hashlib
import operator

import numpy as np

from pytest_emid.errors import ShiftError

__all__ = ["generator"]


def generator(seed: int, *names: str) -> np.random.Generator:
    """A PCG64 generator seeded by `seed` and the sha256 of the names.

    Severity is no part of the key: the levels of a shift share their draws, so that a sample's noise or typos at
    level 2 contain those at level 1. Comparisons between levels are paired, and harm grows with the level.

    Raises:
        ShiftError: the seed is negative or no integer.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ShiftError(f"a seed must be an integer of at least 0, not {seed!r}.")
    digest = hashlib.sha256()
    for name in names:
        encoded = name.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded) + encoded)
    words = np.frombuffer(digest.digest()[:16], dtype="<u4")
    return np.random.default_rng([number, *(int(word) for word in words)])
