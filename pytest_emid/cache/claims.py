"""One ask among many processes: who wants a value that nobody has makes it, and the others wait for it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pytest_emid.cache.store import Store
from pytest_emid.errors import DataError

__all__ = ["Ask", "obtain"]

LEASE: Final = 30.0
"""Seconds until the claim of a process that stopped renewing it is anybody's."""
POLL: Final = 0.1
"""Seconds between looks at what another process is working on."""

V = TypeVar("V")


@dataclass(frozen=True)
class Ask(Generic[V]):
    """How values are read and made.

    Attributes:
        read: the kept values among some keys.
        failures: the failures among some keys since a time; another process's failure is not tried again at once.
        make: makes values, keeps each before yielding it. Must yield every key that it was given.
    """

    read: Callable[[Sequence[bytes]], Mapping[bytes, V]]
    failures: Callable[[Sequence[bytes], float], Mapping[bytes, V]]
    make: Callable[[Sequence[bytes]], Iterator[tuple[bytes, V]]]


def obtain(
    store: Store, ask: Ask[V], missing: Sequence[bytes], arrived: Callable[[Sequence[bytes]], None]
) -> dict[bytes, V]:
    """Make the missing values, or wait for the process that is making them.

    Args:
        store: holds the claims.
        ask: reads and makes.
        missing: distinct keys that were not kept a moment ago.
        arrived: told about values as they come.

    Raises:
        Exception: what `ask.make` raises; claims are let go, so that others go on.
    """
    began = time.time()
    owner = f"{_machine()}|{os.getpid()}|{uuid.uuid4()}"
    found: dict[bytes, V] = {}

    def take(values: Mapping[bytes, V]) -> None:
        found.update(values)
        if values:
            arrived(list(values))

    while waiting := [key for key in missing if key not in found]:
        mine = store.claim(waiting, owner, LEASE, _gone)
        if mine:
            with _lease(store, owner):
                take(ask.read(mine))  # kept between the look and the claim
                for key, value in ask.make([key for key in mine if key not in found]):
                    take({key: value})
            continue
        time.sleep(POLL)
        take(ask.read(waiting))
        take(ask.failures([key for key in waiting if key not in found], began))
    return found


@contextlib.contextmanager
def _lease(store: Store, owner: str) -> Iterator[None]:
    """Renew the owner's claims until the work is done; then let go, also when it failed."""
    ended = threading.Event()

    def renew() -> None:
        try:
            while not ended.wait(LEASE / 3):
                # Who cannot renew asks on: at worst, another process asks the same.
                with contextlib.suppress(DataError):
                    store.renew(owner, LEASE)
        finally:
            store.close_thread()

    # Memory is shared with nobody.
    thread = None if store.path is None else threading.Thread(target=renew, name="emid-lease", daemon=True)
    if thread is not None:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if thread is not None:
            thread.join()
        store.release(owner)


def _machine() -> str:
    """Within what a process id names one process: a machine, and on Linux a container's part of it."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:
        return socket.gethostname()


def _gone(owner: str) -> bool:
    """Whether an owner's process has ended, where that can be known: on this machine, on POSIX."""
    machine, pid, _ = owner.split("|")
    if machine != _machine() or os.name != "posix":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
