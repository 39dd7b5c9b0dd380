"""A cache in memory, and one in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_emid.cache import Cache


@pytest.fixture(params=["memory", "file"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache]:
    with Cache(None if request.param == "memory" else tmp_path / "cache") as cache:
        yield cache
