"""What a model answers, by the samples' ids."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_emid.data.sample import Sample
from pytest_emid.models import Model, Response


def answers(model: Model, samples: Sequence[Sample]) -> dict[str, Response]:
    yielded = list(model.respond(samples))
    assert sorted(position for position, _ in yielded) == list(range(len(samples)))
    return {samples[position].id: response for position, response in yielded}
