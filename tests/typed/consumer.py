"""A project that uses the package, read by type checkers alone: mypy and pyright, both strict (`make types`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_type

import pytest
from PIL import Image

import pytest_emid
from pytest_emid import (
    Dataset,
    EmidResult,
    Response,
    Sample,
    assert_bound_holds,
    assert_emid_below,
    assert_information_retained,
    assert_no_regression,
    data,
    metrics,
    models,
    shifts,
)
from pytest_emid.measuring.verdicts import Decision
from pytest_emid.models import Model
from pytest_emid.plugin.fixtures import MeasureEmid
from pytest_emid.shifts import Shift


def answer(images: list[Image.Image], questions: list[str]) -> list[str]:
    return [f"{image.width} pixels" for image in images]


class Own:
    name = "own"
    fingerprint = "own-1"

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for position, sample in enumerate(samples):
            yield position, Response(sample.question)


@pytest.fixture(scope="session")
def emid_model() -> Model:
    assert_type(models.load(answer, fingerprint="v1"), Model)
    return models.load(Own())


@pytest.fixture(scope="session")
def emid_dataset() -> Dataset:
    own = Dataset("own", [Sample(id="1", image=Image.new("RGB", (8, 8)), question="What?", reference="That.")])
    assert_type(own.first(1), Dataset)
    assert_type(data.load("scenes", 60), Dataset)
    return data.load_table("photos.csv")


@shifts.register_textual("shouting")
def shouting(text: str) -> str:
    return text.upper()


@pytest.mark.parametrize("shift", shifts.visual("defocus_blur", severity=[1, 3]), ids=str)
def test_blur(measure_emid: MeasureEmid, shift: Shift) -> None:
    result = measure_emid(shift)
    assert_type(result, EmidResult)
    decision = assert_information_retained(result, 0.9)
    assert_type(decision, Decision)
    assert_type(decision.verdict, pytest_emid.Verdict)
    assert_emid_below(result, "10 %")
    assert_bound_holds(result)
    assert_no_regression(result, 0.02)
    assert_type(result.information_retained.value, float)


def test_parsed(measure_emid: MeasureEmid) -> None:
    measure_emid("defocus_blur:3+keyboard:1")
    parsed: Shift = shifts.parse("keyboard:1")
    measure_emid(parsed)
    assert_type(metrics.exact("A dog.", ["dog"]), float)
