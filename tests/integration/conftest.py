"""Fixtures of the tests that drive real pytest runs."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder of all workers of this session."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared-emid-cache"


@pytest.fixture(scope="session")
def loaded() -> None:
    """What cannot be imported twice is there: a run within this process may use models, and saves their import."""
    for module in (
        "openai",
        "torch",
        "transformers.models.clip.modeling_clip",
        "transformers.models.llava.modeling_llava",
        "transformers.models.xlm_roberta.modeling_xlm_roberta",
        "pytest_emid.measuring.measurer",
        "pytest_emid.models.local.image_text_to_text",
    ):
        importlib.import_module(module)


@pytest.fixture
def warm(shared_cache: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs keep and find answers and vectors where the other tests do: for what is not about a cold cache."""
    monkeypatch.setenv("PYTEST_ADDOPTS", f"--emid-cache-dir={shared_cache}")
