"""Where answers came from, over sets and processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cache_doubles import CountingEncoder

from pytest_emid.cache import Cache
from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.encoders.base import Encoders
from pytest_emid.errors import ModelError
from pytest_emid.measuring.asking import Asker
from pytest_emid.measuring.sources import Source, Sources
from pytest_emid.models import CallableModel, RecordedModel, ReplayModel, Response, load_recorded
from pytest_emid.models.base import Model, Outcome, Served

CLEAN = scenes_dataset(12)
KEPT = Source("m", "d", "clean", "f", asked=0, cache=60, pack=0)


def of(told: Source) -> tuple[int, int, int]:
    return (told.asked, told.cache, told.pack)


def asked(model: Model, cache: Cache, dataset: Dataset = CLEAN) -> tuple[int, int, int]:
    """What asking about a set says: asked, from the cache, from a pack."""
    told: list[Source] = []
    encoder = CountingEncoder()
    Asker(model, Encoders(encoder, encoder), cache, 0.0, told=told.append).ask(dataset, "clean")
    (source,) = told
    assert (source.model, source.dataset, source.content) == (model.name, dataset.name, dataset.fingerprint)
    return of(source)


def echo(name: str = "echo") -> CallableModel:
    return CallableModel(lambda images, questions: list(questions), fingerprint="v1", name=name)


def test_every_way_to_an_answer(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache", run="one") as cache:
        assert asked(echo(), cache, Dataset("half", list(CLEAN)[:6])) == (6, 0, 0)
        assert asked(echo(), cache) == (6, 0, 0)  # the others were asked in this run
        cache.export_pack(tmp_path / "pack.json")
    with Cache(tmp_path / "cache", run="one") as cache:
        assert asked(echo(), cache) == (0, 0, 0)
    for mode in ("use", "read"):
        with Cache(tmp_path / "cache", mode=mode, run="two") as cache:  # type: ignore[arg-type]
            assert asked(echo(), cache) == (0, 12, 0)
    with Cache(tmp_path / "cache", mode="refresh", run="three") as cache:
        assert asked(echo(), cache) == (12, 0, 0)
    with Cache(tmp_path / "pack.json") as cache:
        assert asked(echo(), cache) == (0, 0, 12)
    with Cache(None) as cache:
        assert asked(ReplayModel(tmp_path / "pack.json"), cache) == (0, 0, 12)
    said = {sample.id: "A dog." for sample in CLEAN}
    for model in (RecordedModel(said), load_recorded(said, {"new": said})):
        with Cache(None) as cache:
            assert asked(model, cache) == (0, 0, 12)


def test_who_served_is_told_and_failures_were_asked(tmp_path: Path) -> None:
    answers = [Response("A dog.", served=Served("m-2024")), Response("", Outcome.FAILED, "HTTP 500")]

    class Half:
        name = fingerprint = "half"

        def respond(self, samples):  # type: ignore[no-untyped-def]
            yield from enumerate(answers[i % 2] for i in range(len(samples)))

    told: list[Source] = []
    encoder = CountingEncoder()
    with Cache(None) as cache, pytest.raises(ModelError, match="half failed on"):
        Asker(Half(), Encoders(encoder, encoder), cache, 0.0, told=told.append).ask(CLEAN, "clean")
    assert [of(source) for source in told] == [(12, 0, 0)]
    answers[1] = answers[0]
    with Cache(None) as cache:
        Asker(Half(), Encoders(encoder, encoder), cache, 0.0, told=told.append).ask(CLEAN, "clean")
    assert told[1].served == {"m-2024": 12}


def test_processes_add_up() -> None:
    """What two workers ask is asked twice as much; what both found there was there once."""
    sources = Sources()
    assert sources.line() == ""
    sources.add([replace(KEPT, asked=20, cache=40).to_dict(), replace(KEPT, label="x:10", cache=0, asked=60).to_dict()])
    sources.add([replace(KEPT, asked=30, cache=10).to_dict(), replace(KEPT, label="x:2", cache=0, pack=9).to_dict()])
    assert sources.line() == "110 asked, 40 from the cache, 9 from a pack or recording"
    assert [one["label"] for one in sources.to_list()] == ["clean", "x:2", "x:10"]
    again = Sources()
    again.add(sources.to_list())
    assert again.to_list() == sources.to_list()
    cached = Sources()
    cached.add([KEPT.to_dict()])
    assert cached.line() == "0 asked, 60 from the cache"
