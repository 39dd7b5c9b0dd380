"""Many requests at a time: answers as they arrive, a server that is down given up, a budget kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from pytest_emid.errors import BudgetError, UnavailableError
from pytest_emid.models.base import Outcome, Response
from pytest_emid.models.server.connection import RequestError

if TYPE_CHECKING:
    from pytest_emid.models.server.chat import OpenAIServerModel

__all__ = ["Work", "in_parallel"]

Work = Callable[[Any], Response]
"""Asks one thing of an `openai` client."""


def in_parallel(model: OpenAIServerModel, works: Sequence[Work]) -> Iterator[tuple[int, Response]]:
    """Yield (position, response), `concurrency` at a time, as they arrive. As `OpenAIServerModel.respond`."""
    if not works:
        return
    _ = model.server.client  # what is missing is said here, not in a thread
    stop = Event()
    waiting = deque(range(len(works)))
    running: dict[Future[Response], int] = {}
    in_a_row = answered = 0
    pool = ThreadPoolExecutor(model.concurrency, thread_name_prefix="emid-ask")
    try:
        while True:
            # After a failure those under way say whether the server is down: more would only be waited for.
            room = 0 if in_a_row and running else model.concurrency - len(running)
            while waiting and room > 0 and not model.is_spent():
                room -= 1
                position = waiting.popleft()
                running[
                    pool.submit(model.server.patience.through, partial(model.ask, works[position], stop), stop.wait)
                ] = position
            if not running:
                break
            done = wait(running, return_when=FIRST_COMPLETED).done
            errors = [future.exception() for future in done]
            for future in done:
                position = running.pop(future)
                if future.exception() is None:
                    in_a_row = 0
                    answered += 1
                    yield position, future.result()
                    continue
                error = future.exception()
                if not isinstance(error, RequestError):
                    continue
                in_a_row += error.of_server or not answered
                if not error.fatal:
                    yield position, Response("", Outcome.FAILED, error=f"{model.server.name}: {error}")
            _give_up(model, [error for error in errors if error is not None], in_a_row, answered, len(works))
    finally:
        stop.set()
        # A client that is closed while others read from it leaves them waiting for their whole timeout.
        pool.shutdown(wait=True, cancel_futures=True)
        if running:
            model.server.abandon()
    if waiting:
        raise BudgetError(
            f"{model.name}: the budget of {model.budget:g} is spent ({model.spent()}). {answered} of "
            f"{len(works)} questions were answered and are kept; {len(waiting)} are left."
        )


def _give_up(
    model: OpenAIServerModel, errors: Sequence[BaseException], in_a_row: int, answered: int, total: int
) -> None:
    """Raise when going on makes no sense."""
    for error in errors:
        if not isinstance(error, RequestError):
            raise error
        if error.fatal:
            raise UnavailableError(f"{model.server.name}, model {model.model!r}: {error}.") from None
    # A few requests that are refused for what they are say nothing about the server, even where none is answered.
    of_server = any(isinstance(error, RequestError) and error.of_server for error in errors)
    if errors and in_a_row >= (min(model.concurrency, total) if of_server else model.concurrency):
        raise UnavailableError(
            f"{model.server.name}, model {model.model!r}: {in_a_row} requests in a row failed ({errors[-1]}). "
            f"{answered} of {total} questions were answered and are kept; the next run asks for the others only."
        ) from None
