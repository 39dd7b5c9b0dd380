"""How long a server is waited for that asks for time (Retry-After), or that is still loading its model."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from pytest_emid.errors import ModelError
from pytest_emid.models.server import retries

__all__ = ["LONGEST", "OBEYED", "Patience", "asked_for", "grant", "leaves_long_waits"]

R = TypeVar("R")
log: Final = logging.getLogger(__name__)

OBEYED: Final = 60.0
"""Seconds of a Retry-After up to which the client waits by itself, before each of its retries."""
LONGEST: Final = 300.0
"""Seconds of a longer one that a question waits in all."""
POLL: Final = 1.0
"""Seconds between two looks at a server that is loading."""


def asked_for(headers: Mapping[str, str]) -> float:
    """Seconds that a response asks to be left alone; 0 where it does not say, or not in a way that is known.

    >>> asked_for({"retry-after": "121"}), asked_for({})
    (121.0, 0.0)
    """
    told = headers.get("retry-after", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def leaves_long_waits() -> Callable[[Any], None]:
    """A hook for the responses of the client: it would retry after seconds where it is asked to wait for minutes."""

    def leaves(response: Any) -> None:
        if asked_for(response.headers) > OBEYED:
            response.headers["x-should-retry"] = "false"

    return leaves


def grant(backend: object, seconds: float) -> None:
    """Let a model or an encoder wait that long for its server's first answer; what has no server is let alone."""
    patience = getattr(getattr(backend, "server", None), "patience", None)
    if isinstance(patience, Patience):
        patience.start = max(patience.start, seconds)


class Patience:
    """What a server is granted.

    Args:
        longest: seconds that a question waits in all because the server asks for it.
        start: seconds for a server that is not there yet, or says that it is not ready (502, 503, 504), from the first
            question on and until it has answered one.

    Raises:
        ModelError: below 0, or no number.
    """

    def __init__(self, longest: float = LONGEST, start: float = 0.0) -> None:
        for name, value in (("patience", longest), ("wait", start)):
            if not value >= 0:
                raise ModelError(f"{name} is {value}; it must be at least 0 seconds.")
        self.longest = longest
        self.start = start
        self._first: float | None = None
        self._ready = False

    def through(self, ask: Callable[[], R], pause: Callable[[float], Any] = time.sleep) -> R:
        """What `ask` returns, asked again while the server is to be waited for.

        Args:
            ask: raises a `RequestError`, which says `asks_for` seconds or that the server `may_load`.
            pause: waits; returns something true where waiting has no sense any more.
        """
        self._first = time.monotonic() if self._first is None else self._first
        waited = 0.0
        while True:
            try:
                answer = ask()
            except Exception as error:
                seconds = self._granted(error, waited)
                if not seconds:
                    raise
                log.warning("waiting %.0f s for the server: %s", seconds, error)
                retries.note()
                if pause(seconds):
                    raise
                waited += seconds if getattr(error, "asks_for", 0.0) else 0.0
            else:
                self._ready = True
                return answer

    def _granted(self, error: Exception, waited: float) -> float:
        seconds = float(getattr(error, "asks_for", 0.0))
        if seconds and waited + seconds <= self.longest:
            return seconds
        loads = bool(getattr(error, "may_load", False)) and not self._ready and self._first is not None
        return POLL if loads and time.monotonic() - (self._first or 0.0) < self.start else 0.0
