"""Compiled decoding, by a compiler that compiles nothing: the same answers from a cache that does not move."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tiny_models import samples_for
from transformers import CompileConfig

from pytest_emid.models import Sampling, TransformersModel
from pytest_emid.models.local import compiled as compiled_module
from pytest_emid.models.local import engine as engine_module
from pytest_emid.models.local.compiled import CompiledDecoding


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Shapes of what the compiled model was called with."""
    seen: list[tuple[int, ...]] = []

    def backend(graph: Any, example: Any) -> Any:
        return graph.forward

    config = CompileConfig(dynamic=False, backend=backend, mode=None)
    config._compile_all_devices = True
    monkeypatch.setattr(engine_module, "CompiledDecoding", lambda model: CompiledDecoding(model, config))

    def compiling(call: Any, **options: Any) -> Any:
        def counted(**inputs: Any) -> Any:
            seen.append(tuple(inputs["input_ids"].shape))
            return call(**inputs)

        return counted

    monkeypatch.setattr("torch.compile", compiling)
    return seen


@pytest.mark.parametrize("options", [{}, {"dtype": "bfloat16"}, {"sampling": Sampling(temperature=2.0)}])
def test_the_same_answers(llava: Path, calls: list[tuple[int, ...]], options: dict[str, Any], caplog) -> None:
    samples = samples_for(9)
    plain = dict(TransformersModel(llava, batch_size=4, **options).respond(samples))
    assert not calls
    model = TransformersModel(llava, batch_size=4, compile=True, **options)
    assert {i: (r.text, r.outcome) for i, r in model.respond(samples)} == {
        i: (r.text, r.outcome) for i, r in plain.items()
    }
    assert set(calls) == {(4, 1)}
    assert not caplog.records
    assert (model.fingerprint == TransformersModel(llava, batch_size=4, **options).fingerprint) is (not options)


def test_a_failure_is_told_and_ends_it(llava: Path, calls: Any, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    samples = samples_for(4)

    def broken(call: Any, **options: Any) -> Any:
        raise RuntimeError("no compiler\nhere")

    monkeypatch.setattr("torch.compile", broken)
    with caplog.at_level(logging.WARNING):
        found = dict(TransformersModel(llava, batch_size=2, compile=True).respond(samples))
    assert found == dict(TransformersModel(llava).respond(samples))
    assert [record.getMessage() for record in caplog.records] == [
        "LlavaForConditionalGeneration: compiled decoding failed and is not used any more: RuntimeError: no compiler"
    ]


def test_further_shapes_are_decoded_as_without(llava: Path, calls: Any, monkeypatch, caplog) -> None:
    monkeypatch.setattr(compiled_module, "SHAPES", 1)
    short = samples_for(2)
    long = [sample.with_(question=sample.question * 6) for sample in short]
    model = TransformersModel(llava, batch_size=2, compile=True)
    with caplog.at_level(logging.WARNING):
        found = dict(model.respond(short))
        count = len(calls)
        assert count
        more = dict(model.respond(long))
    assert len(calls) == count
    assert [*found.values(), *more.values()] == [
        response for part in (short, long) for response in dict(TransformersModel(llava).respond(part)).values()
    ]
    assert "decoding is compiled for 1 shapes; further ones are decoded as without." in caplog.text


def test_elsewhere_it_is_refused_in_a_sentence(llava: Path, caplog) -> None:
    samples = samples_for(2)
    with caplog.at_level(logging.WARNING):
        found = dict(TransformersModel(llava, compile=True, device="cpu").respond(samples))
    assert found == dict(TransformersModel(llava).respond(samples))
    assert [record.getMessage() for record in caplog.records] == [
        "LlavaForConditionalGeneration: decoding is not compiled: it is on the cpu, and CUDA is what it helps."
    ]
