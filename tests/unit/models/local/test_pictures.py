"""Pictures prepared apart are those that the processor prepares together, bit by bit, or it prepares them itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from toy_processor import (
    ToyProcessor,
    centred_together,
    in_lists,
    noise,
    padded,
    padded_on_the_left,
    padded_then_resized,
    patches,
    resized,
)

from pytest_emid.models.backend.loading import load_processor
from pytest_emid.models.backend.naming import ASSETS
from pytest_emid.models.local import pictures as module
from pytest_emid.models.local.pictures import PreparedPictures, joined

SAME = [noise(seed) for seed in range(3)]
MIXED = [noise(0), noise(1, 12, 4), noise(2)]


def learned(processor: Any) -> PreparedPictures:
    pictures = PreparedPictures(processor)
    pictures.learn("#?")
    return pictures


def asked(processor: Any, pictures: list[Any]) -> dict[str, Any]:
    return dict(processor(images=[[picture] for picture in pictures], text=["#?"] * len(pictures)))


@pytest.mark.parametrize(
    ("way", "apart", "mixed"),
    [
        (resized, True, True),
        (padded, True, True),
        (patches, True, True),
        (padded_on_the_left, True, False),
        (centred_together, False, False),
        (padded_then_resized, False, False),
    ],
)
def test_what_the_processor_makes_of_them(way: Any, apart: bool, mixed: bool) -> None:
    plain, processor = ToyProcessor(way), ToyProcessor(way)
    pictures = learned(processor)
    for batch, served in ((SAME, apart), (MIXED, mixed)):
        features = [pictures.prepare(picture) for picture in batch]
        assert all((found is not None) == apart for found in features)
        processor.image_processor.calls.clear()
        found, expected = asked(pictures.processor(batch, features), batch), asked(plain, batch)
        assert processor.image_processor.calls == ([] if served else [len(batch)])
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)
            assert type(found[name]) is type(value)


def test_the_built_in_model_s_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = load_processor(str(ASSETS / "tiny-llava"), None, False)
    pictures = PreparedPictures(processor)
    text = ["<image>\nWhat is it?"] * 3
    pictures.learn(text[0])
    batch = MIXED
    features = [pictures.prepare(picture) for picture in batch]
    options = {"images": [[picture] for picture in batch], "text": text, "return_tensors": "pt"}
    expected = processor(**options)
    monkeypatch.setattr(type(processor.image_processor), "__call__", None)
    found = pictures.processor(batch, features)(**options)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_what_it_was_not_given_it_prepares_and_a_row_may_repeat() -> None:
    processor = ToyProcessor()
    pictures = learned(processor)
    features = [pictures.prepare(picture) for picture in SAME]
    ready = pictures.processor([*SAME, SAME[2]], [*features, features[2]])
    processor.image_processor.calls.clear()
    for batch, calls in (([*SAME, SAME[2]], []), ([*SAME[:2], noise(9)], [3])):
        assert torch.equal(asked(ready, batch)["pixel_values"], asked(ToyProcessor(), batch)["pixel_values"])
        assert processor.image_processor.calls == calls


def test_other_options_than_were_learned_are_the_processor_s_own() -> None:
    processor = ToyProcessor()
    pictures = learned(processor)
    ready = pictures.processor(SAME, [pictures.prepare(picture) for picture in SAME]).image_processor
    found = ready(SAME, scale=2.0)["pixel_values"]
    assert torch.equal(found, processor.image_processor(SAME, scale=2.0)["pixel_values"])
    assert ready.way is resized  # whatever else it is asked


def test_one_that_is_not_prepared_leaves_the_batch_to_the_processor() -> None:
    processor = ToyProcessor()
    pictures = learned(processor)
    processor.image_processor.refuses = lambda picture: picture is SAME[1]
    features = [pictures.prepare(picture, str(i)) for i, picture in enumerate(SAME)]
    assert [found is None for found in features] == [False, True, False]
    assert pictures.processor(SAME, features) is processor
    processor.image_processor.refuses = lambda picture: False
    assert pictures.prepare(SAME[1], "1") is not None  # a refusal is not kept


@pytest.mark.parametrize(
    "processor", [object(), ToyProcessor(nested=False)], ids=["without an image processor", "one that refuses nests"]
)
def test_a_processor_of_another_build_prepares_its_pictures_itself(processor: Any) -> None:
    pictures = learned(processor)
    assert pictures.prepare(SAME[0]) is None
    assert pictures.processor(SAME, [None] * 3) is processor


def test_it_is_tried_once() -> None:
    processor = ToyProcessor()
    pictures = learned(processor)
    processor.image_processor.calls.clear()
    pictures.learn("#?")
    assert processor.image_processor.calls == []


def test_nothing_is_prepared_before_it_was_tried() -> None:
    assert PreparedPictures(ToyProcessor()).prepare(SAME[0]) is None


class TestKept:
    @pytest.fixture
    def processor(self) -> ToyProcessor:
        return ToyProcessor()

    @pytest.fixture
    def pictures(self, processor: ToyProcessor) -> Iterator[PreparedPictures]:
        pictures = learned(processor)
        processor.image_processor.calls.clear()
        return pictures

    def test_under_their_digest_alone(self, processor: ToyProcessor, pictures: PreparedPictures) -> None:
        first = pictures.prepare(SAME[0], "a")
        assert pictures.prepare(SAME[0].copy(), "a") is first
        assert pictures.prepare(SAME[1], "b") is not first
        assert pictures.prepare(SAME[0]) is not first
        assert processor.image_processor.calls == [1] * 3

    def test_questions_in_several_threads_have_it_prepared_once(
        self, processor: ToyProcessor, pictures: PreparedPictures
    ) -> None:
        way, begun, begin = processor.image_processor.way, threading.Event(), threading.Event()

        def slow(values: list[torch.Tensor]) -> dict[str, Any]:
            begun.set()
            assert begin.wait(10)
            return way(values)

        processor.image_processor.way = slow
        with ThreadPoolExecutor(4) as pool:
            found = [pool.submit(pictures.prepare, SAME[0], "a")]
            assert begun.wait(10)
            found += [pool.submit(pictures.prepare, SAME[0], "a") for _ in range(3)]
            other = threading.Timer(0.02, begin.set)  # by then they have seen that it is not there
            other.start()
        other.join()
        assert len({id(future.result()) for future in found}) == 1
        assert processor.image_processor.calls == [1]

    def test_another_picture_does_not_wait(self, processor: ToyProcessor, pictures: PreparedPictures) -> None:
        together = threading.Barrier(2)
        way = processor.image_processor.way
        processor.image_processor.way = lambda values: (together.wait(10), way(values))[1]
        with ThreadPoolExecutor(2) as pool:
            assert None not in list(pool.map(pictures.prepare, SAME[:2], "ab"))

    @pytest.mark.parametrize("way", [resized, in_lists])
    def test_up_to_a_limit_the_earliest_go_first(
        self, way: Any, processor: ToyProcessor, pictures: PreparedPictures, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        processor.image_processor.way = way
        monkeypatch.setattr(module, "KEPT_BYTES", 2 * 3 * 4 * 4 * 4)  # of two
        a, b, c = (pictures.prepare(picture, digest) for picture, digest in zip(SAME, "abc", strict=True))
        assert pictures.prepare(SAME[1], "b") is b
        assert pictures.prepare(SAME[2], "c") is c
        assert pictures.prepare(SAME[0], "a") is not a
        monkeypatch.setattr(module, "KEPT_BYTES", 1)
        d = pictures.prepare(SAME[0], "d")
        assert pictures.prepare(SAME[0], "d") is d  # the last stays, however large
        assert pictures.prepare(SAME[2], "c") is not c


class TestJoined:
    @pytest.mark.parametrize(
        ("parts", "pad", "expected"),
        [
            ([torch.ones(1, 2), torch.zeros(2, 2)], False, torch.tensor([[1.0, 1], [0, 0], [0, 0]])),
            ([torch.ones(1, 2), torch.ones(1, 1)], True, torch.tensor([[1.0, 1], [1, 0]])),
            ([torch.ones(1, 1, 2), torch.ones(1, 2, 1)], True, torch.tensor([[[1.0, 1], [0, 0]], [[1, 0], [1, 0]]])),
            ([np.ones((1, 2)), np.ones((1, 1))], True, np.array([[1.0, 1], [1, 0]])),
            ([[1, 2], ["x"]], False, [1, 2, "x"]),
            ([torch.ones(1, 2), torch.ones(1, 1)], False, None),
            ([np.ones((1, 2)), np.ones((1, 1))], False, None),
            ([torch.ones(1, 2), torch.ones(1, 2, 1)], True, None),
            ([torch.tensor(1), torch.tensor(1)], True, None),
            ([torch.ones(1), np.ones(1)], True, None),
            ([torch.ones(1), [1]], True, None),
            ([3, 4], True, None),
        ],
    )
    def test_rows_follow_each_other_where_they_fit(self, parts: list[Any], pad: bool, expected: Any) -> None:
        found = joined([{"it": part} for part in parts], pad)
        if expected is None:
            assert found is None
        else:
            assert found is not None
            assert type(found["it"]) is type(expected)
            assert np.array_equal(found["it"], expected)

    def test_parts_of_other_names_do_not_fit(self) -> None:
        assert joined([{"it": [1]}, {"it": [2], "more": [3]}], pad=True) is None

    def test_what_is_joined_is_a_copy(self) -> None:
        part = {"it": torch.ones(1, 2), "items": [1]}
        made = joined([part], pad=False)
        assert made is not None
        made["it"].zero_()
        made["items"].append(2)
        assert part["it"].sum() == 2
        assert part["items"] == [1]
