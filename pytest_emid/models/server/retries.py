"""How many requests of this process were tried again: for whoever watches a run, and thinks that it hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

__all__ = ["hook", "note", "seen"]

HEADER: Final = "x-stainless-retry-count"
"""By which the openai client says how often it has tried a request before."""

_lock = threading.Lock()
_count = 0


def note() -> None:
    """A request is tried again."""
    global _count
    with _lock:
        _count += 1


def seen() -> int:
    """How many were, since this process began."""
    return _count


def hook() -> Callable[[Any], None]:
    """A hook for the requests of the openai client, which is called whenever one is sent."""

    def sends(request: Any) -> None:
        if request.headers.get(HEADER, "0") != "0":
            note()

    return sends
