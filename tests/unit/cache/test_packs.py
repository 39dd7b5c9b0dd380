"""Replay packs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples

from pytest_emid.__main__ import main
from pytest_emid.cache import Cache
from pytest_emid.errors import DataError
from pytest_emid.models import CallableModel, ReplayModel, Response, load
from pytest_emid.models.packs import _digested


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    with Cache(None) as cache:
        cache.respond(CountingModel(failing=["s3"]), make_samples(4))
        cache.encode_texts(CountingEncoder(), ["a", "b"])
        sizes = cache.export_pack(tmp_path / "packs" / "pack.json")
    assert sizes[:3] == (3, 0, 2)
    return tmp_path / "packs" / "pack.json"


def test_it_brings_answers_and_vectors(pack: Path) -> None:
    model, encoder = CountingModel(), CountingEncoder()
    with Cache(None) as cache:
        assert cache.import_pack(pack)[:3] == (3, 0, 2)
        expected = [response for _, response in sorted(CountingModel().respond(make_samples(3)))]
        assert cache.respond(model, make_samples(3)) == expected
        np.testing.assert_array_equal(cache.encode_texts(encoder, ["b", "a"]), CountingEncoder().encode(["b", "a"]))
        assert model.asked == encoder.encoded == []
        cache.respond(model, make_samples(4))
        assert model.asked == ["s3"]  # a failure is not in the pack


def test_it_is_the_same_whoever_writes_it(pack: Path, tmp_path: Path) -> None:
    with Cache(tmp_path / "c.db") as cache:
        cache.import_pack(pack)
        cache.export_pack(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == pack.read_bytes()
    lines = pack.read_text().splitlines()
    assert len(lines) == 1 + (1 + 3 + 1) + (1 + 2 + 1)
    assert lines[2:5] == sorted(lines[2:5])


def test_vectors_may_be_left_out(tmp_path: Path) -> None:
    with Cache(None) as cache:
        cache.encode_texts(CountingEncoder(), ["a"])
        assert cache.export_pack(tmp_path / "pack.json", vectors=False)[:3] == (0, 0, 0)
        assert Cache(None).import_pack(tmp_path / "pack.json")[:3] == (0, 0, 0)


def test_a_pack_without_vectors_says_how_to_use_it(tmp_path: Path) -> None:
    with Cache(None) as cache:
        cache.respond(CountingModel(), make_samples(2))
        cache.export_pack(tmp_path / "pack.json", vectors=False)
    with Cache(tmp_path / "pack.json") as cache:
        with pytest.raises(DataError) as caught:
            cache.encode_texts(CountingEncoder(), ["a"])
        assert str(caught.value) == (
            f"the cache {tmp_path / 'pack.json'} lacks 1 text embeddings of encoder, and its mode is 'read': "
            "the text 'a'. The pack was written without vectors: give it as --emid-model, with another cache."
        )


def test_difficult_texts(tmp_path: Path) -> None:
    texts = ["", "\ud800", "日本\n\"'", "\x00"]
    model = CallableModel(lambda images, questions: [Response(text) for text in texts], fingerprint="v1")
    with Cache(None) as cache:
        cache.respond(model, make_samples(4))
        cache.export_pack(tmp_path / "pack.json")
    with Cache(None, mode="read") as cache:
        cache.import_pack(tmp_path / "pack.json")
        assert [response.text for response in cache.respond(model, make_samples(4))] == texts


def test_as_a_model(pack: Path) -> None:
    model = load(pack)
    assert isinstance(model, ReplayModel)
    assert (model.name, model.fingerprint, len(model)) == ("counting", "m1", 3)
    samples = make_samples(3)
    with Cache(None) as cache:
        assert cache.respond(model, samples) == cache.respond(CountingModel(), samples)
    with pytest.raises(DataError) as caught:
        list(model.respond(make_samples(5)))
    assert str(caught.value) == (
        f"the replay pack {pack} has no answer to 2 of 5 samples: 's3', 's4'. "
        "Ask the model where it is, and write the pack again."
    )


def test_packs_of_several_models(tmp_path: Path) -> None:
    with Cache(None) as cache:
        cache.respond(CountingModel(), make_samples(1))
        other = CountingModel("another fingerprint")
        other.name = "other"
        cache.respond(other, make_samples(2))
        cache.export_pack(tmp_path / "pack.json")
    assert len(ReplayModel(tmp_path / "pack.json", model="other")) == 2
    with pytest.raises(DataError) as caught:
        ReplayModel(tmp_path / "pack.json")
    assert str(caught.value) == (
        f"the replay pack {tmp_path / 'pack.json'} must hold answers of one model; it holds: counting (m1); "
        "other (another fing). Name one with model=, or write a pack of one: python -m pytest_emid pack --model "
        "FINGERPRINT."
    )
    with pytest.raises(DataError, match="must hold answers of one model named 'x'; it holds: counting"):
        ReplayModel(tmp_path / "pack.json", model="x")


@pytest.mark.parametrize("more", [(), ("--no-vectors",), ("--model", "echo")])
def test_no_answers_are_no_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]) -> None:
    pack = tmp_path / "pack.json"
    with Cache(tmp_path / "cache") as cache:
        cache.respond(CallableModel(lambda images, questions: list(questions)), make_samples(2))
        cache.encode_texts(CountingEncoder(), ["a"])
    assert main(["pack", str(pack), "--cache", str(tmp_path / "cache"), *more]) == 2
    assert capsys.readouterr().err == (
        f"python -m pytest_emid pack: the cache {cache.path} keeps no answers, and nothing was written. Run the suite "
        "first. A function that is loaded without fingerprint= keeps none: give it one, such as "
        'fingerprint="v3".\n'
    )
    assert not pack.exists()


def test_a_pack_of_one_version_of_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = tmp_path / "pack.json"
    with Cache(tmp_path / "cache") as cache:
        cache.respond(CountingModel("z-old"), make_samples(1))
        cache.respond(CountingModel("a-new"), make_samples(2))
        with pytest.raises(DataError) as caught:
            cache.export_pack(pack, model="")
        assert str(caught.value) == (
            f"the cache {cache.path} holds no answers of a model ''; it holds: counting (z-old); counting (a-new)."
        )
    assert main(["pack", str(pack), "--cache", str(tmp_path / "cache")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{pack}: 3 answers, 0 vectors, {pack.stat().st_size:,} bytes",
        "answers of 2 models, the one asked last at the end: counting (z-old); counting (a-new). For --emid-replay, "
        "which takes a pack of one: --model a-new",
    ]
    assert main(["pack", str(pack), "--model", "a-new", "--cache", str(tmp_path / "cache")]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{pack}: 2 answers, 0 vectors, {pack.stat().st_size:,} bytes"]
    assert (len(ReplayModel(pack)), ReplayModel(pack).fingerprint) == (2, "a-new")


@pytest.mark.parametrize(
    ("where", "field"),
    [("answers", f) for f in ("key", "fingerprint", "text", "entropy", "digest")]
    + [("vectors", f) for f in ("key", "fingerprint", "float32", "digest")],
)
def test_a_changed_entry_is_noticed(pack: Path, where: str, field: str) -> None:
    content = json.loads(pack.read_text())
    entry = content[where][1]
    entry[field] = 0.5 if field == "entropy" else entry[field][:-4] + "0000"
    pack.write_text(json.dumps(content))
    with Cache(None) as cache:
        with pytest.raises(DataError) as caught:
            cache.import_pack(pack)
        assert cache.sizes[:3] == (0, 0, 0)
    assert str(caught.value) == (
        f"the replay pack {pack} is damaged: entry 1 of {where!r}: it does not match its digest. Write the pack again."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot read the replay pack {path}: JSONDecodeError: "),
        ("[]", "{path} is not a replay pack. Write one with Cache.export_pack."),
        ('{"format": "other"}', "{path} is not a replay pack. Write one with Cache.export_pack."),
        (
            '{"format": "pytest-emid replay pack", "version": 3}',
            "the replay pack {path} has version 3; this version of pytest-emid reads 1 and 2. "
            "Use the version that wrote it, or write the pack again.",
        ),
        (
            '{"format": "pytest-emid replay pack", "version": 1, "answers": [3]}',
            "the replay pack {path} is damaged: entry 0 of 'answers': it is no object but a int. Write the pack again.",
        ),
        (
            '{"format": "pytest-emid replay pack", "version": 1, "vectors": null}',
            "the replay pack {path} is damaged: 'vectors' is no list but a NoneType. Write the pack again.",
        ),
        ("[" * 100_000, "cannot read the replay pack {path}: RecursionError: "),
    ],
)
def test_what_is_no_pack(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pack.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Cache(None).import_pack(path)
    assert str(caught.value).startswith(message.replace("{path}", str(path)))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^cannot read the replay pack .*none\.json: FileNotFoundError"):
        Cache(None).import_pack(tmp_path / "none.json")


def edited(pack: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """The pack with other entries, each with a right digest: as somebody does who knows the format."""
    content = json.loads(pack.read_text())
    change(content)
    for name in ("answers", "vectors"):
        content[name] = [_digested({k: v for k, v in e.items() if k != "digest"}) for e in content[name]]
    pack.write_text(json.dumps(content))


def test_people_can_read_who_was_asked_what(pack: Path) -> None:
    entries = json.loads(pack.read_text())["answers"]
    assert {(entry["sample"], entry["question"]) for entry in entries} == {(f"s{i}", f"question {i}") for i in range(3)}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c["answers"].append(c["answers"][0]), "'answers' holds the key {key} twice"),
        (lambda c: c["answers"][0].update(outcome="failed"), "entry 0 of 'answers': a failure is no answer"),
        (lambda c: c["answers"][0].update(key="ab"), "entry 0 of 'answers': its key is no digest of 32 bytes"),
        (lambda c: c["answers"][0].update(model=""), "entry 0 of 'answers': its model is no text"),
        (
            lambda c: c["answers"][0].update(model="\ud800"),
            "entry 0 of 'answers': 'utf-8' codec can't encode character '\\ud800' in position 0: "
            "surrogates not allowed",
        ),
        (lambda c: c["answers"][0].update(sample=3), "entry 0 of 'answers': its sample or its question is no text"),
        (
            lambda c: c["answers"][0].update(text=5),
            "entry 0 of 'answers': a response's text is a string, not a int: '5'",
        ),
        (lambda c: c["vectors"][1].update(float32=""), "entry 1 of 'vectors': its vector has length 0, not 1"),
    ],
    ids=range(8),
)
def test_entries_that_are_none_are_refused(pack: Path, change: Callable[[dict[str, Any]], None], problem: str) -> None:
    key = json.loads(pack.read_text())["answers"][0]["key"]
    edited(pack, change)
    for read in (Cache(None).import_pack, ReplayModel):
        with pytest.raises(DataError) as caught:
            read(pack)
        expected = problem.replace("{key}", key)
        assert str(caught.value) == f"the replay pack {pack} is damaged: {expected}. Write the pack again."


def test_a_signed_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pack.json"
    signs, other = {"pack_key_env": "PACK_KEY"}, {"pack_key_env": "OTHER_KEY"}
    monkeypatch.setenv("PACK_KEY", "secret\n")
    monkeypatch.setenv("OTHER_KEY", "another")
    with Cache(None, **signs) as cache:  # type: ignore[arg-type]
        cache.respond(CountingModel(), make_samples(3))
        cache.export_pack(path)
    assert "secret" not in path.read_text()
    assert Cache(None).import_pack(path).answers == 3  # without a key, nobody can check it
    assert Cache(None, **signs).import_pack(path).answers == 3  # type: ignore[arg-type]
    assert len(ReplayModel(path, key_env="PACK_KEY")) == 3
    changed = (
        f"the replay pack {path} is not signed with the key that --emid-pack-key-env names: it was changed after "
        "it was signed, or signed with another key. Write the pack again."
    )
    with pytest.raises(DataError) as caught:
        Cache(None, **other).import_pack(path)  # type: ignore[arg-type]
    assert str(caught.value) == changed
    edited(path, lambda content: content["answers"][0].update(text="something else"))
    cache = Cache(None, **signs)  # type: ignore[arg-type]
    with pytest.raises(DataError) as caught:
        cache.import_pack(path)
    assert str(caught.value) == changed
    assert cache.sizes.answers == 0
    edited(path, lambda content: content.pop("signature"))
    with pytest.raises(DataError) as caught:
        ReplayModel(path, key_env="PACK_KEY")
    assert str(caught.value) == (
        f"the replay pack {path} is not signed, and --emid-pack-key-env asks for a signature. Write it with that key: "
        "python -m pytest_emid pack --key-env NAME."
    )
    monkeypatch.delenv("PACK_KEY")
    with pytest.raises(DataError) as caught:
        ReplayModel(path, key_env="PACK_KEY")
    assert str(caught.value) == (
        "the environment variable 'PACK_KEY', which names the key of replay packs, is not set. Set it, or leave "
        "--emid-pack-key-env out: packs are then read without their signature being checked."
    )


def test_a_pack_that_ends_early(pack: Path) -> None:
    pack.write_text("\n".join(pack.read_text().splitlines()[:5]) + "\n")
    with pytest.raises(DataError, match=r"is damaged: its end is missing\. Write the pack again\.$"):
        Cache(None).import_pack(pack)
