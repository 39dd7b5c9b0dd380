"""How the weight of a regulariser changes while a model is trained: functions of the share that is done."""

from __future__ import annotations

from collections.abc import Callable

from pytest_emid.errors import EstimationError

__all__ = ["Schedule", "ramp"]

Schedule = Callable[[float], float]
"""The share of training that is done, 0 to 1, to the regulariser's scale."""


def ramp(start: float = 0.0, end: float = 0.2) -> Schedule:
    """0 until `start`, then rising evenly to 1 at `end`: the answers are learned before they are held together.

    Raises:
        EstimationError: not 0 <= start < end <= 1.

    >>> warm = ramp(0.1, 0.3)
    >>> warm(0.1), round(warm(0.2), 3), warm(0.9)
    (0.0, 0.5, 1.0)
    """
    if not 0 <= start < end <= 1:
        raise EstimationError(f"start={start!r} and end={end!r} are not legal. Legal: 0 <= start < end <= 1.")
    return lambda done: min(1.0, max(0.0, (done - start) / (end - start)))
