"""The results of one process: each under a key that follows from its content, and sent in full once.

Loaded in every pytest run, so that it imports nothing heavy.

PYTEST_DONT_REWRITE: this module asserts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pytest_emid.measuring.plan import Need
    from pytest_emid.measuring.results import EmidResult

__all__ = ["OUTBOX", "Outbox"]


class Outbox:
    """The results of one process: their keys, and which of them were sent."""

    def __init__(self) -> None:
        # The result is kept beside its key, so that no other object can be given its id.
        self._keys: dict[int, tuple[EmidResult, str]] = {}
        self._bodies: dict[str, dict[str, Any]] = {}
        """By key, as plain data, what was not sent yet."""
        self._sent: set[str] = set()
        self._planned: set[tuple[str, ...]] = set()

    def key(self, result: EmidResult) -> str:
        """The result's content as a key: 16 hexadecimal digits."""
        known = self._keys.get(id(result))
        if known is None:
            import hashlib
            import json

            # where a value came from (an option, a marker, a default) makes no other result
            body = result.to_dict()
            found = {name: value for name, value in body.items() if name != "settings"}
            content = json.dumps(found, sort_keys=True).encode()
            known = self._keys[id(result)] = (result, hashlib.sha256(content).hexdigest()[:16])
            if known[1] not in self._sent:
                self._bodies[known[1]] = body
        return known[1]

    def bodies(self, results: list[EmidResult], again: bool) -> dict[str, dict[str, Any]]:
        """By key, the results that were not sent yet; all of them when `again`."""
        keyed = {self.key(result): result for result in results}
        bodies = {
            key: self._bodies.pop(key, {}) or result.to_dict()
            for key, result in keyed.items()
            if again or key not in self._sent
        }
        self._sent.update(bodies)
        return bodies

    def needs(self, needs: list[Need]) -> list[dict[str, Any]]:
        """Those that were not sent yet."""
        new = [need for need in needs if need.identity not in self._planned]
        self._planned.update(need.identity for need in new)
        return [need.to_dict() for need in new]


OUTBOX: Final = pytest.StashKey[Outbox]()
"""Where pytest's config holds the outbox of this process."""
