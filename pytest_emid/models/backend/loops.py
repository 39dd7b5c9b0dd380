"""One event loop, in one thread, for all models: clients, locks and semaphores belong to the loop they met first."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterable, Coroutine, Iterator
from typing import Any, Final, TypeVar

__all__ = ["LOOP", "Loop"]

R = TypeVar("R")


class Loop:
    """Runs coroutines for code that is not async, also where the caller is itself inside an event loop.

    Its thread begins with the first coroutine, and lives as long as the process: models may share a client.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._making = threading.Lock()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """What a coroutine returns. It is cancelled where the caller is interrupted."""
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, answers: AsyncIterable[R]) -> Iterator[R]:
        """An async generator as a plain one, item by item; it is closed where nobody goes on."""
        iterator = aiter(answers)

        async def following() -> tuple[bool, Any]:
            try:
                return True, await anext(iterator)
            except StopAsyncIteration:
                return False, None

        async def close() -> None:
            closing = getattr(iterator, "aclose", None)
            if closing is not None:
                await closing()

        try:
            while (found := self.run(following()))[0]:
                yield found[1]
        finally:
            self.run(close())

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._making:
            if self._loop is None or self._process != os.getpid():  # a fork takes no threads along
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                threading.Thread(target=self._loop.run_forever, name="emid-loop", daemon=True).start()
            return self._loop


LOOP: Final = Loop()
"""The one of this process."""
