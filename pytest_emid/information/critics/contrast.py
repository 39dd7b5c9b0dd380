"""How well each answer finds its own among the candidates of others: the contrast that critics in nats share.

Every answer is held against all samples of other clusters while there are few. A large set is put into a random order
and cut into groups, and a group's answers are held against the samples of its own group and of those that follow, in a
ring: every answer against about `MOST` samples, and every sample by as many answers. That is an average over fewer
pairs of the same kind, an incomplete U statistic: still a lower bound, its influence values computed in the same way,
and its cost grows with n rather than with n squared.

Source of the incomplete form: Blom (1976), "Some properties of incomplete U-statistics".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import BLOCK_ROWS, as_clusters, blocks
from pytest_emid.information.intervals.clusters import Clusters

__all__ = ["FEWEST_CANDIDATES", "Told", "contrast", "usable_candidates"]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]
Places = slice | Codes
Similarity = Callable[[Places, Places], Float]
"""Part of the n x n matrix of C, rows and columns: entry [i, j] is of answer i and candidate j."""

# A rarer answer than one in eight is then no better told than that.
FEWEST_CANDIDATES = 8
# Sets of up to this many samples are held against each other whole.
MOST = 4096
# The weights of the mixture come within this of the best, in nats.
STEPS, TOLERANCE = 2000, 1e-3


@dataclass(frozen=True, eq=False)
class Told:
    """What one set of answers tells, sample by sample.

    Attributes:
        scores: (n,) influence values in nats: their mean is the estimate, their spread gives its standard error, and
            each is what one sample contributes.
        candidates: K, the references that each answer was held against, its own among them.
        weights: of the temperatures and, last, of r = 1; they add up to 1.
    """

    scores: Float
    candidates: int
    weights: tuple[float, ...]

    @property
    def value(self) -> float:
        """The estimate in nats, at most `ceiling`."""
        return float(self.scores.mean())

    @property
    def ceiling(self) -> float:
        """ln K, the most that can be read."""
        return math.log(self.candidates)


def usable_candidates(candidates: int, clusters: Clusters, n: int, what: str) -> int:
    """K for n samples: `candidates`, or one more than the fewest samples of other clusters.

    Raises:
        EstimationError: below 8; `what` names those that an answer is held against.
    """
    others = n - int(np.bincount(as_clusters(clusters, n)).max(initial=0))
    if others < FEWEST_CANDIDATES - 1:
        raise EstimationError(
            f"clusters: {n - others} of {n} samples share one cluster, which leaves {others} other {what} to hold an "
            f"answer against; at least {FEWEST_CANDIDATES - 1} are needed. Add samples of other pictures."
        )
    return min(candidates, others + 1)


def contrast(
    similarity: Similarity, codes: Codes, candidates: int, temperatures: tuple[float, ...], floor: float
) -> Told:
    """The estimate from a matrix of cosines, or of other likenesses.

    Influence values: s_i = ln r_i moves with the sample i itself, and with every j that is a candidate of i. The share
    of j is the derivative of s_i by the weight of j among the candidates of i. The weights of the mixture maximise
    the mean of s, which therefore does not move with them at first order.

    Args:
        similarity: gives rows and columns of C.
        codes: (n,) integer clusters; each has at least `candidates` - 1 samples outside.
        candidates: K.
        temperatures: b; quickest where each is a power of two times the one before.
        floor: least weight of r = 1.
    """
    n, k = len(codes), candidates - 1
    ratio, others = np.ones((len(temperatures) + 1, n)), np.empty(n)
    parts = _parts(codes, k)
    # A small set is held; a large one is made twice rather than held.
    held = _excesses(similarity, codes, parts[0], temperatures) if len(parts) == 1 else None
    for part in parts:
        rows = part.rows
        others[rows] = _others(codes, part)
        for row, excess in zip(ratio, held or _excesses(similarity, codes, part, temperatures), strict=False):
            row[rows] = candidates / (1.0 + k * excess.sum(axis=1) / others[rows])
    weights = _weights(ratio, floor)
    mixed = weights @ ratio
    scores = np.log(mixed)
    share = weights[:-1, None] * ratio[:-1] ** 2 / mixed * (k / candidates / others)
    moved = np.zeros(n)
    for part in parts:
        rows, columns = part.rows, part.columns
        for row, excess in zip(share, held or _excesses(similarity, codes, part, temperatures), strict=True):
            expected = row[rows] * excess.sum(axis=1) / others[rows]
            inside = np.bincount(codes[rows], weights=expected, minlength=n)
            moved[columns] += row[rows] @ excess - (expected.sum() - inside[codes[columns]])
    return Told(scores - moved, candidates, tuple(float(weight) for weight in weights))


class Part(NamedTuple):
    """Answers, the samples that they are held against, and which of these is each answer's own."""

    rows: Places
    columns: Places
    own: Codes


def _parts(codes: Codes, k: int) -> list[Part]:
    """Every answer in one part.

    Args:
        codes: (n,) clusters.
        k: samples of other clusters that each answer must meet.
    """
    n = len(codes)
    if n > MOST:
        parts = list(_ring(n))
        # One cluster may be nearly all there is: what few others there are must not be missed.
        if all((_others(codes, part) >= k).all() for part in parts):
            return parts
    return [Part(block, slice(None), np.arange(block.start, block.stop)) for block in blocks(n)]


def _ring(n: int) -> Iterator[Part]:
    """Groups of a random order, the same for the same n, each with itself and the groups that follow."""
    groups = np.array_split(np.random.default_rng(n).permutation(n).astype(np.intp), -(-n // BLOCK_ROWS))
    reach = MOST // BLOCK_ROWS
    for first in range(len(groups)):
        columns = np.concatenate([groups[(first + step) % len(groups)] for step in range(reach)])
        yield Part(groups[first], columns, np.arange(len(groups[first])))


def _others(codes: Codes, part: Part) -> Float:
    """How many of the columns are of other clusters than each row."""
    among = codes[part.columns]
    found: Float = (len(among) - np.bincount(among, minlength=len(codes))[codes[part.rows]]).astype(np.float64)
    return found


def _excesses(similarity: Similarity, codes: Codes, part: Part, temperatures: tuple[float, ...]) -> list[Float]:
    """e^(b (C_ij - C_ii)), 0 for candidates of the same cluster; one matrix of rows and columns a temperature."""
    gap = similarity(part.rows, part.columns)
    gap = gap - gap[np.arange(len(gap)), part.own][:, None]
    gap[codes[part.rows][:, None] == codes[part.columns]] = -np.inf
    found = [np.exp(temperatures[0] * gap)]
    for before, b in pairwise(temperatures):
        doublings = math.log2(b / before)
        if doublings == int(doublings) > 0:  # squaring takes a tenth of the time
            power = np.square(found[-1])
            for _ in range(int(doublings) - 1):
                np.square(power, out=power)
            found.append(power)
        else:
            found.append(np.exp(b * gap))
    return found


def _weights(ratio: Float, floor: float) -> Float:
    """Weights of the mixture, (experts,), the last at least `floor`, that maximise the mean of ln (weights @ ratio)."""
    experts, n = ratio.shape
    least = np.zeros(experts)
    least[-1] = floor
    by_sample, free = np.ascontiguousarray(ratio.T), np.full(experts, 1.0 / experts)
    for _ in range(STEPS):
        slope = (1.0 / (by_sample @ (least + (1.0 - floor) * free))) @ by_sample / n
        # A concave function is below its tangent: no weights are better by more than this.
        if (1.0 - floor) * float(slope.max() - slope @ free) < TOLERANCE:
            break
        free = free * slope
        free /= free.sum()
    found: Float = least + (1.0 - floor) * free
    return found
