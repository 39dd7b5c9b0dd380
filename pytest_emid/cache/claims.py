"""One ask among many processes: who wants a value that nobody has makes it, and the others wait for it."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from pytest_emid.cache.store import Store
from pytest_emid.errors import DataError

__all__ = ["Ask", "Waiting", "log", "obtain", "waiting_for"]

log: Final = logging.getLogger(__name__)

LEASE: Final = 30.0
"""Seconds until the claim of a process that stopped renewing it is anybody's."""
POLL: Final = 0.1
"""Seconds between looks at what another process is working on."""

QUIET: Final = 5.0
"""Seconds of waiting before it is said who is waited for, and then between saying so, each time for twice as long."""

V = TypeVar("V")
Waiting = Callable[[str], object]
"""Told, in a sentence, who is waited for."""

_waits_for = 0


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
    store: Store,
    ask: Ask[V],
    missing: Sequence[bytes],
    arrived: Callable[[Sequence[bytes]], None],
    waiting: Waiting = log.warning,
) -> dict[bytes, V]:
    """Make the missing values, or wait for the process that is making them.

    Args:
        store: holds the claims.
        ask: reads and makes.
        missing: distinct keys that were not kept a moment ago.
        arrived: told about values as they come.
        waiting: told who is waited for, if that takes long.

    Raises:
        Exception: what `ask.make` raises; claims are let go, so that others go on.
    """
    began = time.time()
    owner = f"{_machine()}|{os.getpid()}:{_started(os.getpid())}|{uuid.uuid4()}"
    found: dict[bytes, V] = {}

    def take(values: Mapping[bytes, V]) -> None:
        found.update(values)
        if values:
            arrived(list(values))

    waited, quiet = time.monotonic(), QUIET
    while wanted := [key for key in missing if key not in found]:
        mine = store.claim(wanted, owner, LEASE, _gone)
        if mine:
            _wait_for(store, ())
            with _lease(store, owner):
                take(ask.read(mine))  # kept between the look and the claim
                for key, value in ask.make([key for key in mine if key not in found]):
                    take({key: value})
            waited, quiet = time.monotonic(), QUIET
            continue
        _wait_for(store, wanted[:1])
        if time.monotonic() - waited > quiet:
            quiet *= 2
            for sentence in _who(store, wanted):
                waiting(sentence)
        time.sleep(POLL)
        take(ask.read(wanted))
        take(ask.failures([key for key in wanted if key not in found], began))
    _wait_for(store, ())
    return found


def waiting_for() -> int:
    """Id of the process that makes what this process waits for; 0 where it waits for none."""
    return _waits_for


def _wait_for(store: Store, keys: Sequence[bytes]) -> None:
    """Look now and then who that is."""
    global _waits_for
    owner = next(iter(store.holders(keys)), "") if keys else ""
    parts = _parts_of(owner)
    _waits_for = 0 if parts is None else int(parts[1])


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


def _who(store: Store, keys: Sequence[bytes]) -> Iterator[str]:
    for owner, count in store.holders(keys).items():
        machine, pid, _ = _parts_of(owner) or (owner[:80], "?", "")
        yield (
            f"waiting for {count} answers or vectors that process {pid} on {machine.partition(' ')[0]} is making. "
            "If it makes none, end it: what it claimed is free at once on its own machine, and after "
            f"{LEASE:.0f} seconds elsewhere."
        )


def _gone(owner: str) -> bool:
    """Whether an owner's process has ended, where that can be known: on this machine, on POSIX.

    A process that has crashed and that nobody has fetched the status of (a zombie) has ended, and so has one whose id
    another process has now.
    """
    parts = _parts_of(owner)
    if parts is None or parts[0] != _machine() or os.name != "posix":
        return False
    _, pid, began = parts
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    now = _started(int(pid))
    return now == "ended" or (bool(now and began) and now != began)


def _parts_of(owner: str) -> tuple[str, str, str] | None:
    """Machine, process id and when the process began; None of what no version of this package wrote."""
    machine, *rest = owner.split("|")
    pid, _, began = rest[0].partition(":") if len(rest) == 2 else ("", "", "")
    return (machine, pid, began) if pid.isascii() and pid.isdigit() else None


def _started(pid: int) -> str:
    """When a process began, in the system's own unit; `ended` of one that only its parent has not noticed yet to have
    ended; empty where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *fields = told.rpartition(")")[2].split()  # a process's name may hold anything
    return "ended" if state in "ZXx" else fields[18] if len(fields) > 18 else ""
