"""The cache: asked once, kept at once, never wrong."""

from __future__ import annotations

import ast
import logging
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples, text_for
from PIL import Image

import pytest_emid
from pytest_emid.cache import Cache
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError, ModelError, UnavailableError
from pytest_emid.models import CallableModel, Outcome, Response


def expected(samples: list[Sample]) -> list[Response]:
    return [Response(text_for(sample), entropy=0.25) for sample in samples]


@pytest.fixture(params=["memory", "file"])
def cache(request: pytest.FixtureRequest, tmp_path: Path):
    with Cache(None if request.param == "memory" else tmp_path / "cache") as cache:
        yield cache


class TestRespond:
    def test_asks_once(self, cache: Cache) -> None:
        samples, model = make_samples(7), CountingModel()
        assert cache.missing(model, samples) == 7
        assert cache.respond(model, samples) == expected(samples)
        assert sorted(model.asked) == sorted(sample.id for sample in samples)
        assert cache.missing(model, samples) == 0
        assert cache.respond(model, samples[::-1]) == expected(samples)[::-1]
        assert len(model.asked) == 7
        assert (cache.counts.asked, cache.counts.served) == (7, 7)

    def test_asks_only_for_what_is_missing(self, cache: Cache) -> None:
        samples, model = make_samples(7), CountingModel()
        cache.respond(model, samples[2:4])
        assert cache.respond(model, samples) == expected(samples)
        assert sorted(model.asked) == sorted(sample.id for sample in samples)

    def test_equal_queries_are_asked_once_whatever_their_ids(self, cache: Cache) -> None:
        sample, model = make_samples(1)[0], CountingModel()
        copy = sample.with_(id="copy", image=sample.open_image().copy(), reference="other", category="c")
        assert cache.respond(model, [sample, copy, sample]) == expected([sample] * 3)
        assert model.asked == ["s0"]

    def test_what_differs_is_asked(self, cache: Cache) -> None:
        sample = make_samples(1)[0]
        samples = [
            sample,
            sample.with_(question=sample.question + " "),
            sample.with_(image=Image.new("RGB", (4, 4), (0, 0, 254))),
            sample.with_(image=Image.new("RGB", (2, 8), (0, 0, 255))),
        ]
        model = CountingModel()
        assert cache.respond(model, samples) == expected(samples)
        assert len(model.asked) == 4
        other = CountingModel("m2")
        cache.respond(other, samples)
        assert len(other.asked) == 4
        cache.respond(other, samples, repeat=1)
        assert len(other.asked) == 8

    def test_texts_come_back_as_they_were(self, cache: Cache) -> None:
        texts = ["", " ", "a\x00b", "\ud800 lone", "日本\r\n", "x" * 100_000]
        model = CallableModel(lambda images, questions: [Response(text) for text in texts], fingerprint="v1")
        samples = make_samples(len(texts))
        assert [response.text for response in cache.respond(model, samples)] == texts
        assert [response.text for response in cache.respond(CountingModel(model.fingerprint), samples)] == texts

    @pytest.mark.parametrize("entropy", [None, 0, 0.0, -0.0, 1.5, 1e-300])
    def test_entropies_come_back_as_they_were(self, cache: Cache, entropy: float | None) -> None:
        model = CallableModel(lambda i, q: [Response("a", Outcome.TRUNCATED, entropy=entropy)], fingerprint="v1")
        cache.respond(model, make_samples(1))
        assert cache.respond(model, make_samples(1)) == [Response("a", Outcome.TRUNCATED, entropy=entropy)]
        assert cache.counts.asked == 1

    def test_progress_counts_samples(self, cache: Cache) -> None:
        samples, model = make_samples(4), CountingModel()
        seen: list[tuple[int, int]] = []
        cache.respond(model, samples[:1])
        cache.respond(model, [*samples, samples[3]], progress=lambda done, total: seen.append((done, total)))
        assert seen == [(1, 5), (3, 5), (4, 5), (5, 5)]
        seen.clear()
        cache.respond(model, samples, progress=lambda done, total: seen.append((done, total)))
        assert seen == [(4, 4)]

    def test_an_unreadable_picture_is_named_before_anything_is_asked(self, cache: Cache) -> None:
        bad = Sample("bad", LazyImage(lambda: Image.open("/nowhere.png"), "nowhere.png"), "?", "x")
        model = CountingModel()
        with pytest.raises(
            DataError, match=r"^sample 'bad': cannot read its image from nowhere\.png: FileNotFoundError"
        ):
            cache.respond(model, [*make_samples(2), bad])
        assert model.asked == []

    def test_no_samples(self, cache: Cache) -> None:
        assert cache.respond(CountingModel(), []) == []


class TestFailures:
    def test_a_failure_is_returned_but_not_served(self, cache: Cache) -> None:
        samples = make_samples(3)
        model = CountingModel(failing=["s1"])
        first = cache.respond(model, samples)
        assert first[1] == Response("", Outcome.FAILED, error="too hard")
        assert (cache.sizes.answers, cache.sizes.failures, cache.counts.failed) == (2, 1, 1)
        assert cache.missing(model, samples) == 1
        healthy = CountingModel()
        assert cache.respond(healthy, samples) == expected(samples)
        assert healthy.asked == ["s1"]
        assert (cache.sizes.answers, cache.sizes.failures) == (3, 0)

    def test_a_failure_does_not_replace_an_answer(self, tmp_path: Path) -> None:
        samples = make_samples(1)
        with Cache(tmp_path) as cache:
            cache.respond(CountingModel(), samples)
        with Cache(tmp_path, mode="refresh", fresh_since=time.time() + 1) as cache:
            assert cache.respond(CountingModel(failing=["s0"]), samples)[0].outcome is Outcome.FAILED
        with Cache(tmp_path, mode="read") as cache:
            assert cache.respond(CountingModel(), samples) == expected(samples)

    def test_what_was_answered_before_a_crash_is_kept(self, cache: Cache) -> None:
        samples = make_samples(5)
        with pytest.raises(ModelError) as caught:
            cache.respond(CountingModel(raise_after=3), samples)
        assert str(caught.value) == (
            "counting raised RuntimeError: the model broke. 3 of 5 answers were kept; "
            "a new run asks for the others only."
        )
        model = CountingModel()
        assert cache.respond(model, samples) == expected(samples)
        assert sorted(model.asked) == ["s0", "s1"]

    @pytest.mark.parametrize(
        ("answers", "kept", "message"),
        [
            (
                [(0, Response("a"))],
                1,
                "odd answered 1 of 3 samples; the first without an answer is 's1'. It must answer each once. "
                "What it answered is kept.",
            ),
            (
                [(0, Response("a")), (0, Response("b"))],
                1,
                "odd answered position 0 of 3 twice. It must answer each once.",
            ),
            ([(7, Response("a"))], 0, "odd answered position 7 of 3 which was not asked. It must answer each once."),
            ([(1, "a")], 0, "odd answered sample 's1' with a str, not a pytest_emid.models.Response."),
        ],
    )
    def test_broken_contracts(self, cache: Cache, answers, kept: int, message: str) -> None:
        model = CountingModel()
        model.name, model.respond = "odd", lambda samples: iter(answers)  # type: ignore[method-assign]
        with pytest.raises(ModelError) as caught:
            cache.respond(model, make_samples(3))
        assert str(caught.value) == message
        assert cache.sizes.answers == kept


class TestModes:
    def test_kept_between_runs(self, tmp_path: Path) -> None:
        samples = make_samples(3)
        with Cache(tmp_path / "new" / "folder") as cache:
            cache.respond(CountingModel(), samples)
        model = CountingModel()
        with Cache(tmp_path / "new" / "folder") as cache:
            assert cache.respond(model, samples) == expected(samples)
        assert model.asked == []
        assert (tmp_path / "new" / "folder" / ".gitignore").read_text() == "*\n"

    @pytest.mark.parametrize("name", ["answers.sqlite", "answers.db", "folder.d"])
    def test_a_file_or_a_folder(self, tmp_path: Path, name: str) -> None:
        with Cache(tmp_path / name) as cache:
            cache.respond(CountingModel(), make_samples(1))
        path = tmp_path / name
        assert (path / "cache.sqlite").is_file() if name == "folder.d" else path.is_file()

    def test_off_keeps_nothing(self, tmp_path: Path) -> None:
        model = CountingModel()
        with Cache(tmp_path / "c.db", mode="off") as cache:
            cache.respond(model, make_samples(2))
        assert not (tmp_path / "c.db").exists()

    def test_read_never_asks(self, tmp_path: Path) -> None:
        samples, model = make_samples(14), CountingModel()
        path = tmp_path / "c.db"
        with Cache(path) as cache:
            cache.respond(CountingModel(), samples[:2])
        with Cache(path, mode="read") as cache:
            assert cache.respond(model, samples[:2]) == expected(samples[:2])
            with pytest.raises(DataError) as caught:
                cache.respond(model, samples)
            encoder = CountingEncoder()
            with pytest.raises(
                DataError, match="lacks 2 text embeddings of encoder, and its mode is 'read': the text 'a',"
            ):
                cache.encode_texts(encoder, ["a", "b"])
        assert str(caught.value) == (
            f"the cache {path} lacks 12 answers of counting, and its mode is 'read': "
            "s2, s3, s4, s5, s6, s7, s8, s9, s10, s11 and 2 more. "
            "Run once where the model is, with --emid-cache=use, and bring the cache or a replay pack here."
        )
        assert model.asked == encoder.encoded == []

    def test_refresh_asks_each_once_more(self, tmp_path: Path) -> None:
        samples = make_samples(2)
        with Cache(tmp_path) as cache:
            cache.respond(CountingModel(), samples)
        model = CountingModel()
        with Cache(tmp_path, mode="refresh") as cache:
            cache.respond(model, samples)
            cache.respond(model, samples)
        assert len(model.asked) == 2

    def test_a_function_without_fingerprint_is_not_kept_on_disk(self, tmp_path: Path) -> None:
        with Cache(tmp_path) as cache:
            calls = []
            model = CallableModel(lambda images, questions: calls.extend(questions) or questions)
            cache.respond(model, make_samples(3))
            cache.respond(model, make_samples(3))
            assert len(calls) == 3
            assert cache.sizes.answers == 0

    def test_unknown_mode(self) -> None:
        with pytest.raises(DataError) as caught:
            Cache(None, mode="on")  # type: ignore[arg-type]
        assert str(caught.value) == "unknown cache mode 'on'; it is one of use, off, read, refresh."


class TestEncode:
    def test_texts_once(self, cache: Cache) -> None:
        encoder = CountingEncoder()
        texts = ["a", "b", "a", "\ud800", ""]
        vectors = cache.encode_texts(encoder, texts)
        assert vectors.shape == (5, 5)
        assert vectors.dtype == np.float32
        np.testing.assert_array_equal(vectors, CountingEncoder().encode(texts))
        np.testing.assert_array_equal(cache.encode_texts(encoder, texts[::-1]), vectors[::-1])
        assert encoder.encoded == [4]
        assert cache.counts.encoded == 4

    def test_pictures_once(self, cache: Cache) -> None:
        encoder, samples = CountingEncoder(), make_samples(9, pictures=3)
        vectors = cache.encode_images(encoder, samples)
        np.testing.assert_array_equal(vectors, CountingEncoder().encode([s.open_image() for s in samples]))
        cache.encode_images(encoder, samples)
        assert encoder.encoded == [3]

    def test_kinds_and_encoders_are_kept_apart(self, cache: Cache) -> None:
        samples = make_samples(1)
        cache.encode_images(CountingEncoder(), samples)
        for encoder in (CountingEncoder("e2"), CountingEncoder("e2")):
            cache.encode_texts(encoder, ["a"])
            cache.encode_images(encoder, samples)
        assert cache.sizes.vectors == 3

    def test_batches(self, cache: Cache) -> None:
        encoder = CountingEncoder()
        cache.encode_texts(encoder, [str(i) for i in range(150)])
        assert encoder.encoded == [64, 64, 22]

    def test_nothing(self, cache: Cache) -> None:
        assert cache.encode_texts(CountingEncoder(), []).shape == (0, 0)

    def test_nan_names_the_text(self, cache: Cache) -> None:
        encoder = CountingEncoder()
        encoder.spoil["b"] = float("nan")
        with pytest.raises(ModelError) as caught:
            cache.encode_texts(encoder, ["a", "b", "c"])
        assert str(caught.value) == (
            "encoder: NaN or infinite embedding of the text 'b' (1 of 3 in this batch). "
            "Look at that input, and at the encoder's precision."
        )
        assert cache.sizes.vectors == 0

    def test_nan_names_the_sample(self, cache: Cache) -> None:
        encoder, samples = CountingEncoder(), make_samples(3)
        from pytest_emid.data.sample import image_digest

        encoder.spoil[image_digest(samples[2].open_image())] = float("inf")
        with pytest.raises(ModelError, match=r"^encoder: NaN or infinite embedding of the picture of sample 's2'"):
            cache.encode_images(encoder, samples)

    def test_rows_must_have_length_one(self, cache: Cache) -> None:
        encoder = CountingEncoder()
        encoder.spoil["b"] = 2.0
        with pytest.raises(ModelError) as caught:
            cache.encode_texts(encoder, ["a", "b"])
        assert (
            str(caught.value)
            == "encoder: the embedding of the text 'b' has length 2, not 1. Encoders return unit rows."
        )

    def test_one_row_per_input(self, cache: Cache) -> None:
        encoder = CountingEncoder()
        encoder.encode = lambda inputs: np.ones((1, 3))  # type: ignore[method-assign,assignment]
        with pytest.raises(ModelError) as caught:
            cache.encode_texts(encoder, ["a", "b"])
        assert str(caught.value) == (
            "encoder returned an array of shape (1, 3) for 2 inputs; it must be (2, d), one vector per input."
        )

    def test_an_encoder_that_raises(self, cache: Cache) -> None:
        encoder = CountingEncoder()
        encoder.encode = lambda inputs: 1 / 0  # type: ignore[method-assign,assignment]
        with pytest.raises(ModelError) as caught:
            cache.encode_texts(encoder, ["a", "b"])
        assert str(caught.value) == (
            "encoder raised ZeroDivisionError: division by zero (from the text 'a' to the text 'b')."
        )

    def test_a_server_that_is_gone_is_waited_for_once(self, cache: Cache) -> None:
        encoder, other = CountingEncoder(), CountingEncoder("e2")
        cache.encode_texts(encoder, ["a"])
        encoder.encoded.clear()

        def gone(inputs):
            encoder.encoded.append(len(inputs))
            raise UnavailableError("nobody is there")

        encoder.encode = gone  # type: ignore[method-assign]
        for _ in range(3):
            with pytest.raises(UnavailableError, match=r"^nobody is there$"):
                cache.encode_texts(encoder, ["a", "b"])
        assert encoder.encoded == [1]
        assert cache.encode_texts(encoder, ["a"]).shape == (1, 5)  # what is kept is served
        assert cache.encode_texts(other, ["b"]).shape == (1, 5)

    def test_one_fingerprint_one_length(self, cache: Cache) -> None:
        cache.encode_texts(CountingEncoder(width=5), ["a"])
        with pytest.raises(ModelError) as caught:
            cache.encode_texts(CountingEncoder(width=6), ["a", "b"])
        assert str(caught.value) == (
            "encoder gives vectors of different lengths (5, 6) under one fingerprint. "
            "Change its fingerprint when what it computes changes."
        )


class TestPictures:
    def opened(self, n: int, recipe: str | None, shade: int = 0) -> tuple[Dataset, list[int]]:
        log: list[int] = []

        def picture(i: int) -> Image.Image:
            log.append(i)
            return Image.new("RGB", (4, 4), (i, shade, 0))

        samples = [
            Sample(f"s{i}", LazyImage(lambda i=i: picture(i), f"p{i}"), f"question {i}", "x")  # type: ignore[misc]
            for i in range(n)
        ]
        return Dataset("made", samples, recipe), log

    @pytest.mark.parametrize("recipe", [None, "recipe"])
    def test_a_dataset_s_pictures_are_opened_once(self, cache: Cache, recipe: str | None) -> None:
        dataset, log = self.opened(6, recipe)
        cache.respond(CountingModel(), dataset)
        cache.encode_images(CountingEncoder(), dataset)
        cache.respond(CountingModel("other"), dataset)
        assert sorted(log) == list(range(6))

    def test_a_shared_picture_is_opened_once(self, cache: Cache) -> None:
        log = []
        shared = LazyImage(lambda: log.append(1) or Image.new("RGB", (4, 4)), "shared")
        samples = [Sample(f"s{i}", shared, f"question {i}", "x") for i in range(3)]
        cache.respond(CountingModel(), samples)
        assert len(log) == 1

    def test_a_recipe_s_pictures_are_not_rendered_in_the_next_run(self, tmp_path: Path) -> None:
        with Cache(tmp_path) as cache:
            first = cache.respond(CountingModel(), self.opened(30, "recipe")[0])
        dataset, log = self.opened(30, "recipe")
        model = CountingModel()
        with Cache(tmp_path) as cache:
            assert cache.respond(model, dataset) == first
        assert len(log) == 2
        assert model.asked == []

    def test_a_recipe_that_draws_otherwise_than_it_did_is_noticed(self, tmp_path: Path, caplog) -> None:
        with Cache(tmp_path) as cache:
            cache.respond(CountingModel(), self.opened(30, "recipe")[0])
        dataset, _ = self.opened(30, "recipe", shade=1)
        model = CountingModel()
        with Cache(tmp_path) as cache, caplog.at_level(logging.WARNING):
            assert cache.respond(model, dataset) == expected(list(dataset))
        assert len(model.asked) == 30
        assert "dataset made: remembered picture digests are out of date and are made anew." in caplog.text

    def test_memory_is_bounded(self, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pytest_emid.cache.pictures.OPEN_BYTES", 100)
        dataset, log = self.opened(6, None)
        assert cache.respond(CountingModel(), dataset) == expected(list(dataset))
        assert len(log) > 6


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


def test_the_plugin_does_not_import_sqlite() -> None:
    code = "import sys, pytest_emid.plugin; print(sorted({'sqlite3', 'torch', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_in_the_package_unpickles() -> None:
    modules = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
    for path in Path(pytest_emid.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in modules, path
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                assert node.attr == "UnpicklingError", path


def test_reading_is_quick(tmp_path: Path) -> None:
    samples = make_samples(2000, pictures=50)
    encoder = CountingEncoder(width=768)
    dataset = Dataset("many", samples)
    with Cache(tmp_path) as cache:
        cache.respond(CountingModel(), dataset)
        cache.encode_texts(encoder, [sample.question for sample in samples])
    with Cache(tmp_path) as cache:
        began = time.process_time()  # the machine may have other things to do
        cache.respond(CountingModel(), dataset)
        cache.encode_images(CountingEncoder(), dataset)
        cache.encode_texts(encoder, [sample.question for sample in samples])
        seconds = time.process_time() - began
    assert seconds / len(samples) < 1e-3
