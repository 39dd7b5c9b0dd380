"""What a metric is, and the error that one gets who is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from pytest_emid.errors import EmidError

__all__ = ["EXTRA", "Metric", "MetricError", "needs"]

Metric = Callable[[str, Sequence[str], Any], float]
"""Called with (response, references, sample); returns a number, the higher the better."""

EXTRA: Final = "pip install 'pytest-emid[metrics]'"


class MetricError(EmidError, ValueError):
    """A metric is unknown, raised, or gave something else than a number."""


def needs(package: str, metric: str) -> Any:
    """A package that a metric is computed with.

    Raises:
        MetricError: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise MetricError(
            f"the metric {metric!r} needs {package.partition('.')[0]}, which is not installed: {EXTRA}"
        ) from error
