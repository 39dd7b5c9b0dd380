"""Who served an answer, as the table of answers keeps it: behind the answer's error, in the bytes of one column.

The format stays that of version 0.1.0, which reads these entries, and whose entries are read; the entry's digest covers
it.
"""

from __future__ import annotations

import json
from typing import Final

from pytest_emid.errors import DataError
from pytest_emid.models.base import Response, Served

__all__ = ["error_and_served", "error_bytes"]

_THEN: Final = b"\0"


def error_bytes(response: Response) -> bytes:
    """The column's bytes.

    >>> error_bytes(Response("a dog", served=Served("gpt-4o-2024-08-06")))
    b'\\x00{"model": "gpt-4o-2024-08-06"}'
    """
    error = response.error.encode("utf-8", "surrogatepass")
    if response.served is None:
        return error
    return error + _THEN + json.dumps(response.served.to_dict()).encode()


def error_and_served(raw: bytes) -> tuple[str, Served | None]:
    """The inverse of `error_bytes`.

    >>> error_and_served(b'HTTP 400: filtered')
    ('HTTP 400: filtered', None)
    """
    error, then, told = raw.rpartition(_THEN)
    if then:
        try:
            return error.decode("utf-8", "surrogatepass"), Served.from_dict(json.loads(told))
        except (ValueError, DataError):  # an error that holds a zero byte of its own
            pass
    return raw.decode("utf-8", "surrogatepass"), None
