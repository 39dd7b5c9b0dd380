"""What plans want to know of earlier measurements, kept beside the answers."""

from __future__ import annotations

from pathlib import Path

from pytest_emid.cache import Cache
from pytest_emid.cache.spread import UNKNOWN, Measured, recall_measured, remember_measured


def test_it_is_kept_by_model_and_dataset_and_what_is_known_last_holds(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        assert recall_measured(cache.store, "m", "d") == UNKNOWN
        remember_measured(cache.store, "m", "d", Measured(1.1, 20.0))
        remember_measured(cache.store, "m", "d", Measured(spread=1.2, later=3.0))
        remember_measured(cache.store, "n", "d", Measured(1.3))
    with Cache(tmp_path) as cache:
        assert recall_measured(cache.store, "m", "d") == Measured(1.2, 20.0, 3.0)
        assert recall_measured(cache.store, "n", "d") == Measured(1.3)
        assert recall_measured(cache.store, "m", "e") == UNKNOWN


def test_a_cache_that_is_only_read_is_left_as_it_is(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        remember_measured(cache.store, "m", "d", Measured(1.1))
    with Cache(tmp_path, mode="read") as cache:
        remember_measured(cache.store, "m", "d", Measured(9.0))
        assert recall_measured(cache.store, "m", "d") == Measured(1.1)
