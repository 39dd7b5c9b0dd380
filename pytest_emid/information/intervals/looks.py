"""Group-sequential looks: an interval that is looked at several times while samples arrive, and errs no more often.

The boundaries are O'Brien and Fleming's: hardly anything is spent at the first looks, so that the last one is almost
the test on all samples. With t the share of the clusters that a look sees, its score is held against c / sqrt(t); c is
such that a Brownian motion crosses at any look with the chance that the confidence leaves.

Source: O'Brien and Fleming (1979), "A multiple testing procedure for clinical trials"; the recursive integration is
that of Armitage, McPherson and Rowe (1969), "Repeated significance tests on accumulating data".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError

__all__ = ["SHARES", "Look", "look_confidences", "looks", "looks_p_value", "unchanged_confidence"]

SHARES: Final = (0.24, 0.43, 0.62, 0.81, 1.0)
"""Of the clusters, that five looks see."""
SPENT_ON_PASS: Final = 0.6
"""Of what the confidence leaves, what a wrong PASS may spend. Where few answers are lost, t intervals err towards PASS,
the more so the fewer were seen: with this the looks together pass no more often than one interval on all samples."""
UNSEEN: Final = 0.015
"""How likely it may be that nothing changed at the first look that passes on it, though as much is lost as the gate
forbids: were the answers to one picture a single answer, at most so often."""
_NODES: Final = 96
"""Of the integral over what has not crossed: six digits of the boundary."""


@dataclass(frozen=True, slots=True)
class Look:
    """At which two-sided confidences one look decides.

    Attributes:
        number: from 1.
        shares: of all clusters, that the looks see.
        fails_at: of the interval that must lie beyond the threshold for FAIL.
        passes_at: of the one that must lie within it for PASS.
    """

    number: int
    shares: tuple[float, ...]
    fails_at: float
    passes_at: float

    @property
    def of(self) -> int:
        """How many looks there are."""
        return len(self.shares)


def looks(shares: Sequence[float], confidence: float = 0.95) -> tuple[Look, ...]:
    """The looks at rising shares of the clusters; one look alone is the plain interval.

    Args and errors: as `look_confidences`.

    >>> [round(look.passes_at, 4) for look in looks([0.24, 0.43, 0.62, 0.81, 1.0])]
    [1.0, 0.9994, 0.9955, 0.9872, 0.9749]
    """
    fails = look_confidences(shares, confidence)
    passes = fails if len(fails) == 1 else look_confidences(shares, 1.0 - SPENT_ON_PASS * (1.0 - confidence))
    seen = tuple(map(float, shares))
    return tuple(Look(i, seen, f, p) for i, (f, p) in enumerate(zip(fails, passes, strict=True), start=1))


def look_confidences(shares: Sequence[float], confidence: float = 0.95) -> tuple[float, ...]:
    """At which two-sided confidence the interval of each look decides.

    Args:
        shares: of all clusters, that the looks see: rising, in (0, 1], the last one 1.
        confidence: two-sided, of all looks together.

    Raises:
        EstimationError: the shares are no such numbers, or confidence is not in (0, 1).

    >>> [round(c, 6) for c in look_confidences([0.2, 0.4, 0.6, 0.8, 1.0])]
    [0.999995, 0.998743, 0.991555, 0.977444, 0.958657]
    >>> look_confidences([1.0], 0.9)
    (0.9,)
    """
    seen = [float(share) for share in shares]
    rising = all(low < high for low, high in itertools.pairwise(seen))
    if not seen or not rising or not seen[0] > 0.0 or seen[-1] != 1.0:
        raise EstimationError(f"shares: {list(shares)} do not rise from above 0 to 1, which is all clusters.")
    if not 0.0 < confidence < 1.0:
        raise EstimationError(f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")
    if len(seen) == 1:
        return (confidence,)
    c = _boundary(tuple(seen), confidence)
    return tuple(math.erf(c / math.sqrt(2.0 * share)) for share in seen)


def looks_p_value(p: float, look: Look) -> float:
    """The one-sided p-value of a test that looks several times and stops at this look, where the plain one is `p`.

    The chance that any look would have crossed the boundary that this one just reached; at most .5.

    >>> first = looks([0.2, 0.4, 0.6, 0.8, 1.0])[0]
    >>> round(looks_p_value(2.54e-6, first), 3), looks_p_value(0.025, looks([1.0])[0])
    (0.025, 0.025)
    """
    if look.of == 1:
        return p
    from scipy.special import ndtri  # imported with the first look only: gates are loaded when tests are collected

    c = -float(ndtri(p)) * math.sqrt(look.shares[look.number - 1])
    return max(p, _crossing(look.shares, c) / 2) if 0.0 < c < math.inf else p if c > 0.0 else max(p, 0.5)


def unchanged_confidence(n: int, clusters: int) -> float:
    """The confidence at which a look decides on answers none of which changed.

    There is no spread to go by, and the limits allow for what n samples can miss. Where whole pictures change, it is
    the pictures that can be missed: this confidence gives n samples the limits of as many samples as there are
    clusters, at `UNSEEN` in one tail. It adds at most that to the chance of a wrong PASS, whatever the number of looks,
    because answers that are unchanged at one look were so at those before.

    >>> round(unchanged_confidence(100, 100), 3)
    0.97
    """
    return 1.0 - 2.0 * math.pow(UNSEEN, n / clusters)


@lru_cache(maxsize=256)
def _boundary(shares: tuple[float, ...], confidence: float) -> float:
    from scipy.optimize import brentq

    alpha = 1.0 - confidence
    # between the test at one look and Bonferroni's over all of them
    high = 1.5 + math.sqrt(2.0 * math.log(2.0 * len(shares) / alpha))
    return float(brentq(lambda c: _crossing(shares, c) - alpha, 1e-3, high, xtol=1e-10))


def _crossing(shares: tuple[float, ...], c: float) -> float:
    """The chance that |B(t)| reaches c at one of the shares, B a Brownian motion."""
    from scipy.special import ndtr

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = c * nodes, c * weights
    sd = math.sqrt(shares[0])
    inside = _density(nodes, sd)
    for before, now in itertools.pairwise(shares[:-1]):
        steps = _density(nodes[:, None] - nodes[None, :], math.sqrt(now - before))
        inside = steps @ (weights * inside)
    last = math.sqrt(shares[-1] - shares[-2])
    stays: NDArray[np.float64] = ndtr((c - nodes) / last) - ndtr((-c - nodes) / last)
    return 1.0 - float(np.sum(weights * inside * stays))


def _density(x: NDArray[np.float64], sd: float) -> NDArray[np.float64]:
    density: NDArray[np.float64] = np.exp(-0.5 * (x / sd) ** 2) / (sd * math.sqrt(2.0 * math.pi))
    return density
