"""Vectors that somebody holds are read once, and let go of with whoever held them."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pytest_emid.cache.held import Held


class Makes:
    """Counts how often it is asked to make."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Any:
        self.times += 1
        return np.full((2, 3), float(self.times), dtype=np.float32)


ONE: Any = SimpleNamespace(name="one", fingerprint="1")
OTHER: Any = SimpleNamespace(name="one", fingerprint="2")


def test_what_is_held_is_not_made_again() -> None:
    held, make = Held(), Makes()
    first = held.of("text", ONE, ["a", "b"], make)
    assert held.of("text", ONE, ("a", "b"), make) is first
    assert make.times == 1


@pytest.mark.parametrize(
    ("kind", "encoder", "contents"),
    [("image", ONE, ["a", "b"]), ("text", OTHER, ["a", "b"]), ("text", ONE, ["b", "a"]), ("text", ONE, ["a"])],
    ids=["kind", "encoder", "order", "number"],
)
def test_anything_else_is_made(kind: Any, encoder: Any, contents: list[str]) -> None:
    held, make = Held(), Makes()
    first = held.of("text", ONE, ["a", "b"], make)
    assert held.of(kind, encoder, contents, make) is not first


def test_what_nobody_holds_is_made_again() -> None:
    held, make = Held(), Makes()
    held.of("text", ONE, ["a", "b"], make)
    gc.collect()
    assert held.of("text", ONE, ["a", "b"], make)[0, 0] == 2.0


def test_what_is_shared_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Held().of("text", ONE, ["a", "b"], Makes())[0, 0] = 7.0
