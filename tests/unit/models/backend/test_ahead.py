"""Work in threads ahead of whoever takes it: in order, bounded, and over when its taker is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from pytest_emid.models.backend.ahead import in_background, in_threads, workers


@pytest.mark.parametrize(
    ("gpu", "cores", "threads"), [(True, 64, 12), (True, 4, 4), (False, 64, 2), (False, 1, 1), (True, None, 1)]
)
def test_workers(gpu: bool, cores: int | None, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert workers(gpu) == threads


class Counted(Iterator[int]):
    """Numbers; knows how many were drawn. It cannot be closed."""

    def __init__(self, stop: int) -> None:
        self.drawn = 0
        self.stop = stop

    def __next__(self) -> int:
        if self.drawn == self.stop:
            raise StopIteration
        self.drawn += 1
        return self.drawn - 1


def cancelled_times(count: int, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when so many futures were cancelled, or could not be."""
    cancel, left, event = Future.cancel, [count], threading.Event()

    def noted(self: Future[object]) -> bool:
        done = cancel(self)
        left[0] -= 1
        if not left[0]:
            event.set()
        return done

    monkeypatch.setattr(Future, "cancel", noted)
    return event


class TestInThreads:
    def test_in_order_whoever_is_done_first(self) -> None:
        later = threading.Event()
        finished: list[int] = []

        def work(item: int) -> int:
            if item == 0:
                assert later.wait(10)
            finished.append(item)
            if item == 2:
                later.set()
            return 10 * item

        assert list(in_threads(work, range(4), 2, 4)) == [0, 10, 20, 30]
        assert finished[:2] == [1, 2]

    @pytest.mark.parametrize("window", [1, 3])
    def test_draws_no_more_than_the_window(self, window: int) -> None:
        items = Counted(6)
        drawn = [items.drawn for _ in in_threads(str, items, 2, window)]
        assert drawn == [min(taken + window, 6) for taken in range(6)]

    def test_in_so_many_threads(self) -> None:
        together = threading.Barrier(3)
        names: set[str] = set()

        def work(item: int) -> None:
            together.wait(10)  # broken with fewer
            names.add(threading.current_thread().name)

        list(in_threads(work, range(9), 3, 9))
        assert names == {f"emid-prepare_{i}" for i in range(3)}

    def test_begins_nothing_before_it_is_asked(self) -> None:
        items = Counted(3)
        in_threads(str, items, 1, 3).close()
        assert items.drawn == 0

    def test_closed_early_it_waits_for_what_runs_and_cancels_the_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cancelled = cancelled_times(3, monkeypatch)
        running = threading.Event()
        begun: list[int] = []
        finished: list[int] = []

        def work(item: int) -> None:
            begun.append(item)
            if item == 1:
                running.set()
                cancelled.wait(1)
            finished.append(item)

        working = in_threads(work, range(9), 1, 4)
        next(working)
        assert running.wait(10)
        working.close()
        assert begun == finished == [0, 1]

    @pytest.mark.parametrize("error", [ValueError("two"), SystemExit(3)], ids=repr)
    def test_an_error_of_the_work_reaches_the_taker_at_its_place(self, error: BaseException) -> None:
        def work(item: int) -> int:
            if item == 2:
                raise error
            return item

        items = Counted(9)
        working = in_threads(work, items, 2, 3)
        assert [next(working), next(working)] == [0, 1]
        with pytest.raises(type(error)) as caught:
            next(working)
        assert caught.value is error
        assert items.drawn == 5
        assert list(working) == []

    def test_an_error_of_the_items_reaches_the_taker(self) -> None:
        def items() -> Iterator[int]:
            yield 0
            raise LookupError("no more")

        with pytest.raises(LookupError, match=r"^no more$"):
            list(in_threads(str, items(), 2, 1))


class Made:
    """A generator's items; knows how many were made, in which threads, and where it was closed."""

    def __init__(self, *items: object) -> None:
        self.count = 0
        self.threads: set[str] = set()
        self.closed: list[str] = []
        self._items = items

    def __call__(self) -> Iterator[object]:
        try:
            for item in self._items:
                self.threads.add(threading.current_thread().name)
                self.count += 1
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, threading.Event):
                    item.wait(1)
                yield item
        finally:
            self.closed.append(threading.current_thread().name)

    def settled(self, count: int) -> int:
        """How many are made once nothing more happens."""
        until = time.monotonic() + 10
        while self.count < count and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(0.01)
        return self.count


class TestInBackground:
    def test_in_order_in_one_other_thread(self) -> None:
        made = Made(3, None, 0, "", [], 2)  # falsy ones are no end
        assert list(in_background(made(), 2)) == [3, None, 0, "", [], 2]
        assert made.threads == {"emid-batches_0"}

    @pytest.mark.parametrize("depth", [1, 2])
    def test_makes_no_more_than_the_depth_ahead(self, depth: int) -> None:
        made = Made(*range(6))
        arriving = in_background(made(), depth)
        assert made.settled(0) == 0
        for taken, _ in enumerate(arriving, 1):
            assert made.settled(min(taken + depth, 6)) == min(taken + depth, 6)

    def test_closed_early_it_cancels_the_rest_and_closes_the_iterator(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = Made(0, cancelled_times(4, monkeypatch), *range(9))
        arriving = in_background(made(), 4)
        assert next(arriving) == 0
        assert made.settled(2) == 2
        arriving.close()  # while the next one is made: a generator that runs cannot be closed from here
        assert made.closed == ["emid-batches_0"]
        assert made.count == 2
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("emid-batches")]

    def test_what_cannot_be_closed_is_left(self) -> None:
        items = Counted(9)
        arriving = in_background(items, 2)
        assert next(arriving) == 0
        arriving.close()
        assert items.drawn <= 3

    @pytest.mark.parametrize("error", [ValueError("two"), KeyboardInterrupt()], ids=repr)
    def test_an_error_reaches_the_taker_after_what_came_before(self, error: BaseException) -> None:
        made = Made(0, 1, error, 3)
        arriving = in_background(made(), 4)
        assert [next(arriving), next(arriving)] == [0, 1]
        with pytest.raises(type(error)) as caught:
            next(arriving)
        assert caught.value is error
        assert made.count == 3
        assert made.closed == ["emid-batches_0"]
