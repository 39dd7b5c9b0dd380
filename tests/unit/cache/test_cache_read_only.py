"""Mode `read`: nothing is written, wherever the file is; and replay packs in a cache's place."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples, text_for
from PIL import Image

from pytest_emid.cache import Cache
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError

SUPPORT = Path(__file__).parents[2] / "support"
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter, with a cache of three answers and two vectors."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary)
        path.chmod(0o755)
        with Cache(path / "cache") as cache:
            cache.respond(CountingModel(), make_samples(3))
            cache.encode_texts(CountingEncoder(), ["a", "b"])
        yield path / "cache"


@contextmanager
def not_writable(folder: Path) -> Iterator[None]:
    """Within, this process cannot write to the folder, not even as root."""
    if os.name != "posix":
        pytest.skip("permissions of folders are POSIX's")
    for path in folder.rglob("*"):
        path.chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(OSError, match=r"[Pp]ermission"):
            (folder / "new").touch()
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def served(cache: Cache) -> None:
    model, encoder = CountingModel(), CountingEncoder()
    assert [r.text for r in cache.respond(model, make_samples(3))] == [text_for(sample) for sample in make_samples(3)]
    np.testing.assert_array_equal(cache.encode_texts(encoder, ["a", "b"]), CountingEncoder().encode(["a", "b"]))
    assert model.asked == encoder.encoded == []


def test_on_a_medium_that_cannot_be_written(folder: Path) -> None:
    before = content(folder)
    with not_writable(folder), Cache(folder, mode="read") as cache:
        served(cache)
        assert cache.missing(CountingModel(), make_samples(4)) == 1
        cache.close()
        served(cache)
    assert content(folder) == before


def test_while_another_process_writes(folder: Path) -> None:
    with Cache(folder) as writer, Cache(folder, mode="read") as reader:
        served(reader)
        writer.respond(CountingModel(), make_samples(5))
        assert reader.missing(CountingModel(), make_samples(5)) == 0


@pytest.mark.parametrize("writable", [True, False])
def test_what_a_killed_run_left(folder: Path, writable: bool) -> None:
    code = (
        f"import os, sys; sys.path.insert(0, {str(SUPPORT)!r})\n"
        "from cache_doubles import CountingModel, make_samples\n"
        "from pytest_emid.cache import Cache\n"
        f"cache = Cache({str(folder)!r}); cache.respond(CountingModel(), make_samples(9))\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert (folder / "cache.sqlite-wal").stat().st_size > 0
    if writable:
        assert Cache(folder, mode="read").missing(CountingModel(), make_samples(9)) == 0
        return
    with not_writable(folder), Cache(folder, mode="read") as cache:
        assert cache.missing(CountingModel(), make_samples(9)) == 0
    (folder / "cache.sqlite-shm").unlink()
    with not_writable(folder), pytest.raises(DataError) as caught:
        Cache(folder, mode="read")
    assert str(caught.value) == (
        f"the cache {folder / 'cache.sqlite'} cannot be read: unable to open database file. Make it readable; if the "
        "run that wrote it was killed, open it once where it can be written: python -m pytest_emid pack writes a "
        "replay pack of it."
    )


def test_long_after_the_last_use(folder: Path) -> None:
    with sqlite3.connect(folder / "cache.sqlite") as raw:
        for table in ("answers", "vectors"):
            raw.execute(f"UPDATE {table} SET used = ?, created = ?", (time.time() - 9e6, time.time() - 9e6))
    raw.close()
    before = content(folder)
    with not_writable(folder), Cache(folder, mode="read", max_age=3600, max_bytes=1) as cache:
        served(cache)
    assert content(folder) == before


def test_a_damaged_entry_is_missing_and_stays(folder: Path) -> None:
    with sqlite3.connect(folder / "cache.sqlite") as raw:
        raw.execute("UPDATE answers SET text = 'changed' WHERE key = (SELECT min(key) FROM answers)")
    raw.close()
    before = content(folder)
    with (
        not_writable(folder),
        Cache(folder, mode="read") as cache,
        pytest.raises(DataError, match="lacks 1 answers of counting, and its mode is 'read'"),
    ):
        cache.respond(CountingModel(), make_samples(3))
    assert content(folder) == before


def test_digests_of_pictures_are_not_noted(folder: Path) -> None:
    picture = LazyImage(lambda: Image.new("RGB", (4, 4)), "drawn")
    dataset = Dataset("made", [Sample(f"s{i}", picture, f"question {i}", "x") for i in range(4)], "recipe")
    before = content(folder)
    with not_writable(folder), Cache(folder, mode="read") as cache:
        assert cache.missing(CountingModel(), dataset) == 4
    assert content(folder) == before


@pytest.mark.parametrize("name", ["nowhere", "nowhere.db"])
def test_no_cache(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError) as caught:
        Cache(tmp_path / name, mode="read")
    path = tmp_path / name if name.endswith(".db") else tmp_path / name / "cache.sqlite"
    assert str(caught.value) == (
        f"there is no cache {path}, and its mode is 'read'. "
        "Run once where the model is, with --emid-cache=use, and bring the cache or a replay pack here."
    )
    assert list(tmp_path.iterdir()) == []


def test_somebody_else_s_database_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE notes (text)")
    raw.close()
    with pytest.raises(DataError) as caught:
        Cache(path, mode="read")
    assert str(caught.value) == (
        f"{path} is a database of another program, not a cache of pytest-emid. "
        "Choose another place with --emid-cache-dir."
    )


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (
            1,
            "the cache {path} has the older format 1, and its mode is 'read'. Open it once where it can be written, "
            "with --emid-cache=use: that brings it up to date.",
        ),
        (
            99,
            "the cache {path} has format 99; this version of pytest-emid reads format 2. "
            "Use the version that wrote it, or move the file away to start a new cache.",
        ),
    ],
)
def test_another_format_is_left_as_it_is(folder: Path, version: int, message: str) -> None:
    path = folder / "cache.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {version}")
    raw.close()
    with pytest.raises(DataError) as caught:
        Cache(folder, mode="read")
    assert str(caught.value) == message.replace("{path}", str(path))


def test_a_cache_that_cannot_be_written_says_what_to_do(folder: Path) -> None:
    with not_writable(folder), pytest.raises(DataError) as caught:
        Cache(folder)
    assert str(caught.value) == (
        f"the cache {folder / 'cache.sqlite'} cannot be written: attempt to write a readonly database. Make it and its "
        "folder writable, only read it with --emid-cache=read, or choose another place with --emid-cache-dir."
    )


class TestPacks:
    @pytest.fixture
    def pack(self, folder: Path) -> Path:
        with Cache(folder) as cache:
            cache.export_pack(folder / "pack.json")
        return folder / "pack.json"

    @pytest.mark.parametrize("mode", ["use", "read"])
    def test_serve_in_a_cache_s_place(self, folder: Path, pack: Path, mode) -> None:
        before = content(folder)
        with not_writable(folder), Cache(pack, mode=mode) as cache:
            served(cache)
            served(cache)
            model = CountingModel()
            with pytest.raises(DataError) as caught:
                cache.respond(model, make_samples(5))
            assert model.asked == []
        assert str(caught.value) == (
            f"the cache {pack} lacks 2 answers of counting, and its mode is 'read': s3, s4. "
            "Run once where the model is, with --emid-cache=use, and bring the cache or a replay pack here."
        )
        assert content(folder) == before

    def test_cannot_be_refreshed(self, pack: Path) -> None:
        with pytest.raises(DataError) as caught:
            Cache(pack, mode="refresh")
        assert str(caught.value) == (
            f"the replay pack {pack} can only be read; answers that are asked anew cannot be kept in it. "
            "Refresh a cache folder, and write the pack again: python -m pytest_emid pack."
        )

    def test_off_leaves_it_alone(self, pack: Path) -> None:
        model = CountingModel()
        with Cache(pack, mode="off") as cache:
            cache.respond(model, make_samples(3))
        assert len(model.asked) == 3

    def test_that_is_missing_or_damaged(self, pack: Path) -> None:
        with pytest.raises(DataError, match=r"^cannot read the replay pack .*none\.json: FileNotFoundError"):
            Cache(pack.with_name("none.json"))
        pack.write_text(pack.read_text().replace("question 1", "question 7"))
        with pytest.raises(DataError, match=r"is damaged: entry \d of 'answers': it does not match its digest\."):
            Cache(pack)
