"""A line now and then from a run that is still asking, where no bar can be drawn: in a CI log, and under pytest-xdist.

Each process says what it is doing in a state; a worker of pytest-xdist, which has no terminal, writes it to a file in
the folder that the processes of a run share, and its controller reads the files.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from pytest_emid.measuring.format import clip, duration, visible

__all__ = ["Heartbeat", "Reported", "State", "states_in"]

SILENCE: Final = 8.0
"""Seconds without a word from a run that measures."""
OFTEN: Final = 0.5
"""Seconds between two times that a worker writes its state, and that a controller looks."""
SUFFIX: Final = ".state"


@dataclass(frozen=True)
class State:
    """What a process of a run is doing.

    Attributes:
        who: the worker, such as `gw0`; empty where there is one process.
        pid: of the process.
        label: what it measures or asks; empty where it does neither.
        done: answers so far.
        total: answers in all; 0 where it asks nothing at the moment.
        rate: answers a second, so far.
        retries: requests that were tried again.
        waits_for: process id of another process that makes what this one needs; 0 where there is none.
    """

    who: str = ""
    pid: int = 0
    label: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    retries: int = 0
    waits_for: int = 0

    def told(self, names: Mapping[int, str]) -> str:
        """In words; `names` calls processes by their workers' names."""
        parts = [visible(clip(self.label, 50))]
        if self.total:
            parts[0] += f" {self.done:,}/{self.total:,}"
        if self.total and self.rate > 0.0:
            parts.append(f"{self.rate:.3g} answers/s")
            parts.append(f"about {duration((self.total - self.done) / self.rate)} left")
        if self.retries:
            parts.append(f"{self.retries} request{'s' if self.retries > 1 else ''} tried again")
        if self.waits_for:
            parts.append(f"waits for {names.get(self.waits_for, f'process {self.waits_for}')}")
        return f"{self.who} {', '.join(parts)}".strip()


class Reported:
    """The state of this process, brought up to date by those who measure and ask.

    Args:
        who: the worker's name; empty where there is one process.
        path: where it is written; None: nowhere.
    """

    def __init__(self, who: str = "", path: Path | None = None) -> None:
        self._path = path
        self._state = State(who, os.getpid())
        self._began = (0.0, 0)
        self._written = 0.0
        self._retries = 0

    def __call__(self) -> State:
        """The state now."""
        waits = sys.modules.get("pytest_emid.cache.claims")
        return replace(
            self._state,
            retries=_retries() - self._retries,
            waits_for=0 if waits is None else waits.waiting_for(),
        )

    def begin(self, label: str) -> None:
        """Something is measured."""
        self._retries = _retries()
        self._change(State(self._state.who, self._state.pid, label), at_once=True)

    def asks(self, label: str, done: int, total: int) -> None:
        """`done` of `total` answers have arrived."""
        now = time.monotonic()
        if (label, total) != (self._state.label, self._state.total) or done < self._state.done:
            self._began = (now, done)
        since, before = self._began
        rate = (done - before) / (now - since) if now - since > 0.5 else 0.0
        shown = 0 if done >= total else total
        self._change(replace(self._state, label=label, done=done, total=shown, rate=rate))

    def end(self) -> None:
        """Nothing is measured any more."""
        self._change(State(self._state.who, self._state.pid), at_once=True)

    def write(self) -> None:
        """Write the state where the controller reads it."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            part.write_text(json.dumps(asdict(self())), encoding="utf-8", errors="replace")
            part.replace(self._path)
        except OSError:
            return  # a run goes on without a word about it

    def _change(self, state: State, at_once: bool = False) -> None:
        self._state = state
        now = time.monotonic()
        if at_once or now - self._written > OFTEN:
            self._written = now
            self.write()


def states_in(folder: Path) -> Iterator[State]:
    """What the workers of a run are doing, those that do something."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            state = State(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError):
            continue
        if state.label:
            yield state


class Heartbeat:
    """A thread that says what is going on when nothing was said for a while.

    Args:
        states: what the processes are doing now.
        say: prints a line.
        write: called as often as the thread looks, to bring what others read up to date.
    """

    def __init__(
        self,
        states: Callable[[], Sequence[State]],
        say: Callable[[str], Any],
        write: Callable[[], Any] = lambda: None,
    ) -> None:
        self._states = states
        self._say = say
        self._write = write
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._said = time.monotonic()

    def start(self) -> None:
        """Begin, or begin anew."""
        self._said = time.monotonic()
        if self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._run, name="emid-heartbeat", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; nothing is said afterwards."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ended.set()
            thread.join()

    def _run(self) -> None:
        while not self._ended.wait(OFTEN):
            self._write()
            if time.monotonic() - self._said < SILENCE:
                continue
            states = self._states()
            if states:
                names = {state.pid: state.who for state in states if state.who}
                self._say(f"emid: {'; '.join(state.told(names) for state in states)}")
                self._said = time.monotonic()


def _retries() -> int:
    module = sys.modules.get("pytest_emid.models.server.retries")
    return 0 if module is None else int(module.seen())
