"""The union of caches: nothing is lost, nothing is replaced, nothing false comes along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples

from pytest_emid.__main__ import main
from pytest_emid.cache import Cache
from pytest_emid.cache.store import Answer
from pytest_emid.cache.union import Gained, gather
from pytest_emid.errors import DataError
from pytest_emid.models.base import Outcome, Response, TokenScores


def fill(folder: Path, *parts: slice, model: CountingModel | None = None) -> None:
    samples = make_samples(12, pictures=4)
    with Cache(folder) as cache:
        for part in parts:
            cache.respond(model or CountingModel(), samples[part])
            cache.encode_images(CountingEncoder(), samples[part])


def gathered(target: Path, *sources: Path) -> list[Gained]:
    told: list[Gained] = []
    with Cache(target) as cache:
        gather(cache, sources, lambda source, gained: told.append(gained))
        cache.store.check()
    return told


def test_the_union_serves_all_and_asks_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "a", slice(0, 6))
    fill(tmp_path / "b", slice(4, 12))
    told = gathered(tmp_path / "all", tmp_path / "a", tmp_path / "b" / "cache.sqlite")
    assert told == [Gained(6, 4, 0), Gained(6, 0, 0)]
    model, encoder = CountingModel(), CountingEncoder()
    with Cache(tmp_path / "all", mode="read") as cache:
        found = cache.respond(model, make_samples(12, pictures=4))
        vectors = cache.encode_images(encoder, make_samples(12, pictures=4))
    with Cache(None) as fresh:
        assert found == fresh.respond(CountingModel(), make_samples(12, pictures=4))
        assert np.array_equal(vectors, fresh.encode_images(CountingEncoder(), make_samples(12, pictures=4)))
    assert model.asked == encoder.encoded == []


def test_failures_stay_behind_and_give_way(tmp_path: Path) -> None:
    fill(tmp_path / "a", slice(0, 6), model=CountingModel(failing=["s1", "s2"]))
    fill(tmp_path / "b", slice(0, 2))
    assert gathered(tmp_path / "all", tmp_path / "a")[0].answers == 4
    assert gathered(tmp_path / "a", tmp_path / "b")[0].answers == 1  # s1, in the place of its failure
    with Cache(tmp_path / "a") as cache:
        assert cache.sizes[:2] == (5, 1)
    model = CountingModel()
    with Cache(tmp_path / "a") as cache:
        assert {r.outcome for r in cache.respond(model, make_samples(12, pictures=4)[:6])} == {Outcome.OK}
    assert model.asked == ["s2"]


def put(folder: Path, response: Response) -> None:
    with Cache(folder) as cache:
        cache.store.put_answer(Answer(b"k" * 32, "m", "f", response))


def got(folder: Path) -> Response:
    with Cache(folder) as cache:
        return cache.store.answers([b"k" * 32])[b"k" * 32]


def test_an_answer_is_never_replaced_by_another_and_that_is_said(tmp_path: Path) -> None:
    put(tmp_path / "a", Response("yes"))
    put(tmp_path / "b", Response("no"))
    assert gathered(tmp_path / "a", tmp_path / "b") == [Gained(0, 0, 1)]
    assert got(tmp_path / "a") == Response("yes")


def test_token_scores_are_gained(tmp_path: Path) -> None:
    scored = Response("yes", scores=TokenScores((-0.25, -0.5)))
    put(tmp_path / "a", replace(scored, scores=None))
    put(tmp_path / "b", scored)
    assert gathered(tmp_path / "a", tmp_path / "b") == [Gained(1, 0, 0)]
    assert got(tmp_path / "a") == scored
    put(tmp_path / "c", replace(scored, scores=None))
    assert gathered(tmp_path / "a", tmp_path / "c") == [Gained(0, 0, 0)]
    assert got(tmp_path / "a") == scored


def test_what_is_no_cache_is_refused_and_made_nowhere(tmp_path: Path) -> None:
    fill(tmp_path / "a", slice(0, 3))
    (tmp_path / "text.sqlite").write_text("no database, but long enough to be looked at as one" * 30)
    for source, message in (
        (tmp_path / "none", f"{tmp_path / 'none'} is no cache: there is no file {tmp_path / 'none' / 'cache.sqlite'}."),
        (tmp_path / "a", f"{tmp_path / 'a'} is the cache itself. Give other caches."),
    ):
        with pytest.raises(DataError) as caught:
            gathered(tmp_path / "a", source)
        assert str(caught.value) == message
    with pytest.raises(DataError, match="file is not a database"):
        gathered(tmp_path / "a", tmp_path / "text.sqlite")
    assert not (tmp_path / "none").exists()


def test_packs_and_caches_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "a", slice(0, 6))
    fill(tmp_path / "b", slice(4, 12))
    pack, bare, everything = tmp_path / "a.json", tmp_path / "bare.json", tmp_path / "all"
    assert main(["pack", str(pack), "--cache", str(tmp_path / "a")]) == 0
    assert main(["pack", str(bare), "--no-vectors", "--cache", str(tmp_path / "a")]) == 0
    assert main(["unpack", str(pack), str(tmp_path / "b"), "--cache", str(everything)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{pack}: 6 answers, 4 vectors, {pack.stat().st_size:,} bytes",
        f"{bare}: 6 answers, 0 vectors, {bare.stat().st_size:,} bytes",
        f"{everything}: 6 answers and 4 vectors of {pack}",
        f"{everything}: 6 answers and 0 vectors gained from {tmp_path / 'b'}",
    ]
    with Cache(everything) as cache:
        assert cache.sizes[:3] == (12, 0, 4)


def test_a_command_that_cannot_be_carried_out_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", str(tmp_path / "x.json"), "--cache", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == (
        f"python -m pytest_emid pack: there is no cache {tmp_path / 'none'}. Name another with --cache.\n"
    )
    assert main(["unpack", str(tmp_path / "none.json"), "--cache", str(tmp_path / "a")]) == 2
    assert capsys.readouterr().err.startswith(
        f"python -m pytest_emid unpack: cannot read the replay pack {tmp_path / 'none.json'}: "
    )
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
