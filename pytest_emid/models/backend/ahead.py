"""Work that is done in threads while the device is busy, a bounded way ahead of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

__all__ = ["in_background", "in_threads", "workers"]

T = TypeVar("T")
R = TypeVar("R")

FOR_A_GPU: Final = 12
"""Threads that prepare pictures: more wait for each other."""
_END: Final[Any] = object()


def workers(gpu: bool) -> int:
    """How many threads prepare pictures for a device. On a CPU they would take from each other."""
    return min(FOR_A_GPU if gpu else 2, os.cpu_count() or 1)


def in_threads(function: Callable[[T], R], items: Iterable[T], workers: int, window: int) -> Generator[R]:
    """`function` of each item, in order, in `workers` threads, at most `window` of them ahead of what was taken."""
    with ThreadPoolExecutor(workers, "emid-prepare") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= window:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def in_background(items: Iterator[T], depth: int) -> Generator[T]:
    """The items of an iterator, made in a thread of its own, at most `depth` ahead. Closing it closes the iterator."""
    with ThreadPoolExecutor(1, "emid-batches") as thread:
        waiting = deque(thread.submit(next, items, _END) for _ in range(depth))
        try:
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(thread.submit(next, items, _END))
                yield item
        finally:
            for future in waiting:
                future.cancel()
            close = getattr(items, "close", None)
            if close is not None:
                thread.submit(close).result()
