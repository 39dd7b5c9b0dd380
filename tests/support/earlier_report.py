"""Whether a report still says what an earlier version's report of the same suite said."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

EXCEPTIONS = {
    r"(results\[\d+\]\.)?schema_version": "it rose with nats, and when results came to say what made them",
    r"tests\[\d+\]\.decisions\[\d+\]\.(note|reason)": "blind spots are named there now, and to decide once is advised",
    r"version": "the version that wrote it",
    r"results\[\d+\]\.divergences\.(image|text)_p": "drift p-values may be left out where no gate asked for them",
    r"results\[\d+\]\.information_obstacle": "one of the obstacles now, which say what they concern",
    r"results\[\d+\]\.critic\.fingerprint": "a digest of fitted numbers, whose last digits differ between processors",
}
"""What need not be equal, as patterns of whole paths, and why. Anything else that the earlier report holds must be."""


def changes(earlier: Mapping[str, Any], later: Mapping[str, Any], relative: float = 1e-6) -> list[str]:
    """What the later report lacks or says otherwise, as lines `path: earlier -> later`. What it adds is no change.

    Args:
        earlier: a report of `--emid-json`.
        later: another one.
        relative: tolerance of numbers that are no integers, for linear algebra rounds as the processor likes; 0 for
            none, and then critics must be equal, too.
    """
    excepted = [path for path in EXCEPTIONS if relative or "critic" not in path]
    found = _changes("", _named(earlier), _named(later), relative)
    return [f"{path}: {change}" for path, change in found if not any(re.fullmatch(x, path) for x in excepted)]


def _changes(path: str, earlier: Any, later: Any, relative: float) -> Iterator[tuple[str, str]]:
    if isinstance(earlier, dict) and isinstance(later, dict):
        for key, value in earlier.items():
            inner = f"{path}.{key}".lstrip(".")
            if key in later:
                yield from _changes(inner, value, later[key], relative)
            else:
                yield inner, f"{value!r} -> not there"
    elif isinstance(earlier, list) and isinstance(later, list):
        if len(earlier) != len(later):
            yield path, f"{len(earlier)} entries -> {len(later)}"
        for i, (one, other) in enumerate(zip(earlier, later, strict=False)):
            yield from _changes(f"{path}[{i}]", one, other, relative)
    elif not _equal(earlier, later, relative):
        yield path, f"{earlier!r} -> {later!r}"


def _equal(earlier: Any, later: Any, relative: float) -> bool:
    if isinstance(earlier, float) and isinstance(later, float):
        # scores are of the order of 1: what should be 0 may be a rounding error
        return math.isclose(earlier, later, rel_tol=relative, abs_tol=relative * 1e-3)
    return type(earlier) is type(later) and bool(earlier == later)


def _named(report: Mapping[str, Any]) -> Any:
    """The report with what a result is of in place of its key, a digest of all that it holds, additions included."""
    names = {r["key"]: f"{r['model']}, {r['scenario']}, seed {r['seed']}" for r in report["results"]}

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: named(item) for key, item in value.items()}
        if isinstance(value, list):
            return [named(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    return named(dict(report))
