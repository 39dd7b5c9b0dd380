"""From samples to batches: prompts, shared pictures, classes of lengths, errors, memory that runs out."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from toy_processor import ToyProcessor, noise

from pytest_emid.data.sample import LazyImage, Sample, image_digest, pictures_digest
from pytest_emid.errors import DataError
from pytest_emid.models import Outcome, Response, TransformersModel
from pytest_emid.models.local import queries as module
from pytest_emid.models.local.queries import LENGTH_CLASS, Batch, Queries, Query, Rows

PICTURE = noise(0)


def make(processor: Any = None, **options: Any) -> Queries:
    processor = processor or ToyProcessor()
    given: dict[str, Any] = {
        "system": "",
        "prompt": None,
        "digests": False,
        "threads": True,
        "gpu": False,
        "dtype": torch.float32,
        **options,
    }
    return Queries(processor, processor, **given)


def of_lengths(lengths: Sequence[int]) -> list[Sample]:
    """Questions whose prompts have so many tokens: the toy's template puts one before."""
    return [Sample(f"s{i}", PICTURE, "q" * (length - 1), "x") for i, length in enumerate(lengths)]


def asked(queries: Queries, samples: Sequence[Sample], rows: int = 4, *, fixed: bool = True) -> list[Batch]:
    return list(queries.batches(samples, range(len(samples)), Rows(rows), fixed=fixed))


def places(batches: Sequence[Batch]) -> list[list[int]]:
    return [[query.place for query in batch.queries] for batch in batches]


class TestPrompts:
    @pytest.mark.parametrize(
        ("prompt", "options"), [("^#{question}", {"add_special_tokens": False}), ("#{question}", {})]
    )
    def test_a_start_token_that_is_written_is_not_added(self, prompt: str, options: dict[str, Any]) -> None:
        processor = ToyProcessor()
        asked(make(processor, prompt=prompt), of_lengths([4]))
        assert processor.options[-1] == {"padding": True, "return_tensors": "pt", **options}

    def test_numbers_are_of_the_model_s_type_and_tokens_are_not(self) -> None:
        (batch,) = asked(make(dtype=torch.bfloat16), of_lengths([4]), 1)
        assert {name: value.dtype for name, value in batch.inputs.items()} == {
            "pixel_values": torch.bfloat16,
            "input_ids": torch.int64,
            "attention_mask": torch.int64,
        }


class TestOpening:
    def test_in_the_order_that_is_asked_for(self) -> None:
        samples = of_lengths([2, 3, 4, 5])
        found = list(make().open(samples, [2, 0, 3, 1]))
        assert [(query.place, query.sample) for query in found] == [(i, samples[i]) for i in (2, 0, 3, 1)]
        assert [query.place for query in make().open(samples)] == [0, 1, 2, 3]

    @pytest.mark.parametrize("digests", [True, False])
    def test_a_picture_that_a_cluster_shares_is_prepared_once(
        self, digests: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "workers", lambda gpu: 3)
        processor = ToyProcessor()
        queries = make(processor, digests=digests)
        queries.pictures.learn("#?")
        processor.image_processor.calls.clear()
        way = processor.image_processor.way
        processor.image_processor.way = lambda values: (time.sleep(0.01), way(values))[1]  # the other threads are there
        samples = [Sample(f"{c}{i}", noise(c), "q" * i, "x", cluster=f"c{c}") for c in range(3) for i in range(3)]
        found = list(queries.open([*samples, Sample("alone", noise(0), "q", "x")]))
        assert processor.image_processor.calls == [1] * 4
        features = [id(query.features) for query in found]
        assert [len(set(features[start : start + 3])) for start in (0, 3, 6)] == [1, 1, 1]
        assert len(set(features)) == 4

    def test_samples_of_a_cluster_with_pictures_of_their_own(self) -> None:
        samples = [Sample(f"s{i}", noise(i), "q", "x", cluster="c") for i in range(2)]
        one, two = make().open(samples)
        assert not torch.equal(one.features["pixel_values"], two.features["pixel_values"])

    @pytest.mark.parametrize("digests", [True, False])
    def test_digests_where_they_are_needed(self, digests: bool) -> None:
        samples = [Sample(f"s{i}", noise(i), "q", "x", cluster=cluster) for i, cluster in enumerate(["c", "", "c"])]
        found = [query.digest for query in make(digests=digests).open(samples)]
        assert found == [image_digest(noise(i)) if digests or i != 1 else None for i in range(3)]

    def test_one_at_a_time_where_code_came_with_the_checkpoint(self) -> None:
        processor, names = ToyProcessor(), set[str]()
        queries = make(processor, threads=False, gpu=True)
        queries.pictures.learn("#")
        way = processor.image_processor.way
        processor.image_processor.way = lambda values: (names.add(threading.current_thread().name), way(values))[1]
        list(queries.open([Sample(f"s{i}", noise(i), "q", "x") for i in range(9)]))
        assert names == {"emid-prepare_0"}

    @pytest.mark.parametrize("fixed", [True, False])
    @pytest.mark.parametrize(
        ("sample", "message"),
        [
            (
                Sample("bad", LazyImage(lambda: Image.open("/no/such.png"), "such.png"), "q", "x"),
                "sample 'bad': cannot",
            ),
            (Sample("bad", PICTURE, "<image 1> or <image 2>?", "x"), "sample 'bad' asks about 2 pictures"),
        ],
        ids=["unreadable", "two"],
    )
    def test_a_bad_sample_reaches_who_takes_the_batches(self, sample: Sample, message: str, fixed: bool) -> None:
        arriving = make().batches([*of_lengths([4] * 4), sample], range(5), Rows(2), fixed=fixed)
        assert places([next(arriving), next(arriving)]) == [[0, 1], [2, 3]]
        with pytest.raises(DataError, match=f"^{message}"):
            next(arriving)

    def test_a_processor_that_wants_no_nests_is_asked_so_from_then_on(self) -> None:
        processor = ToyProcessor(nested=False)
        queries = make(processor)
        batches = asked(queries, of_lengths([4] * 6), 2, fixed=False)
        assert [batch.error for batch in batches] == [None] * 3
        assert len(processor.texts) == 1 + 2 + 1 + 1  # learning, nested and flat, flat, flat
        assert queries.pictures.prepare(PICTURE) is None
        (batch,) = asked(queries, [Sample("two", None, "q", "x", images=(PICTURE, PICTURE))], fixed=False)
        assert str(batch.error) == "pictures are nested"

    def test_samples_of_several_pictures_and_of_none(self) -> None:
        pictures = {"two": (PICTURE, noise(1)), "none": (), "one": (PICTURE,)}
        samples = [Sample(name, None, "q", "x", images=shown) for name, shown in pictures.items()]
        for fixed in (True, False):
            batches = asked(make(digests=True), [*samples, *samples], 4, fixed=fixed)
            assert sorted(chain(*places(batches))) == list(range(6))
            for batch in batches:
                counts = [len(query.pictures) for query in batch.queries]
                assert counts == [len(samples[query.place % 3].pictures) for query in batch.queries]
                assert ("pixel_values" in batch.inputs) is all(counts)
                if all(counts):
                    counts += counts[-1:] * (batch.rows - len(batch))
                    assert len(batch.inputs["pixel_values"]) == sum(counts)
                found = [query.digest for query in batch.queries]
                assert found == [pictures_digest(query.pictures) for query in batch.queries]


class TestInOrder:
    def test_in_batches_that_are_padded_to_the_longest(self) -> None:
        batches = asked(make(), of_lengths([9, 7, 5, 4, 3, 3, 2]), 3, fixed=False)
        assert places(batches) == [[0, 1, 2], [3, 4, 5], [6]]
        assert [tuple(batch.inputs["input_ids"].shape) for batch in batches] == [(3, 9), (3, 4), (1, 2)]
        assert [batch.rows for batch in batches] == [3, 3, 1]


class TestInClasses:
    def test_samples_wait_for_others_of_their_class(self) -> None:
        batches = asked(make(), of_lengths([70, 40, 40, 20, 70, 20, 40, 33, 32]), 4)
        assert places(batches) == [[1, 2, 6, 7], [0, 4], [3, 5, 8]]
        assert [tuple(batch.inputs["input_ids"].shape) for batch in batches] == [(4, 64), (4, 96), (4, 32)]

    def test_a_full_batch_of_one_class_is_made_once(self) -> None:
        processor = ToyProcessor()
        assert places(asked(make(processor), of_lengths([20] * 8))) == [[0, 1, 2, 3], [4, 5, 6, 7]]
        assert [len(texts) for texts in processor.texts] == [1, 4, 4]  # learning, and each

    def test_what_fills_a_batch_up_repeats_its_last_query(self) -> None:
        samples = [Sample(f"s{i}", noise(i), "qqr"[i] * (i + 3), "x") for i in range(3)]
        (batch,) = asked(make(), samples, 6)
        assert (len(batch), batch.rows) == (3, 6)
        for value in batch.inputs.values():
            assert len(value) == 6
            assert not torch.equal(value[1], value[2])
            assert all(torch.equal(value[2], row) for row in value[3:])

    @settings(max_examples=30)
    @given(st.lists(st.integers(2, 100), max_size=40), st.integers(1, 6))
    def test_at_most_one_batch_of_a_class_is_filled_up(self, lengths: list[int], rows: int) -> None:
        batches = asked(make(), of_lengths(lengths), rows)
        assert sorted(chain(*places(batches))) == list(range(len(lengths)))
        filled = Counter[int]()
        for batch in batches:
            classes = {math.ceil(lengths[query.place] / LENGTH_CLASS) for query in batch.queries}
            assert len(classes) == 1
            assert batch.inputs["input_ids"].shape == (rows, LENGTH_CLASS * min(classes))
            assert len(batch.inputs["pixel_values"]) == rows
            filled.update(classes if len(batch) < rows else ())
        assert all(count == 1 for count in filled.values())


@pytest.mark.parametrize("fixed", [True, False])
def test_an_error_of_making_a_batch_is_told_when_it_is_asked(fixed: bool) -> None:
    samples = of_lengths([4] * 6)
    samples[2] = samples[2].with_(question="qq!")
    batches = asked(make(), samples, 2, fixed=fixed)
    assert places(batches) == [[0, 1], [2, 3], [4, 5]]
    assert [batch.error is None for batch in batches] == [batch.inputs is not None for batch in batches]
    assert [str(batch.error) for batch in batches] == ["None", "cannot read ['#qq!', '#qqq']", "None"]


class TestHalved:
    """Rows halve while batches are ahead, at any moment of their making."""

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from([20, 50]), max_size=20), st.sets(st.integers(0, 6)), st.booleans())
    @example([20] * 7 + [50] * 7, {3, 4}, True)  # in the last batch of one class, and between two of the other
    def test_no_sample_is_lost_or_asked_twice(self, lengths: list[int], moments: set[int], fixed: bool) -> None:
        rows, calls = Rows(8), iter(range(1000))

        class Halving(ToyProcessor):
            def __call__(self, *args: Any, **options: Any) -> Any:
                if next(calls) in moments:
                    rows.count = max(rows.count // 2, 1)
                return super().__call__(*args, **options)

        samples = of_lengths(lengths)
        batches = list(make(Halving()).batches(samples, range(len(samples)), rows, fixed=fixed))
        assert sorted(chain(*places(batches))) == list(range(len(samples)))
        assert all(batch.rows == len(batch.inputs["input_ids"]) >= len(batch) > 0 for batch in batches)

    @pytest.mark.parametrize("exact", [True, False])
    @pytest.mark.parametrize("fits", [1, 2, 4])
    def test_what_was_made_before_is_cut(self, exact: bool, fits: int) -> None:
        engine = Fits(exact, fits)
        model = TransformersModel("tiny", batch_size=16)
        model.__dict__["_engine"] = engine
        samples = [*of_lengths([20, 50] * 19), *of_lengths([80] * 15)]
        found = list(model.respond(samples))
        assert sorted(place for place, _ in found) == list(range(len(samples)))
        assert all(response.text == samples[place].question for place, response in found)
        assert engine.failed == [rows for rows in (16, 8, 4, 2) if rows > fits]
        assert set(engine.answered) == {fits} if not exact else max(engine.answered) == fits


class Fits:
    """An engine without a model: its memory is enough for so many rows."""

    def __init__(self, exact: bool, rows: int) -> None:
        self.queries = make()
        self.exact, self.fits = exact, rows
        self.failed: list[int] = []
        self.answered: list[int] = []

    def batches(self, samples: Sequence[Sample], order: Sequence[int], rows: Rows) -> Iterator[Batch]:
        return self.queries.batches(samples, order, rows, fixed=not self.exact)

    def part(self, queries: Sequence[Query], rows: int) -> Batch:
        return self.queries.batch(queries) if self.exact else self.queries.batch(queries, rows, LENGTH_CLASS)

    def answer(self, batch: Batch, rows: int) -> list[Response]:
        if batch.rows > self.fits:
            self.failed.append(batch.rows)
            raise MemoryError
        self.answered.append(batch.rows)
        assert len(batch.inputs["input_ids"]) == batch.rows
        return [Response(query.sample.question, Outcome.OK) for query in batch.queries]

    @staticmethod
    def is_out_of_memory(error: Exception) -> bool:
        return isinstance(error, MemoryError)
