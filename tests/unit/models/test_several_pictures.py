"""Samples of several pictures, and of none: what a checkpoint, a server, a function and the cache make of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from refusals import refused
from scripted_server import completion, serving
from tiny_models import samples_for

from pytest_emid import models
from pytest_emid.cache import Cache
from pytest_emid.cache.keys import answer_key
from pytest_emid.data.sample import LazyImage, Sample, image_digest, pictures_digest
from pytest_emid.encoders import CallableImageEncoder, PrecomputedImageEncoder
from pytest_emid.errors import DataError, ModelError

ONE, OTHER, THIRD = samples_for(3)
PAIR = ONE.with_(id="pair", question="Is <image 2> like <image 1>?", images=(ONE.image, OTHER.image))
SWAPPED = PAIR.with_(id="swapped", images=(OTHER.image, ONE.image))
NONE = ONE.with_(id="none", question="What is 2 + 2?", images=())
ALL = [ONE, PAIR, NONE, SWAPPED, OTHER]


def texts(model: Any, samples: list[Sample]) -> list[str]:
    found = dict(model.respond(samples))
    assert [found[i].error for i in range(len(samples))] == [""] * len(samples)
    return [found[i].text for i in range(len(samples))]


def test_a_checkpoint_answers_about_any_number_of_pictures(llava: Path) -> None:
    batched, alone = (models.TransformersModel(llava, batch_size=size, max_new_tokens=6) for size in (3, 1))
    found = texts(batched, ALL)
    assert found == texts(alone, ALL)
    assert found[1] != found[3]
    words = ["an answer"] * len(ALL)
    scores = [dict(model.score(ALL, words)) for model in (batched, alone)]
    for i in range(len(ALL)):
        assert scores[0][i].log_probability == pytest.approx(scores[1][i].log_probability, rel=1e-4)
    asking = ONE.with_(question="<image 1> or <image 2>?")
    assert refused(lambda: list(batched.respond([asking])), DataError).startswith("sample 's0' asks about 2 pictures")


def test_what_a_server_is_sent() -> None:
    pytest.importorskip("openai")
    with serving(lambda question, count: completion("yes")) as server:
        model = models.OpenAIServerModel("m", base_url=server.url, retries=0, concurrency=1)
        assert texts(model, [PAIR, NONE]) == ["yes", "yes"]
        pair, none = (body["messages"][0]["content"] for body in server.bodies)
        assert [part.get("text") for part in pair] == ["Is", None, "like", None, "?"]
        sent = [part["image_url"]["url"] for part in pair if part["type"] == "image_url"]
        assert len(set(sent)) == 2
        assert none == [{"type": "text", "text": "What is 2 + 2?"}]
        asking = NONE.with_(question="<image> is?")
        assert refused(lambda: list(model.respond([asking])), DataError).startswith(
            "sample 'none' asks about a picture"
        )
        assert len(server.bodies) == 2


def test_what_a_function_is_given() -> None:
    def shown(image: Any) -> str:
        return "none" if image is None else str(len(image)) if isinstance(image, list) else image.mode

    def batch(images: list[Any], questions: list[str]) -> list[str]:
        return [shown(image) for image in images]

    async def one(image: Any, question: str) -> str:
        await asyncio.sleep(0)
        return shown(image)

    wanted = ["RGB", "2", "none", "2", "RGB"]
    assert texts(models.load(batch), ALL) == wanted
    assert texts(models.load(one, per_sample=True), ALL) == wanted
    assert texts(models.load(lambda image, question: shown(image), per_sample=True), ALL) == wanted


class TestCache:
    def test_answers_are_known_by_all_pictures(self) -> None:
        asked: list[int] = []

        def count(images: list[Any], questions: list[str]) -> list[str]:
            asked.append(len(images))
            return [str(i) for i in range(len(images))]

        model = models.load(count, fingerprint="v1")
        same = [sample.with_(question="What?") for sample in ALL]
        with Cache(None) as cache:
            assert len({response.text for response in cache.respond(model, same)}) == len(ALL)
            cache.respond(model, same)
        assert asked == [len(ALL)]

    def test_the_key_of_one_picture_is_what_it_was(self) -> None:
        with Cache(None) as cache:
            assert cache.digests(ALL) == [
                image_digest(ONE.open_image()),
                pictures_digest(PAIR.open_images()),
                "",
                pictures_digest(SWAPPED.open_images()),
                image_digest(OTHER.open_image()),
            ]
        # as version 0.1.0 and every cache since have it
        assert answer_key("m", "1", "p", "q").hex()[:16] == "7d1a9b5a27e73b03"

    def test_a_second_picture_that_changed_meanwhile(self) -> None:
        levels = iter([OTHER.image, THIRD.image])
        unstable = LazyImage(lambda: next(levels), "second.png")  # type: ignore[return-value,arg-type]
        sample = PAIR.with_(images=(ONE.image, unstable))
        with Cache(None) as cache:
            digest = pictures_digest([ONE.open_image(), OTHER.open_image()])
            next(levels)
            message = refused(lambda: cache._pictures.open(sample, digest), DataError)
        assert message.startswith("sample 'pair': its picture, from memory, second.png, is another one than when its")

    def test_replayed_from_a_pack(self, tmp_path: Path) -> None:
        model = models.load(lambda images, questions: [str(i) for i in range(len(images))], fingerprint="v1")
        with Cache(None) as cache:
            told = [response.text for response in cache.respond(model, ALL)]
            cache.export_pack(tmp_path / "pack.json")
        assert texts(models.ReplayModel(tmp_path / "pack.json"), ALL) == told


class TestEncoders:
    def test_the_mean_of_the_pictures(self) -> None:
        def first_pixel(images: list[Any]) -> list[list[float]]:
            return [[1.0 + value for value in image.getpixel((0, 0))] for image in images]

        encoder = CallableImageEncoder(first_pixel, fingerprint="1")
        with Cache(None) as cache:
            one, pair, none, swapped, other = cache.encode_images(encoder, ALL)
        mean = (one + other) / 2
        assert pair == pytest.approx(mean / (mean @ mean) ** 0.5, rel=1e-5)
        assert swapped == pytest.approx(pair)
        assert none == pytest.approx([3**-0.5] * 3)  # a white one

    def test_an_encoder_that_loses_a_picture_is_told_so(self) -> None:
        encoder = CallableImageEncoder(lambda images: [[1.0, 0.0]] * 3, fingerprint="1")
        with Cache(None) as cache:
            message = refused(lambda: cache.encode_images(encoder, [PAIR, ONE.with_(id="s2"), OTHER]), ModelError)
        assert "3" in message
        assert "4" in message

    def test_vectors_by_sample_are_those_of_one_picture(self) -> None:
        assert refused(lambda: PrecomputedImageEncoder.of_samples([ONE, PAIR], [[1, 0], [0, 1]]), DataError) == (
            "sample 'pair' has 2 pictures, and vectors are those of one each. Give them by digest: "
            "PrecomputedImageEncoder({image_digest(picture): vector, ...})."
        )
