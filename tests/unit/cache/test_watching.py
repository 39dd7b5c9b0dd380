"""A model while a run asks it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import pytest
from cache_doubles import CountingModel, make_samples

from pytest_emid.cache import Cache
from pytest_emid.cache.pace import recall
from pytest_emid.cache.watching import WatchedModel
from pytest_emid.data.sample import Sample
from pytest_emid.errors import UnavailableError
from pytest_emid.models.base import Response, traits_of


class Server(CountingModel):
    """Counts tokens, has prices, and is down after so many answers."""

    prices = (10, 20.0)

    def __init__(self, down_after: int = 1000) -> None:
        super().__init__()
        self.usage = SimpleNamespace(prompt_tokens=0, completion_tokens=0)
        self.down_after = down_after

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for number, answer in enumerate(super().respond(samples)):
            if number == self.down_after:
                raise UnavailableError("http://x: nobody there.")
            self.usage.prompt_tokens += 10
            self.usage.completion_tokens += 2
            yield answer


def test_it_is_the_same_model_to_everybody_else() -> None:
    model = Server()
    watched = WatchedModel(model, Cache(None).store, 0.0)
    assert (watched.name, watched.fingerprint, watched.prices) == (model.name, model.fingerprint, (10, 20.0))
    with pytest.raises(AttributeError, match="ephemeral"):
        watched.ephemeral  # noqa: B018
    assert traits_of(watched).prices == (10.0, 20.0)
    assert traits_of(CountingModel()).prices is None


def test_a_forecast_is_made_of_what_was_timed_before() -> None:
    cache, seen, model = Cache(None), [], Server()
    samples = make_samples(10)
    watched = WatchedModel(model, cache.store, time.time(), lambda *told: seen.append(told))
    cache.respond(watched, samples[:6])
    cache.respond(watched, samples)
    cache.respond(watched, samples)
    (first, nothing), (second, pace) = seen
    assert (first, second, nothing) == (6, 4, None)
    assert pace.answers >= 1
    assert pace.prompt_tokens / pace.answers == pytest.approx(10.0)
    assert pace.completion_tokens / pace.answers == pytest.approx(2.0)


def test_failures_are_not_timed() -> None:
    samples = make_samples(4)
    model = CountingModel(failing=[sample.id for sample in samples])
    cache = Cache(None)
    cache.respond(WatchedModel(model, cache.store, 0.0), samples)
    assert recall(cache.store, model.fingerprint) is None


def test_who_is_out_of_reach_is_not_asked_again_in_this_run() -> None:
    cache, samples, began = Cache(None), make_samples(10), time.time()
    model = Server(down_after=3)
    for _ in range(2):
        with pytest.raises(UnavailableError, match=r"^http://x: nobody there\.$"):
            cache.respond(WatchedModel(model, cache.store, began), samples)
    assert len(model.asked) == 4
    # What is cached is served all the same, and another run tries again.
    kept = [sample for sample in samples if sample.id in model.asked[:3]]
    assert len(cache.respond(WatchedModel(model, cache.store, began), kept)) == 3
    model.down_after = 1000
    assert len(cache.respond(WatchedModel(model, cache.store, time.time()), samples)) == 10
