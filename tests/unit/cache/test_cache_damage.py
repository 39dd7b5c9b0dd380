"""A cache on a full disk, and one whose bytes changed: never a wrong answer, never an error that says nothing."""

from __future__ import annotations

import logging
import random
import sqlite3
from pathlib import Path

import pytest
from cache_doubles import CountingModel, make_samples, text_for

from pytest_emid.cache import Cache
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError
from pytest_emid.models import CallableModel, Response


def expected(samples: list[Sample]) -> list[Response]:
    return [Response(text_for(sample), entropy=0.25) for sample in samples]


def test_a_full_disk(tmp_path: Path) -> None:
    long = CallableModel(lambda images, questions: ["x" * 20_000 for _ in questions], fingerprint="1", batch_size=1)
    samples = make_samples(20)
    with Cache(tmp_path / "c.db") as cache:
        cache.store.do(lambda connection: connection.execute("PRAGMA max_page_count = 20"))
        with pytest.raises(DataError) as caught:
            cache.respond(long, samples)
        assert str(caught.value) == (
            f"the cache {tmp_path / 'c.db'} cannot be written or read: database or disk is full. Look at its disk "
            "(room, quota, errors), or choose another place with --emid-cache-dir. What it holds is served again once "
            "it can be used."
        )
    with Cache(tmp_path / "c.db") as cache:  # a new connection, with room
        kept = cache.sizes.answers
        assert kept > 0
        cache.store.check()
        assert [response.text for response in cache.respond(long, samples)] == ["x" * 20_000] * 20
        assert cache.counts.asked == 20 - kept


def test_text_that_is_no_text_is_asked_again(tmp_path: Path) -> None:
    samples = make_samples(3)
    with Cache(tmp_path / "c.db") as cache:
        cache.respond(CountingModel(), samples)
    with sqlite3.connect(tmp_path / "c.db") as raw:
        raw.execute("UPDATE answers SET outcome = CAST(x'6fbb' AS TEXT) WHERE key = (SELECT min(key) FROM answers)")
    raw.close()
    model = CountingModel()
    with Cache(tmp_path / "c.db") as cache:
        assert cache.respond(model, samples) == expected(samples)
    assert len(model.asked) == 1


@pytest.mark.parametrize("damage", ["x'bbbb'", "'a text'"])
def test_a_damaged_note_of_a_picture_is_made_anew(tmp_path: Path, damage: str) -> None:
    def dataset() -> Dataset:
        return Dataset("d", make_samples(3), "recipe")

    with Cache(tmp_path / "c.db") as cache:
        answers = cache.respond(CountingModel(), dataset())
    with sqlite3.connect(tmp_path / "c.db") as raw:
        assert raw.execute(f"UPDATE pictures SET sample = {damage} WHERE sample = CAST('s1' AS BLOB)").rowcount == 1
    raw.close()
    with Cache(tmp_path / "c.db") as cache:
        assert cache.respond(CountingModel(), dataset()) == answers


@pytest.mark.filterwarnings("ignore:the cache holds answers of a model named")
def test_random_bytes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is not refused as a whole is served right, or asked again."""
    caplog.set_level(logging.CRITICAL)
    samples, path = make_samples(12), tmp_path / "c.db"
    with Cache(path) as cache:
        cache.respond(CountingModel(), samples)
    sound = path.read_bytes()
    refused = 0
    for seed in range(60):
        draw, raw = random.Random(seed), bytearray(sound)
        for _ in range(draw.choice([1, 3, 20])):
            raw[draw.randrange(100, len(raw))] = draw.randrange(256)
        path.write_bytes(raw)
        try:
            with Cache(path) as cache:
                assert cache.respond(CountingModel(), samples) == expected(samples)
        except DataError:
            refused += 1
    assert 0 < refused < 60
