"""A server may send a request on to another address of its own, and to no other server: it would get the pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["ELSEWHERE", "hook"]

ELSEWHERE: Final = "x-pytest-emid-elsewhere"
"""A header that takes the place of `location`, where that is another server; it names the server."""


def hook() -> Callable[[Any], None]:
    """A hook for the responses of httpx or httpx2, which is called before a redirect is followed."""

    def stays(response: Any) -> None:
        if not response.has_redirect_location:
            return
        here, target = response.request.url, response.headers["location"]
        try:
            there = here.join(target)
            if (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port):
                return
            named = f"{there.scheme}://{there.netloc.decode('ascii', 'replace').rpartition('@')[2]}"
        except Exception:  # no address
            named = "an address that is none"
        del response.headers["location"]
        response.headers[ELSEWHERE] = named

    return stays
