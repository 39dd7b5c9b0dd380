"""A judge's scores of both sides of a measurement, as a metric: relative preference, sample by sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_emid.cache import Cache
from pytest_emid.data.sample import Sample
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.judging import Judge, Judgements
from pytest_emid.measuring.metrics.judged import PREFERENCE, Judged, JudgedSide
from pytest_emid.measuring.metrics.measured import clusters_of
from pytest_emid.measuring.metrics.scoring import compared
from pytest_emid.measuring.results import EmidResult, Obstacle
from pytest_emid.models.base import Response

__all__ = ["Preferences"]

Responses = Sequence[Response]


class Preferences:
    """The judgements of one clean set, which is judged once, and of its shifted sets.

    Args:
        judge: scores answers against references.
        cache: keeps what it says.
        confidence: of intervals, two-sided.
        progress: told (what is judged, judgements so far, judgements in all).
    """

    def __init__(
        self, judge: Judge, cache: Cache, confidence: float, progress: Callable[[str, int, int], None] | None = None
    ) -> None:
        self._judge = judge
        self._cache = cache
        self._confidence = confidence
        self._progress = progress
        self._clean: JudgedSide | None = None
        self._against: list[str] = []

    def anew(self) -> Preferences:
        """The same judge of another clean side: another model's, or one of fewer samples."""
        return Preferences(self._judge, self._cache, self._confidence, self._progress)

    def added(
        self, result: EmidResult, clean: tuple[Sequence[Sample], Responses], shifted: tuple[Sequence[Sample], Responses]
    ) -> EmidResult:
        """The result with what the judge says of both sides.

        Args:
            result: what was measured.
            clean: samples and answers of its clean side, always the same.
            shifted: those of its shifted side.

        Raises:
            ModelError: what the judge raises.
        """
        if self._clean is None:
            self._clean, self._against = self._judged("clean", *clean)
        after, against = self._judged(result.scenario, *shifted)
        ratios = self._clean.ratios, after.ratios
        against = list(dict.fromkeys([*self._against, *against]))
        metrics = dict(result.metrics)
        if _comparable(ratios, result.paired):
            metrics[PREFERENCE] = compared(
                PREFERENCE, *ratios, clusters_of(result), result.paired, self._confidence, unit="ratio"
            )
        else:
            against.append("No sample has the judge's scores on both sides.")
        return replace(
            result,
            judged=Judged(self._judge.model.name, self._clean, after),
            metrics=metrics,
            obstacles=(*result.obstacles, *(Obstacle(reason, (PREFERENCE,)) for reason in against)),
        )

    def _judged(self, label: str, samples: Sequence[Sample], responses: Responses) -> tuple[JudgedSide, list[str]]:
        """The scores of one side, and why no gate on them may pass."""

        def report(done: int, total: int) -> None:
            if self._progress is not None:
                self._progress(f"judge of {label}", done, total)

        found = self._judge.judge(self._cache, samples, responses, progress=report)
        side = JudgedSide(
            answer_scores=tuple(item.response for item in found.items),
            reference_scores=tuple(item.reference for item in found.items),
            disagreements=found.disagreements,
            problems=found.problems,
        )
        return side, _against(label, found, side)


def _comparable(ratios: tuple[Sequence[float], Sequence[float]], paired: bool) -> bool:
    known = [[value == value for value in side] for side in ratios]
    return any(map(all, zip(*known, strict=True))) if paired else all(map(any, known))


def _against(label: str, found: Judgements, side: JudgedSide) -> list[str]:
    try:
        found.relative_preference()
    except ValueError as error:
        return [f"On {label} data {error}"]
    scores = {(side.answer_scores[i], side.reference_scores[i]) for i in side.known}
    if len(scores) == 1:
        first = next(item for item in found.items if item.problem is None)
        return [
            f"On {label} data the judge gave all {len(side.known)} answers the same scores "
            f"({clip(first.said[0], 40)!r}): it does not judge."
        ]
    return []
