"""New answers against old ones by one measure: under the shift, and beyond what clean answers changed by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import BaselineError
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.regressions import Loss, loss, loss_apart
from pytest_emid.measuring.likelihood import LIKELIHOOD
from pytest_emid.measuring.matching import Matched
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.measured import metric_of
from pytest_emid.measuring.results import EmidResult, Record, Side

__all__ = ["EMID", "FRACTION", "RETAINED", "Regression", "regression"]

RETAINED: Final = "retained"
EMID: Final = "emid"
FRACTION: Final = "fraction"

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Regression:
    """What was lost against the baseline, positive where the new answers are worse.

    Attributes:
        measure: `retained`, `emid`, or the name of a metric.
        unit: `fraction` (of what the baseline's clean answers say) for the first two, else the metric's own.
        matched: both measurements.
        under_shift: mean(old - new) over the shifted samples.
        beyond_clean: the same minus mean(old - new) over the clean ones: the difference in differences.
        by_sample: old - new of every shifted sample, in order.
        means: of old clean, new clean, old shifted and new shifted scores.
        lost: shifted samples that were right and are wrong now; None where the measure is neither right nor wrong.
        gained: shifted samples that were wrong and are right now; None likewise.
        is_same: whether one and the same model gave the same answers.
    """

    measure: str
    unit: str
    matched: Matched
    under_shift: Loss
    beyond_clean: Loss
    by_sample: tuple[float, ...]
    means: tuple[float, float, float, float]
    lost: int | None
    gained: int | None
    is_same: bool

    def estimate(self, confidence: float = 0.95, beyond_clean: bool = False) -> Estimate:
        """The loss with its interval, in `unit`."""
        found = self.beyond_clean if beyond_clean else self.under_shift
        if self.is_same:
            return self._nothing(found, confidence, self.unit)
        return found.share(confidence) if self.unit == FRACTION else found.mean(confidence, self.unit)

    def contrast(self, at_most: float, confidence: float = 0.95, beyond_clean: bool = False) -> Estimate | None:
        """What is tested in place of a share: above 0 where more than `at_most` was lost. None where no share is."""
        if self.unit != FRACTION or self.is_same:
            return None
        found = self.beyond_clean if beyond_clean else self.under_shift
        return found.contrast(at_most, confidence, "score")

    @staticmethod
    def _nothing(found: Loss, confidence: float, unit: str) -> Estimate:
        """One function cannot be worse than itself, whatever n."""
        return Estimate(0.0, 0.0, 0.0, 0.0, found.means.n, found.means.clusters, confidence, unit)


def regression(pair: Matched, measure: str) -> Regression:
    """Compare by `retained`, `emid` or a metric.

    Raises:
        BaselineError: a score of this measure is missing on one side.
        MetricError: no such metric, or it gave no number.
    """
    old, new = (_scores(result, measure) for result in (pair.old, pair.new))
    clean, shifted = (_clusters(side) for side in (pair.new.clean, pair.new.shifted))
    width = _width(measure, pair, (*old, *new))
    if pair.new.paired:
        under_shift = loss(old[1], new[1], shifted, whole=old[0], width=width)
        beyond = loss(old[1] - old[0], new[1] - new[0], shifted, whole=old[0], width=width)
    else:
        made = partial(
            loss_apart, old[1], new[1], shifted, old_clean=old[0], new_clean=new[0], clusters_clean=clean, width=width
        )
        under_shift, beyond = made(), made(beyond_clean=True)
    before, after = _right(measure, pair, old[1], new[1])
    return Regression(
        measure=measure,
        unit=FRACTION if measure in (RETAINED, EMID) else "nats" if measure == LIKELIHOOD else "score",
        matched=pair,
        under_shift=under_shift,
        beyond_clean=beyond,
        by_sample=tuple(float(value) for value in old[1] - new[1]),
        means=(float(old[0].mean()), float(new[0].mean()), float(old[1].mean()), float(new[1].mean())),
        lost=None if before is None else int(((before == 1.0) & (after == 0.0)).sum()),
        gained=None if before is None else int(((before == 0.0) & (after == 1.0)).sum()),
        is_same=_is_same(pair),
    )


def _scores(result: EmidResult, measure: str) -> tuple[Float, Float]:
    """Clean and shifted scores by sample."""
    if measure == RETAINED:
        return _of_records(result, "common")
    if measure == EMID:
        if not result.critic.in_nats:
            raise BaselineError(
                f"measure='emid' compares nats, and the critic {result.critic.kind!r} is not in nats. Measure with "
                "--emid-critic=witness, or compare by 'retained' or a metric."
            )
        return _of_records(result, "told")
    if measure == LIKELIHOOD and measure not in result.metrics:
        raise MetricError(
            f"{result.scenario} was measured without the likelihood of the references: name it in emid_measures, in "
            "the run of the baseline, too."
        )
    found = metric_of(result, measure)
    return np.array(found.on_clean), np.array(found.on_shifted)


def _of_records(result: EmidResult, name: str) -> tuple[Float, Float]:
    sides: list[Float] = []
    for side in (result.clean, result.shifted):
        values = [getattr(record, name) for record in side.records]
        if any(value is None for value in values):
            raise BaselineError(
                f"{result.scenario} was measured without the scores {name!r} that runs are compared on. Measure again."
            )
        sides.append(np.array(values, dtype=np.float64))
    return sides[0], sides[1]


def _width(measure: str, pair: Matched, scores: Sequence[Float]) -> float:
    """What one answer can change: everything that a clean answer says, or all of a metric's range."""
    if measure == RETAINED:
        return max(float(scores[0].mean()), 0.0)
    if measure == EMID:
        # as one picture more with as many questions as there are to a picture; see intervals.nats
        records = pair.new.shifted.records
        return math.log(pair.new.critic.candidates) * math.sqrt(len(records) / len({r.cluster for r in records}))
    if measure == LIKELIHOOD:
        return 0.0
    low, high = (float(pick([pick(column) for column in scores])) for pick in (np.min, np.max))
    return 1.0 if low >= 0.0 and high <= 1.0 else high - low


def _right(measure: str, pair: Matched, old: Float, new: Float) -> tuple[Float | None, Float]:
    """Right or wrong, by sample: by exact match for measures that are none; None for a metric in between."""
    if measure in (RETAINED, EMID):
        old, new = (np.array([record.exact for record in result.shifted.records]) for result in (pair.old, pair.new))
    return (old if set(old) | set(new) <= {0.0, 1.0} else None), new


def _is_same(pair: Matched) -> bool:
    made = pair.new.made.model
    if not made or made != pair.old.made.model:
        return False
    return all(
        [_answer(record) for record in before.records] == [_answer(record) for record in after.records]
        for before, after in ((pair.old.clean, pair.new.clean), (pair.old.shifted, pair.new.shifted))
    )


def _answer(record: Record) -> tuple[str, str]:
    return record.response, record.outcome


def _clusters(side: Side) -> list[str]:
    return [record.cluster for record in side.records]
