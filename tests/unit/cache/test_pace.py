"""What earlier answers took, kept beside them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_emid.cache.pace import Pace, Stopwatch, outage, recall, remember, report_outage
from pytest_emid.cache.store import Store


def timed(monkeypatch: pytest.MonkeyPatch, began: float, *arrivals: float) -> Stopwatch:
    """A stopwatch that was started and saw answers at these times."""
    clock = iter([began, *arrivals])
    monkeypatch.setattr("pytest_emid.cache.pace.time.monotonic", lambda: next(clock))
    watch = Stopwatch()
    for _ in arrivals:
        watch.arrived()
    return watch


def test_answers_that_come_one_by_one_are_timed_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # Four seconds to load the weights, and then two answers a second.
    assert timed(monkeypatch, 0.0, 4.5, 5.0, 5.5, 6.0).pace() == Pace(3, 1.5)


def test_the_first_batch_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = timed(monkeypatch, 0.0, 9.0, 9.001, 9.002, 11.0, 11.001, 11.002)
    assert watch.pace(600.0, 60.0) == Pace(3, pytest.approx(2.0), 300.0, 30.0)


def test_a_single_batch_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert timed(monkeypatch, 1.0, 3.0, 3.001).pace() == Pace(2, pytest.approx(2.001))


@pytest.mark.parametrize("path", [None, "cache.sqlite"])
def test_later_answers_count_more(tmp_path: Path, path: str | None) -> None:
    store = Store(None if path is None else tmp_path / path)
    assert recall(store, "m") is None
    remember(store, "m", Pace(100, 50.0, 1000.0, 200.0))
    remember(store, "m", Pace(100, 100.0, 3000.0, 200.0))
    assert recall(store, "m") == Pace(150, 125.0, 3500.0, 300.0)
    assert recall(store, "other") is None
    store.close()


def test_what_answers_cost() -> None:
    assert Pace(2, 1.0, 1000.0, 100.0).cost_each((10.0, 50.0)) == pytest.approx((1000 * 10 + 100 * 50) / 1e6 / 2)
    assert Pace(2, 1.0).cost_each((10.0, 50.0)) is None
    assert Pace(4, 2.0).seconds_each == 0.5


def test_an_outage_holds_for_the_run_in_which_it_was_found() -> None:
    store, began = Store(None), time.time()
    assert outage(store, "m", began) is None
    report_outage(store, "m", "nobody there")
    assert outage(store, "m", began) == "nobody there"
    assert outage(store, "m", time.time() + 1.0) is None
    assert outage(store, "other", began) is None
    assert recall(store, "m") is None


def test_a_model_that_answers_is_not_out_of_reach() -> None:
    store, began = Store(None), time.time()
    report_outage(store, "m", "nobody there")
    remember(store, "m", Pace(1, 1.0))
    assert outage(store, "m", began) is None


def test_a_cache_that_is_only_read_tells_what_it_knows(tmp_path: Path) -> None:
    Store(tmp_path / "empty.sqlite").close()
    store = Store(tmp_path / "c.sqlite")
    remember(store, "m", Pace(10, 5.0))
    store.close()
    assert recall(Store(tmp_path / "c.sqlite", read_only=True), "m") == Pace(10, 5.0)
    assert recall(Store(tmp_path / "empty.sqlite", read_only=True), "m") is None
