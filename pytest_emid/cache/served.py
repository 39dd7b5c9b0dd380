"""Who served an answer and what was thought before it, as the table of answers keeps them: behind the answer's error,
in the bytes of one column.

The format stays that of version 0.1.0, which reads these entries, and whose entries are read; the entry's digest covers
it.
"""

from __future__ import annotations

import json
from typing import Final

from pytest_emid.errors import DataError
from pytest_emid.models.base import Response, Served

__all__ = ["error_and_told", "error_bytes"]

_THEN: Final = b"\0"
_REASONING: Final = "reasoning"


def error_bytes(response: Response) -> bytes:
    """The column's bytes.

    >>> error_bytes(Response("a dog", served=Served("gpt-4o-2024-08-06")))
    b'\\x00{"model": "gpt-4o-2024-08-06"}'
    """
    error = response.error.encode("utf-8", "surrogatepass")
    told = {} if response.served is None else response.served.to_dict()
    if response.reasoning:
        told[_REASONING] = response.reasoning
    return error + _THEN + json.dumps(told).encode() if told else error


def error_and_told(raw: bytes) -> tuple[str, Served | None, str]:
    """The inverse of `error_bytes`.

    >>> error_and_told(b'HTTP 400: filtered')
    ('HTTP 400: filtered', None, '')
    """
    error, then, told = raw.rpartition(_THEN)
    if then:
        try:
            found = json.loads(told)
            reasoning = found.pop(_REASONING, "")
            served = Served.from_dict(found) if found else None
            return error.decode("utf-8", "surrogatepass"), served, reasoning
        except (ValueError, AttributeError, DataError):  # an error that holds a zero byte of its own
            pass
    return raw.decode("utf-8", "surrogatepass"), None, ""
