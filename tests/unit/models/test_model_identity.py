"""What is part of an answer's key although it is no plain number or text."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_emid import models
from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models import OpenAIServerModel
from pytest_emid.models.backend.checkpoint import Checkpoint, plain


def test_long_arrays_are_told_apart() -> None:
    """Their text form leaves the middle out."""
    first = np.arange(3000)
    second = np.where(first == 1500, 7, first)
    assert repr(first) == repr(second)
    one, two = (models.load("tiny-llava", generation={"suppress_tokens": array}) for array in (first, second))
    assert one.fingerprint != two.fingerprint
    assert plain(first[:2], "x") == {"int64": [0, 1]}


def test_sets_are_the_same_in_every_process() -> None:
    code = "from pytest_emid.models.backend.checkpoint import plain; print(plain({'a', 'b', 'c', 1, 2}, 'x'))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert said == {"{'set': ['a', 'b', 'c', 1, 2]}\n"}


@pytest.mark.parametrize("suffix", [".gguf", ".pth", ".spm"])
def test_weights_of_other_formats_count(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "config.json").write_text("{}")
    found = set()
    for content in ("a", "b"):
        (tmp_path / f"weights{suffix}").write_text(content * 10)
        found.add(Checkpoint(tmp_path).fingerprint)
    assert len(found) == 2


def test_an_alias_that_is_moved_is_another_model() -> None:
    served = [OpenAIServerModel("prod", base_url="http://a/v1", served_as=name) for name in (None, "m-1", "m-2")]
    assert len({model.fingerprint for model in served}) == 3


@pytest.mark.skipif(not version("torch").endswith("+cpu"), reason="there may be a GPU")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ModelError, match=r"^cannot load .*tiny-llava: AssertionError: Torch not compiled with CUDA"):
        list(models.load("tiny-llava", device="cuda").respond([Sample("s", Image.new("RGB", (4, 4)), "What?", "x")]))
