"""The cache: asked once, kept at once, never wrong."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples, text_for
from PIL import Image

import pytest_emid
from pytest_emid.cache import Cache
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models import CallableModel, Outcome, Response


def expected(samples: list[Sample]) -> list[Response]:
    return [Response(text_for(sample), entropy=0.25) for sample in samples]


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
        assert [response.text for response in cache.respond(model, samples)] == texts
        assert cache.counts.asked == len(texts)

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
        with Cache(tmp_path, mode="refresh") as cache:
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


@pytest.mark.usefixtures("bare")
def test_the_plugin_does_not_import_sqlite() -> None:
    code = "import sys, pytest_emid.plugin.hooks; print(sorted({'sqlite3', 'torch', 'numpy'} & set(sys.modules)))"
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
