"""The library: one line a metric. Each is loaded when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

from pytest_emid.measuring.metrics.base import Metric, MetricError

__all__ = ["LIBRARY", "as_metrics", "library_metric"]

LIBRARY: Final = {
    "exact": "matching",
    "contains": "matching",
    "multiple_choice": "matching",
    "numeric": "matching",
    "anls": "edits",
    "character_accuracy": "edits",
    "token_f1": "overlap",
    "chrf": "overlap",
    "bleu": "overlap",
    "vqa": "agreement",
}
"""Name to the file that holds it."""
RESERVED: Final = ("likelihood", "preference", "retained", "emid")
"""Names of measures that are no metrics."""


def library_metric(name: str) -> Metric:
    """A metric of the library by its name.

    Raises:
        MetricError: there is none of that name; the message lists those that there are.
    """
    if name not in LIBRARY:
        near = get_close_matches(name, LIBRARY, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        if name == "cer":
            hint = " An error rate is no metric here, for more is better: character_accuracy is 1 - CER."
        raise MetricError(
            f"there is no metric {name!r}.{hint} The library has {', '.join(LIBRARY)}; one of your own goes into the "
            "fixture emid_metrics, a dict of name to function (response, references, sample) -> float."
        )
    metric: Metric = getattr(import_module(f"pytest_emid.measuring.metrics.{LIBRARY[name]}"), name)
    return metric


def as_metrics(given: Any, where: str = "emid_metrics") -> dict[str, Metric]:
    """Metrics by name, of a dict of name to function, or of names of the library's.

    Args:
        given: a dict, a list of names, one name, or names with commas between them.
        where: what errors call it.

    Raises:
        MetricError: something else, an unknown name, or a name that is taken.
    """
    if isinstance(given, str):
        given = [name.strip() for name in given.split(",") if name.strip()]
    if isinstance(given, Mapping):
        named = dict(given)
    elif isinstance(given, list | tuple) and all(isinstance(name, str) for name in given):
        named = {name: name for name in given}
    else:
        raise MetricError(
            f"{where} is a dict of name to function, or names of library metrics, not {type(given).__name__}."
        )
    metrics: dict[str, Metric] = {}
    for name, value in named.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise MetricError(f"{where}: {name!r} is no name of a metric. Use letters, figures and _.")
        if name in RESERVED:
            raise MetricError(f"{where}: {name!r} is the name of a measure already. Call the metric something else.")
        if not isinstance(value, str) and not callable(value):
            raise MetricError(
                f"{where}: {name!r} is a {type(value).__name__}, not a function (response, references, sample) -> "
                "float, nor the name of a library metric."
            )
        metrics[name] = library_metric(value) if isinstance(value, str) else value
    return metrics
