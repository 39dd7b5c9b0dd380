"""Genuine architectures of transformers, built tiny, saved, loaded from disk, and asked in every kind of batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from families import FAMILIES
from plain_generate import alone
from tiny_models import samples_for

from pytest_emid.models import Sampling, TransformersModel

SOME = ("LLaVA-NeXT", "Qwen2-VL", "Qwen2.5-VL", "Gemma 3", "Idefics3")
"""Those of which plain `generate` is known; benchmarks/families.py asks all."""
ODD = ("SmolVLM", "GOT-OCR2", "Pix2Struct")
"""Without a video processor, with pictures that are not nested, with the question in front of the answer."""


@pytest.fixture(scope="module", params=SOME)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return FAMILIES[request.param].build(tmp_path_factory.mktemp("model") / "tiny")


@pytest.mark.parametrize("name", ODD)
def test_odd_processors_give_one_answer_in_every_batch(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = FAMILIES[name]
    if family.package == "num2words":  # which says the numbers of videos only
        monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
    samples = [*samples_for(2), *(s.with_(id=f"wide-{s.id}") for s in samples_for(2, (24, 40)))]
    family.build(tmp_path / "tiny")
    how: dict[str, Any] = {"prompt": family.prompt, "max_new_tokens": 4}
    found = [dict(TransformersModel(tmp_path / "tiny", batch_size=size, **how).respond(samples)) for size in (3, 1)]
    assert found[0] == found[1]
    assert {response.error for response in found[0].values()} == {""}
    assert len({response.text for response in found[0].values()}) > 2


def test_every_batch_gives_the_answers_of_generate(folder: Path) -> None:
    samples = [*samples_for(4), *(s.with_(id=f"wide-{s.id}") for s in samples_for(3, (24, 40)))]
    first = TransformersModel(folder, batch_size=3)
    found = {samples[i].id: response for i, response in first.respond(samples)}
    assert {key: (r.text, r.outcome) for key, r in found.items()} == alone(folder, samples)
    assert len({response.text for response in found.values()}) > 2
    other = {samples[-1 - i].id: r for i, r in TransformersModel(folder, batch_size=7).respond(samples[::-1])}
    assert other == found
    assert not first._engine._alone


def test_sampling_depends_on_the_query_alone(folder: Path) -> None:
    samples = samples_for(6)
    model = TransformersModel(folder, batch_size=4, sampling=Sampling())
    found = dict(model.respond(samples))
    assert {5 - i: response for i, response in model.respond(samples[::-1])} == found
    assert dict(model.respond(samples[:1])) == {0: found[0]}
