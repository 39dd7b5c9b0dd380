"""Tiny random models in the genuine formats, built once per session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from model_answers import answers
from tiny_models import build_llava, samples_for

from pytest_emid.data.sample import Sample
from pytest_emid.models import Response, TransformersModel


@pytest.fixture(scope="session")
def samples() -> list[Sample]:
    return samples_for(11)


@pytest.fixture(scope="session")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="session")
def make_llava(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    return lambda **options: build_llava(tmp_path_factory.mktemp("llava"), **options)


@pytest.fixture(scope="session")
def greedy(llava: Path, samples: list[Sample]) -> dict[str, Response]:
    return answers(TransformersModel(llava), samples)
