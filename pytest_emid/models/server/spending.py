"""What a model has cost: in this process, or together in all processes of a run."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from pytest_emid.errors import DataError

__all__ = ["Spending", "Usage", "tokens"]

_AMOUNT: Final = struct.Struct("<d")


@dataclass
class Usage:
    """What a model was sent and sent back, in this process.

    Attributes:
        requests: answered requests.
        prompt_tokens: as counted by the server.
        completion_tokens: as counted by the server.
        cost: in the unit of the prices; 0 without prices.

    Example:
        >>> Usage(requests=2, completion_tokens=40).cost
        0.0
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


class Spending:
    """A sum that threads and, once it is shared, processes add to.

    Processes share a file of amounts that each appends to: an append of a few bytes is one write, so that none is
    lost and no lock is needed.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._sum = 0.0
        self._path: Path | None = None
        self._read = 0

    @property
    def shared(self) -> bool:
        """Whether other processes add to the same sum."""
        return self._path is not None

    def share(self, path: Path) -> None:
        """Add what was spent so far to the file, and count with all that use it. Made with its folder when missing.

        Raises:
            DataError: the file cannot be written.
        """
        with self._lock:
            if self._path == path:
                return
            own, self._sum, self._read, self._path = self._sum, 0.0, 0, path
        if own:
            self.add(own)

    def add(self, amount: float) -> None:
        """Count an amount.

        Raises:
            DataError: the shared file cannot be written.
        """
        with self._lock:
            if self._path is None:
                self._sum += amount
                return
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(file, _AMOUNT.pack(amount))
                finally:
                    os.close(file)
            except OSError as error:
                raise self._unusable(error) from None

    def include(self, other: Spending) -> None:
        """Count what another sum holds of its own: what it shares is in this one already."""
        with other._lock:
            own = other._sum if other._path is None else 0.0
        if own:
            self.add(own)

    def total(self) -> float:
        """What was spent, by all processes that share it.

        Raises:
            DataError: the shared file cannot be read.
        """
        with self._lock:
            if self._path is None:
                return self._sum
            try:
                with self._path.open("rb") as file:
                    file.seek(self._read)
                    raw = file.read()
            except FileNotFoundError:
                return self._sum
            except OSError as error:
                raise self._unusable(error) from None
            whole = len(raw) - len(raw) % _AMOUNT.size
            self._sum += sum(amount for (amount,) in _AMOUNT.iter_unpack(raw[:whole]))
            self._read += whole
            return self._sum

    def _unusable(self, error: OSError) -> DataError:
        return DataError(
            f"the processes of this run share a budget through {self._path}, which cannot be used ({error}). "
            "Give them a folder for temporary files that they can write to (TMPDIR)."
        )


def tokens(usage: Any, name: str) -> int | None:
    """A count of tokens; None where the server tells none."""
    count = getattr(usage, name, None)
    return count if isinstance(count, int) and count >= 0 else None
