"""Batches of a LLaVA with random weights: they change no answer, and fit into memory."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from model_answers import answers
from plain_generate import alone

from pytest_emid.data.sample import Sample
from pytest_emid.models import Outcome, Response, Sampling, TransformersModel
from pytest_emid.models.local import engine as engine_module


def test_answers_are_those_of_generate_one_by_one(llava: Path, samples: list[Sample], greedy) -> None:
    assert {key: (r.text, r.outcome) for key, r in greedy.items()} == alone(llava, samples)
    assert {response.outcome for response in greedy.values()} == {Outcome.OK, Outcome.TRUNCATED}
    assert len({response.text for response in greedy.values()}) > 5
    assert {response.entropy for response in greedy.values()} == {0.0}


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 64])
def test_the_batch_does_not_matter(llava: Path, samples: list[Sample], greedy, batch_size: int) -> None:
    model = TransformersModel(llava, batch_size=batch_size)
    assert answers(model, samples) == greedy
    assert answers(model, samples[::-3]) == {sample.id: greedy[sample.id] for sample in samples[::-3]}
    assert model.fingerprint == TransformersModel(llava).fingerprint


def test_close_choices_are_asked_again_alone(llava: Path, samples: list[Sample], greedy, monkeypatch) -> None:
    sizes = []
    run = engine_module.Engine._run

    def counted(self: Any, batch: Any) -> Any:
        sizes.append(len(batch))
        return run(self, batch)

    monkeypatch.setattr(engine_module.Engine, "_run", counted)
    monkeypatch.setattr(engine_module, "CLEAR", float("inf"))
    assert answers(TransformersModel(llava), samples) == greedy
    assert sizes == [len(samples)] + [1] * len(samples)


def test_a_model_that_padding_disturbs_is_asked_one_by_one(llava, samples, greedy, monkeypatch, caplog) -> None:
    monkeypatch.setattr(engine_module, "PADDING_TOLERANCE", {True: -1.0, False: -1.0})
    with caplog.at_level(logging.WARNING):
        assert answers(TransformersModel(llava), samples) == greedy
    assert "so its samples are asked one by one" in caplog.text


@pytest.mark.parametrize("generation", [{"min_new_tokens": 3}, {"suppress_tokens": [5, 6]}, {"bad_words_ids": [[7]]}])
def test_forbidden_tokens_are_no_change_by_padding(llava, samples, generation) -> None:
    batched, single = (TransformersModel(llava, batch_size=n, generation=generation) for n in (3, 1))
    assert dict(batched.respond(samples[:4])) == dict(single.respond(samples[:4]))
    assert batched._engine._alone is False


def test_a_token_that_padding_forbids_is_a_change() -> None:
    change = engine_module._change
    free, bound = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, -torch.inf]])
    assert (change(free, free), change(bound, bound), change(free, bound)) == (0.0, 0.0, float("inf"))
    assert change(torch.full((1, 2), -torch.inf), torch.full((1, 2), -torch.inf)) == 0.0
    assert change(torch.tensor([[4.0, -torch.inf]]), torch.tensor([[5.0, -torch.inf]])) == 0.25


def test_the_longest_are_asked_first(llava: Path, samples: list[Sample]) -> None:
    lengths = [
        len(samples[position].question) for position, _ in TransformersModel(llava, batch_size=1).respond(samples)
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_batches_are_of_like_length(llava: Path, samples: list[Sample], monkeypatch) -> None:
    batches: list[list[int]] = []
    run = engine_module.Engine._run

    def counted(self: Any, batch: Any) -> Any:
        batches.append([len(query.sample.question) for query in batch.queries])
        return run(self, batch)

    monkeypatch.setattr(engine_module.Engine, "_run", counted)
    monkeypatch.setattr(engine_module, "CLEAR", -1.0)  # nothing is asked again
    answers(TransformersModel(llava, batch_size=4), samples)
    assert [len(batch) for batch in batches] == [4, 4, 3]
    assert [length for batch in batches for length in batch] == sorted((len(s.question) for s in samples), reverse=True)


def test_half_precision_has_fixed_shapes(llava: Path, samples: list[Sample]) -> None:
    long = [Sample(f"l{i}", s.image, s.question * 3, "x") for i, s in enumerate(samples)]  # another length class
    model = TransformersModel(llava, dtype="bfloat16", batch_size=4)
    everything = answers(model, [*samples, *long])
    for part in (samples[::-1], [samples[3], long[3]], long[5:]):
        assert answers(model, part) == {sample.id: everything[sample.id] for sample in part}
    fingerprints = {TransformersModel(llava, dtype="bfloat16", batch_size=n).fingerprint for n in (4, 8)}
    assert len(fingerprints) == 2


def test_where_the_place_in_the_batch_matters_samples_go_one_by_one(llava, samples, monkeypatch) -> None:
    sizes: list[int] = []
    run = engine_module.Engine._run

    def counted(self: Any, batch: Any) -> Any:
        sizes.append(len(batch))
        return run(self, batch)

    monkeypatch.setattr(engine_module.Engine, "_run", counted)
    monkeypatch.setattr(engine_module.Engine, "_place_matters", lambda *_: True)
    found = answers(TransformersModel(llava, sampling=Sampling()), samples)
    assert sizes == [1] * len(samples)
    monkeypatch.undo()
    assert answers(TransformersModel(llava, sampling=Sampling(), batch_size=1), samples) == found


def test_samples_may_depend_on_their_place_where_that_is_asked_for(llava, samples, monkeypatch, caplog) -> None:
    sizes: list[int] = []
    run = engine_module.Engine._run
    monkeypatch.setattr(
        engine_module.Engine, "_run", lambda self, batch: (sizes.append(len(batch)), run(self, batch))[1]
    )
    drawn = iter(range(100))
    monkeypatch.setattr(
        engine_module.Engine, "_scores", lambda self, inputs, steps: [torch.arange(4.0)[:, None] * next(drawn)]
    )
    monkeypatch.setattr(engine_module.Engine, "_padding_matters", lambda *_: False)
    model = TransformersModel(llava, dtype="bfloat16", batch_size=4, independent=False)
    together = answers(model, samples)
    assert max(sizes) == 4
    assert not caplog.messages
    sizes.clear()
    kept_apart = TransformersModel(llava, dtype="bfloat16", batch_size=4)
    assert kept_apart.fingerprint != model.fingerprint
    assert len(answers(kept_apart, samples)) == len(together)
    assert set(sizes) == {1}
    assert caplog.messages == [
        "LlavaForConditionalGeneration: in bfloat16 its scores depend on a sample's place in a batch of 4 on this "
        "device, so its samples are asked one by one. Another batch_size may not; independent=False asks in batches "
        "all the same."
    ]


def test_memory_running_out_halves_the_batch(llava, samples, greedy, monkeypatch, caplog) -> None:
    sizes = []
    answer = engine_module.Engine.answer

    def limited(self: Any, batch: Any, rows: int) -> list[Response]:
        sizes.append(batch.rows)
        if batch.rows > 2:
            raise torch.OutOfMemoryError("out of memory")
        return answer(self, batch, rows)

    monkeypatch.setattr(engine_module.Engine, "answer", limited)
    with caplog.at_level(logging.WARNING):
        assert answers(TransformersModel(llava, batch_size=8, name="tiny"), samples) == greedy
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "tiny: out of memory with 8 samples in a batch; going on with 4.",
        "tiny: out of memory with 4 samples in a batch; going on with 2.",
    ]


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GB)"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("device-side assert triggered"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, memory: bool) -> None:
    assert engine_module.Engine.is_out_of_memory(error) is memory


def test_an_allocation_that_is_too_large_is_out_of_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55, dtype=torch.uint8)
    assert engine_module.Engine.is_out_of_memory(caught.value)
