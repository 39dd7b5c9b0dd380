"""The built-in model: the batch, and what else is in it, changes no answer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from plain_generate import alone

import pytest_emid
from pytest_emid import models, shifts
from pytest_emid.data import Sample, scenes_dataset
from pytest_emid.models import Response, TransformersModel

FOLDER = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"


@pytest.fixture(scope="module")
def mixed() -> list[Sample]:
    """Easy and hard queries of different lengths, on which the model is sure and unsure."""
    clean = scenes_dataset(15)
    hard = shifts.parse("gaussian_noise:5+char_delete:5").apply(clean, 0)
    return [*clean, *(sample.with_(id=f"hard-{sample.id}") for sample in hard)]


def answers(samples: list[Sample], **options: int) -> dict[str, Response]:
    model = TransformersModel(FOLDER, device="cpu", **options)
    return {samples[position].id: response for position, response in model.respond(samples)}


def test_every_batch_gives_the_answers_of_generate_one_by_one(mixed: list[Sample]) -> None:
    expected = alone(FOLDER, mixed)
    assert len({text for text, _ in expected.values()}) > 5
    for batch_size in (7, 30):
        found = answers(mixed, batch_size=batch_size)
        assert {key: (r.text, r.outcome) for key, r in found.items()} == expected
    shuffled = random.Random(0).sample(mixed, 11)
    found = answers(shuffled, batch_size=4)
    assert {key: (r.text, r.outcome) for key, r in found.items()} == {s.id: expected[s.id] for s in shuffled}


def test_its_fingerprint_knows_no_batch() -> None:
    model = models.load("tiny-llava", device="cpu")
    assert isinstance(model, TransformersModel)
    assert model.exact
    assert {models.load("tiny-llava", device="cpu", batch_size=n).fingerprint for n in (1, 16)} == {model.fingerprint}
