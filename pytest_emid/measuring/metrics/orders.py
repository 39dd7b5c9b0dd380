"""Circular evaluation: an answer counts as right only where it is right in every order of the options.

A model that always says B, or that guesses, is right in one order of four; in all four it is not. Questions that were
asked in one order only, for they have no options or ones that keep their places, tell nothing of it and do not count.
Beside it stands the same-order control: what is right each time when the question is asked in one order only. Where
the clean side was asked again (noise floor), that is each of those times, so that what a model loses by not repeating
itself is not put down to the order.

Source: CircularEval of MMBench (Liu et al., ECCV 2024, arXiv 2307.06281).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pytest_emid.measuring.checks import FEWEST_SAMPLES
from pytest_emid.measuring.metrics.base import MetricError
from pytest_emid.measuring.metrics.measured import clusters_of, metric_of
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.metrics.scoring import compared
from pytest_emid.measuring.results import EmidResult

__all__ = ["circular"]


def circular(results: Sequence[EmidResult], metric: str = "multiple_choice") -> MetricResult:
    """Whether each sample is right in all orders, against right in its own order.

    Args:
        results: of one model on one dataset, one an order, such as those of `option_rotation:1` to `:3`.
        metric: of 0 and 1, of the library or configured.

    Returns:
        `clean`: right in the order of the dataset, each time it was asked (the same-order control); `shifted`: right in
        that and in every other order, nan where no order changed the question; `lost` counts samples that only the
        order made wrong.

    Raises:
        MetricError: there is no result, two are of other samples, hardly a question was asked in another order, or the
            metric gave something else than 0 or 1.
    """
    results = list(results)
    if not results:
        raise MetricError("circular needs the results of one order or more, such as of option_rotation:1 to :3.")
    first = results[0]
    asked = [(record.id, record.question) for record in first.clean.records]
    found = []
    for result in results:
        if not result.paired or [(record.id, record.question) for record in result.clean.records] != asked:
            raise MetricError(
                f"circular compares orders of the same questions, and {result.scenario} was measured on others than "
                f"{first.scenario}. Give it the results of one dataset."
            )
        found.append(metric_of(result, metric))
    if any(value not in (0.0, 1.0) for one in found for value in one.on_shifted):
        raise MetricError(
            f"circular needs a metric of 0 and 1, which {metric!r} is not. Take multiple_choice or exact."
        )
    moved = [
        any(result.shifted.records[i].question != question for result in results)
        for i, (_, question) in enumerate(asked)
    ]
    if sum(moved) < FEWEST_SAMPLES:
        raise MetricError(
            f"circular compares orders, and {sum(moved)} of {len(asked)} questions were asked in another one; the "
            "others have no options, or ones that keep their places. Give it multiple choice: dataset.select(ids)."
        )
    control = tuple(
        float(all(one.on_clean[i] == 1.0 for one in found)) if counts else math.nan for i, counts in enumerate(moved)
    )
    everywhere = tuple(
        float(right == 1.0 and all(one.on_shifted[i] == 1.0 for one in found)) if moved[i] else math.nan
        for i, right in enumerate(control)
    )
    name = f"{metric} in all orders"
    made = compared(name, control, everywhere, clusters_of(first), True, found[0].drop.confidence)
    return replace(made, width=1.0)
