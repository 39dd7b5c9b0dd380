"""Metrics: a user's own yardstick, and a library of well-known ones.

A metric is a function `(response, references, sample) -> float`, the more the better. `references` are all answers that
are accepted, the sample's `reference` first. Those of the library leave `sample` out where it says nothing:

>>> from pytest_emid import metrics
>>> metrics.exact("The answer is B.", ["b"]), metrics.token_f1("a red dog", ["the dog"])
(1.0, 0.6666666666666666)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_emid.measuring.metrics.base import Metric, MetricError
from pytest_emid.measuring.metrics.registry import LIBRARY, as_metrics, library_metric

if TYPE_CHECKING:
    from pytest_emid.measuring.metrics.agreement import vqa
    from pytest_emid.measuring.metrics.edits import anls, character_accuracy
    from pytest_emid.measuring.metrics.entailment import nli
    from pytest_emid.measuring.metrics.matching import contains, exact, multiple_choice, numeric
    from pytest_emid.measuring.metrics.orders import circular
    from pytest_emid.measuring.metrics.overlap import bleu, chrf, token_f1

__all__ = [
    "LIBRARY",
    "Metric",
    "MetricError",
    "anls",
    "as_metrics",
    "bleu",
    "character_accuracy",
    "chrf",
    "circular",
    "contains",
    "exact",
    "library_metric",
    "multiple_choice",
    "nli",
    "numeric",
    "token_f1",
    "vqa",
]


def __getattr__(name: str) -> Any:
    if name in LIBRARY:
        return library_metric(name)
    if name == "nli":
        from pytest_emid.measuring.metrics.entailment import nli

        return nli
    if name == "circular":
        from pytest_emid.measuring.metrics.orders import circular

        return circular
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
