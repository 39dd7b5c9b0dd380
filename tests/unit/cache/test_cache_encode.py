"""Embeddings and pictures in the cache."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from cache_doubles import CountingEncoder, CountingModel, make_samples, text_for
from PIL import Image

from pytest_emid.cache import Cache
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample
from pytest_emid.errors import ModelError, UnavailableError
from pytest_emid.models import Response


def expected(samples: list[Sample]) -> list[Response]:
    return [Response(text_for(sample), entropy=0.25) for sample in samples]


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
