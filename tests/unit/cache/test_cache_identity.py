"""Whose answer is served, to whom, and about which picture."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples
from PIL import Image

from pytest_emid.cache import Cache, claims
from pytest_emid.cache.keys import former_keys
from pytest_emid.cache.store import Store
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample, image_digest
from pytest_emid.errors import DataError
from pytest_emid.models import CallableModel
from pytest_emid.models.packs import Answer


def named(name: str) -> CountingModel:
    model = CountingModel("v1")
    model.name = name
    return model


def test_two_models_under_one_fingerprint_are_two() -> None:
    with Cache(None) as cache:
        cache.respond(named("first"), make_samples(3))
        second = named("second")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            cache.respond(second, make_samples(3))
            cache.respond(second, make_samples(4))
        assert len(second.asked) == 4
    assert [str(warning.message) for warning in told] == [
        "the cache holds answers of a model named 'first' with the fingerprint of 'second'; they are not served, for a "
        "model is known by both: give it its former name if it is the same model, and else a fingerprint of its own."
    ]


@pytest.mark.parametrize(("name", "asked"), [("counting", 0), ("other", 3)])
def test_what_0_1_0_kept_serves_whose_name_is_kept(name: str, asked: int) -> None:
    samples, model = make_samples(3), CountingModel()
    with Cache(None) as cache:
        old = former_keys(model, samples, cache.digests(samples))
        for position, response in CountingModel().respond(samples):
            cache.store.put_answer(Answer(old[position], "counting", model.fingerprint, response))
        model.name = name
        assert cache.missing(model, samples) == asked
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cache.respond(model, samples)
        assert len(model.asked) == asked


def test_a_relabelled_answer_is_not_served(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        cache.respond(CountingModel(), make_samples(2))
        cache.store.do(lambda c: c.execute("UPDATE answers SET model = 'gpt-99'"))
        assert cache.missing(CountingModel(), make_samples(2)) == 2


def test_refreshing_trusts_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = make_samples(3)
    with Cache(tmp_path) as cache:
        cache.respond(CountingModel(), samples)
        cache.encode_texts(CountingEncoder(), ["a"])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 86_400)
    for _ in range(2):  # processes of one run
        model, encoder = CountingModel(), CountingEncoder()
        with Cache(tmp_path, mode="refresh", run="a run") as cache:
            cache.respond(model, samples)
            cache.encode_texts(encoder, ["a"])
            asked = (len(model.asked), cache.counts.encoded)
        assert asked == ((3, 1) if _ == 0 else (0, 0))
    model = CountingModel()
    with Cache(tmp_path, mode="refresh") as cache:
        cache.respond(model, samples)
    assert len(model.asked) == 3


def test_a_model_that_draws_into_its_picture_changes_no_dataset() -> None:
    pictures = [Image.new("RGB", (8, 8), (i, 0, 0)) for i in range(5)]
    dataset = Dataset("d", [Sample(f"s{i}", picture, f"question {i}", "x") for i, picture in enumerate(pictures)])
    before = [picture.tobytes() for picture in pictures]

    def thumbnails(images: list[Image.Image], questions: list[str]) -> list[str]:
        for image in images:
            image.thumbnail((2, 2))
        return ["x"] * len(images)

    model = CallableModel(thumbnails, fingerprint="1")
    with Cache(None) as cache:
        cache.respond(model, dataset)
        list(model.respond(dataset))
        assert cache.digests(dataset) == [image_digest(picture) for picture in pictures]
    assert [picture.tobytes() for picture in pictures] == before


def test_a_file_that_is_replaced_before_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_emid.cache.pictures.OPEN_BYTES", 100)
    colour = {"now": 1}
    samples = [
        Sample(f"s{i}", LazyImage(lambda i=i: Image.new("RGB", (4, 4), (i, colour["now"], 0)), f"{i}.png"), "q?", "x")  # type: ignore[misc]
        for i in range(5)
    ]
    dataset, model = Dataset("d", samples), CountingModel()
    with Cache(None) as cache:
        cache.digests(dataset)
        colour["now"] = 2
        model.respond = lambda samples: ((i, model.failing or s.open_image()) for i, s in enumerate(samples))  # type: ignore[assignment, misc, return-value]
        with pytest.raises(DataError) as caught:
            cache.respond(model, dataset)
        assert cache.sizes.answers == 0
    assert str(caught.value) == (
        "sample 's0': its picture, from 0.png, is another one than when its answer was looked up, so nothing was asked "
        "about it. A file was replaced during the run, or what draws the picture does not draw the same twice. Run "
        "again; shifts draw from the rng that they get."
    )


def test_a_bit_of_a_remembered_picture_is_seen(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.db")
    store.put_pictures("recipe", {"a": "11" * 32, "b": "22" * 32})
    assert store.pictures("recipe") == {"a": "11" * 32, "b": "22" * 32}
    store.do(lambda c: c.execute("UPDATE pictures SET sample = CAST('c' AS BLOB) WHERE sample = CAST('a' AS BLOB)"))
    store.do(lambda c: c.execute("INSERT INTO pictures VALUES ('recipe', CAST('d' AS BLOB), '33')"))  # as in 0.1.0
    assert store.pictures("recipe") == {"b": "22" * 32}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell of processes in /proc")
def test_whose_process_is_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    machine, me = claims._machine(), os.getpid()
    deadline = time.monotonic() + 20
    while claims._started(ended.pid) != "ended":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    owners = {
        f"{machine}|{ended.pid}|x": True,
        f"{machine}|{ended.pid}:5|x": True,
        f"{machine}|{me}:1|x": True,
        f"{machine}|{me}:{claims._started(me)}|x": False,
        f"{machine}|{me}|x": False,
        f"elsewhere|{ended.pid}|x": False,
        f"{machine}|{'9' * 40}|x": True,
        f"{machine}|pid|x": False,
        "garbage": False,
        "": False,
        "a|b|c|d": False,
    }
    assert {owner: claims._gone(owner) for owner in owners} == owners
    ended.wait()


def test_who_is_waited_for_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(claims, "LEASE", 1.0)
    monkeypatch.setattr(claims, "QUIET", 0.2)
    model, samples = CountingModel(), make_samples(2)
    with Cache(tmp_path) as cache:
        from pytest_emid.cache.keys import answer_keys

        rows = [
            (key, "elsewhere pid:[1]|77|x", time.time() + 86_400)
            for key in answer_keys(model, samples, cache.digests(samples))
        ]
        cache.store.transact(lambda c: c.executemany("INSERT INTO claims VALUES (?,?,?)", rows))
        began = time.monotonic()
        with caplog.at_level(logging.WARNING):
            cache.respond(model, samples)
        assert time.monotonic() - began < 20  # a day, by the other clock
        told: list[str] = []
        cache.store.transact(lambda c: c.execute("DELETE FROM answers"))
        cache.store.transact(lambda c: c.executemany("INSERT OR REPLACE INTO claims VALUES (?,?,?)", rows))
        with Cache(tmp_path, waiting=told.append) as listening:
            listening.respond(model, samples)
    assert told[0] == caplog.messages[0]
    assert told[0] == (
        "waiting for 2 answers or vectors that process 77 on elsewhere is making. If it makes none, end it: what it "
        "claimed is free at once on its own machine, and after 1 seconds elsewhere."
    )
