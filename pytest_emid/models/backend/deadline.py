"""An answer must arrive whole within its time, also when it drips.

An HTTP client's timeout is for each read. A gateway that keeps a connection alive with a space now and then, while the
server behind it is stuck, would be waited for without end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

__all__ = ["hooks"]

_ENDS: Final = "pytest_emid_ends"


def hooks(seconds: float) -> dict[str, list[Callable[[Any], None]]]:
    """Event hooks for a client of httpx or httpx2: a body that is not there after `seconds` is a `ReadTimeout`."""

    def begins(request: Any) -> None:
        request.extensions[_ENDS] = time.monotonic() + seconds

    def arrives(response: Any) -> None:
        http: Any = sys.modules[type(response).__module__.partition(".")[0]]
        body, request = response.stream, response.request

        class Timed(http.SyncByteStream):  # type: ignore[misc]
            def __iter__(self) -> Iterator[bytes]:
                for part in body:
                    if time.monotonic() > request.extensions[_ENDS]:
                        raise http.ReadTimeout(f"the answer was not complete after {seconds:g} s", request=request)
                    yield part

            def close(self) -> None:
                body.close()

        response.stream = Timed()

    return {"request": [begins], "response": [arrives]}
