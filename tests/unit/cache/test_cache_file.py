"""The cache's file: damage, other formats, size, and where it lies."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples, text_for

from pytest_emid.cache import Cache
from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError
from pytest_emid.models import Response


def expected(samples: list[Sample]) -> list[Response]:
    return [Response(text_for(sample), entropy=0.25) for sample in samples]


class TestFile:
    def test_a_damaged_answer_is_asked_again(self, tmp_path: Path, caplog) -> None:
        samples = make_samples(3)
        with Cache(tmp_path / "c.db") as cache:
            cache.respond(CountingModel(), samples)
        with sqlite3.connect(tmp_path / "c.db") as raw:
            raw.execute("UPDATE answers SET text = 'changed' WHERE key = (SELECT min(key) FROM answers)")
        raw.close()
        model = CountingModel()
        with Cache(tmp_path / "c.db") as cache, caplog.at_level(logging.WARNING):
            assert cache.respond(model, samples) == expected(samples)
        assert len(model.asked) == 1
        assert "an entry in answers does not match its digest and is made anew." in caplog.text

    def test_a_damaged_vector_is_made_again(self, tmp_path: Path) -> None:
        with Cache(tmp_path / "c.db") as cache:
            vectors = cache.encode_texts(CountingEncoder(), ["a", "b"])
        with sqlite3.connect(tmp_path / "c.db") as raw:
            raw.execute("UPDATE vectors SET vector = zeroblob(20) WHERE key = (SELECT min(key) FROM vectors)")
        raw.close()
        encoder = CountingEncoder()
        with Cache(tmp_path / "c.db") as cache:
            np.testing.assert_array_equal(cache.encode_texts(encoder, ["a", "b"]), vectors)
        assert encoder.encoded == [1]

    def test_an_answer_cannot_be_moved_to_another_key(self, tmp_path: Path) -> None:
        samples = make_samples(2)
        with Cache(tmp_path / "c.db") as cache:
            cache.respond(CountingModel(), samples)
        with sqlite3.connect(tmp_path / "c.db") as raw:
            (low,), (high,) = raw.execute("SELECT key FROM answers ORDER BY key").fetchall()
            raw.execute("UPDATE answers SET key = x'00' WHERE key = ?", (low,))
            raw.execute("UPDATE answers SET key = ? WHERE key = ?", (low, high))
        raw.close()
        with Cache(tmp_path / "c.db") as cache:
            assert cache.respond(CountingModel(), samples) == expected(samples)

    def test_not_a_database(self, tmp_path: Path) -> None:
        path = tmp_path / "c.db"
        path.write_text("I am a letter, not a database, and long enough to be one. " * 20)
        with pytest.raises(DataError) as caught:
            Cache(path)
        assert str(caught.value) == (
            f"the cache {path} cannot be used: file is not a database. Delete or move the file (only answers and "
            "embeddings are in it: they are asked again), or choose another place with --emid-cache-dir."
        )
        assert path.read_text().startswith("I am a letter")

    def test_a_torn_file(self, tmp_path: Path) -> None:
        path = tmp_path / "c.db"
        with Cache(path) as cache:
            cache.respond(CountingModel(), make_samples(300))
        raw = bytearray(path.read_bytes())
        raw[4096:] = b"\xff" * (len(raw) - 4096)
        path.write_bytes(raw)
        with pytest.raises(DataError, match=r"^the cache .*c\.db cannot be used: .* Delete or move the file"):
            Cache(path).respond(CountingModel(), make_samples(300))

    def test_somebody_else_s_database(self, tmp_path: Path) -> None:
        path = tmp_path / "c.db"
        with sqlite3.connect(path) as raw:
            raw.execute("CREATE TABLE notes (text)")
        raw.close()
        with pytest.raises(DataError) as caught:
            Cache(path)
        assert str(caught.value) == (
            f"{path} is a database of another program, not a cache of pytest-emid. "
            "Choose another place with --emid-cache-dir."
        )

    def test_a_newer_format(self, tmp_path: Path) -> None:
        path = tmp_path / "c.db"
        Cache(path).close()
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA user_version = 99")
        raw.close()
        with pytest.raises(DataError) as caught:
            Cache(path)
        assert str(caught.value) == (
            f"the cache {path} has format 99; this version of pytest-emid reads format 2. "
            "Use the version that wrote it, or move the file away to start a new cache."
        )

    def test_tables_that_no_version_wrote(self, tmp_path: Path) -> None:
        path = tmp_path / "c.db"
        Cache(path).close()
        with sqlite3.connect(path) as raw:
            raw.execute("ALTER TABLE answers DROP COLUMN entropy")
        raw.close()
        with pytest.raises(DataError) as caught:
            Cache(path).respond(CountingModel(), make_samples(1))
        assert str(caught.value) == (
            f"the cache {path} cannot be used: no such column: entropy. Delete or move the file (only answers and "
            "embeddings are in it: they are asked again), or choose another place with --emid-cache-dir."
        )

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        for path in (tmp_path / "file" / "folder", tmp_path / "file" / "c.db"):
            with pytest.raises(DataError, match=r"^cannot (use|make) .* Choose another with --emid-cache-dir\.$"):
                Cache(path)

    def test_sizes_and_pruning(self, tmp_path: Path) -> None:
        samples = make_samples(10)
        with Cache(tmp_path) as cache:
            cache.respond(CountingModel(), samples)
            cache.encode_texts(CountingEncoder(), ["a", "b"])
            cache.store.check()
            whole = cache.sizes
        assert (whole.answers, whole.failures, whole.vectors) == (10, 0, 2)
        with Cache(tmp_path, max_bytes=whole.bytes // 2) as cache:
            assert 0 < cache.sizes.bytes <= whole.bytes // 2
        with Cache(tmp_path, max_age=3600) as cache:
            assert cache.sizes.answers > 0
        with Cache(tmp_path, max_age=0) as cache:
            assert cache.sizes == (0, 0, 0, 0)

    def test_the_longest_unused_go_first(self, tmp_path: Path) -> None:
        samples = make_samples(2)
        with Cache(tmp_path / "c.db") as cache:
            cache.respond(CountingModel(), samples)
        old = time.time() - 10 * 86_400
        with sqlite3.connect(tmp_path / "c.db") as raw:
            raw.execute("UPDATE answers SET used = ?", (old,))
        raw.close()
        with Cache(tmp_path / "c.db") as cache:
            cache.respond(CountingModel(), samples[1:])  # is used now
        model = CountingModel()
        with Cache(tmp_path / "c.db", max_age=86_400) as cache:
            cache.respond(model, samples)
        assert model.asked == ["s0"]

    def test_across_machines_uses_no_shared_memory(self, tmp_path: Path) -> None:
        cache = Cache(tmp_path / "c.db", across_machines=True)
        cache.respond(CountingModel(), make_samples(2))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["c.db"]
        cache.close()
        assert cache.missing(CountingModel(), make_samples(2)) == 0
        cache.close()

    @pytest.mark.parametrize("existing", [False, True])
    def test_a_file_system_that_machines_share_is_known(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool
    ) -> None:
        samples = make_samples(2)
        if existing:
            with Cache(tmp_path / "c.db") as cache:
                cache.respond(CountingModel(), samples)
        monkeypatch.setattr("pytest_emid.cache.database.is_shared", lambda folder: folder == tmp_path)
        model = CountingModel()
        with Cache(tmp_path / "c.db") as cache:
            cache.respond(model, samples)
            assert sorted(path.name for path in tmp_path.iterdir()) == ["c.db"]
        assert len(model.asked) == (0 if existing else 2)
