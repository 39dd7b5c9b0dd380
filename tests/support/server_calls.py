"""How tests of server models ask them: with a key that nothing may show, and a script that answers each question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_emid.data.sample import Sample
from pytest_emid.models import Model, Response

KEY = "canary-4711-secret"


def answer(question: str, count: int) -> Any:
    """Of a scripted server: its own answer to every question."""
    return None


def respond(model: Model, samples: Sequence[Sample]) -> list[Response]:
    """In the order of the samples."""
    found = dict(model.respond(samples))
    return [found[i] for i in range(len(samples))]
