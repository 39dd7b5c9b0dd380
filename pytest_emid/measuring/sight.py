"""Whether the encoders tell these inputs apart at all: an encoder that sees nothing finds that nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.data.sample import Sample
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.measuring.allowance import Allowance
from pytest_emid.measuring.checks import FEWEST_CLUSTERS, FEWEST_SAMPLES
from pytest_emid.measuring.embedding import Embedded
from pytest_emid.measuring.obstacles import DRIFT, EMI, EMID, INFORMATION
from pytest_emid.measuring.results import EmidResult, Obstacle

__all__ = ["blind", "sees_own", "unseeing", "unshown"]

Rows = NDArray[np.float32]

ALIKE: Final = 1e-5
"""Largest difference between entries of unit vectors that are the same but for rounding."""
WITNESS: Final = "witness"
"""The kind of critic that reads no picture: the reference stands for the query."""
SURE: Final = 0.999
"""Confidence with which an encoder must find a shifted input closer to its own clean one than to others."""


def blind(clean: Embedded, pictures_differ: Callable[[], bool]) -> tuple[Obstacle, ...]:
    """Obstacles where all clean pictures, or all clean questions, have the same vector though they differ.

    Args:
        clean: the clean side.
        pictures_differ: whether it holds different pictures; asked only where their vectors do not differ.
    """
    found = []
    if _constant(clean.image) and pictures_differ():
        found.append(Obstacle(_sentence("picture", len(clean.image)), (EMID, EMI, DRIFT)))
    if _constant(clean.text) and len({sample.question for sample in clean.dataset}) > 1:
        found.append(Obstacle(_sentence("question", len(clean.text)), (INFORMATION, EMID, EMI, DRIFT)))
    return tuple(found)


def unseeing(clean: Embedded, shifted: Embedded) -> tuple[Obstacle, ...]:
    """Obstacles to the drift gate where changed inputs are no closer to their own clean ones than to other samples'.

    For a synthetic shift of the same samples: what it leaves of an input is closer to that input than to any other, or
    the inputs drifted far, which the test of drift sees. An encoder for which neither holds is random. Tested on the
    samples whose vector changed, cluster-robust; too few of them say nothing.
    """
    found = []
    for name, before, after in (("picture", clean.image, shifted.image), ("question", clean.text, shifted.text)):
        if not _constant(before) and not sees_own(before, after, clean.dataset.clusters):
            found.append(
                Obstacle(
                    f"The encoder finds a shifted {name} no closer to its own clean {name} than to those of other "
                    f"samples: it does not see these {name}s, or the shift leaves nothing of them.",
                    (DRIFT,),
                )
            )
    return tuple(found)


def unshown(result: EmidResult, clean: Sequence[Sample], shifted: Sequence[Sample], allowance: Allowance) -> EmidResult:
    """The result, with how many samples have no picture. Where only some have none, and more than is allowed, no gate
    passes on what pictures decide: drift, and critics that read the query."""
    counts = [(sum(not sample.pictures for sample in side), len(side)) for side in (clean, shifted)]
    count, n = max(counts, key=lambda each: each[0] / each[1])
    if not count:
        return result
    said = f"{count} of {n} samples have no picture and are asked by their question alone"
    mixed = any(0 < some < of for some, of in counts) or len({some == of for some, of in counts}) > 1
    if not mixed or count <= allowance.rest * n + 1e-9:
        return replace(result, remarks=(f"{said}.", *result.remarks))
    on = (DRIFT,) if result.critic.kind == WITNESS else (DRIFT, EMID, EMI)
    obstacle = Obstacle(
        f"{said}; allowed are {allowance}, --emid-allow-problems: no gate passes on what pictures decide. Metrics and "
        "information retained need none.",
        on,
    )
    return replace(result, remarks=(f"{said}.", *result.remarks), obstacles=(obstacle, *result.obstacles))


def sees_own(before: Rows, after: Rows, clusters: Sequence[Hashable]) -> bool:
    """Whether changed rows are surely closer to their own earlier row than to others' on average.

    Args:
        before: unit rows, (n, d).
        after: those of the same samples, (n, d).
        clusters: of the samples.

    Returns:
        True also where too few rows changed to tell.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows, others = rng.standard_normal((2, 60, 8)).astype(np.float32)
        >>> sees_own(rows, rows + others / 2, range(60)), sees_own(rows, others, range(60))
        (True, False)
    """
    changed = np.flatnonzero(np.abs(before - after).max(axis=1) > ALIKE)
    kept = [clusters[i] for i in changed.tolist()]
    if len(kept) < FEWEST_SAMPLES or len(set(kept)) < FEWEST_CLUSTERS:
        return True
    a, b = before[changed].astype(np.float64), after[changed].astype(np.float64)
    own = np.einsum("ij,ij->i", a, b)
    others = (a @ b.sum(axis=0) - own) / (len(kept) - 1)
    return mean_interval(own - others, kept, SURE).low > 0.0


def _constant(rows: Rows) -> bool:
    return bool(np.abs(rows - rows[0]).max() <= ALIKE)


def _sentence(name: str, n: int) -> str:
    return (
        f"The encoder gives all {n} {name}s the same vector though they differ: it sees nothing of them, and so "
        f"nothing of what a shift does to them. Check the {name} encoder."
    )
