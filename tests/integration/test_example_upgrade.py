"""example_suites/upgrade: the rounding is that of int8, and the suite is collected with its two models."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

SUITE = Path(__file__).parents[2] / "example_suites" / "upgrade"


def test_weights_are_rounded_to_255_levels_a_row(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    (source / "config.json").write_text("{}")
    torch.manual_seed(0)
    weights = {"matrix": torch.randn(3, 500), "filters": torch.randn(2, 3, 4, 4), "bias": torch.randn(5)}
    save_file(weights, source / "model.safetensors")
    runpy.run_path(str(SUITE / "rounding.py"))["round_to_int8"](source, target)
    rounded = load_file(target / "model.safetensors")
    assert torch.equal(rounded["bias"], weights["bias"])
    assert (target / "config.json").read_text() == "{}"
    for name in ("matrix", "filters"):
        assert rounded[name].shape == weights[name].shape
        for row, whole in zip(rounded[name], weights[name], strict=True):
            scale = whole.abs().max() / 127
            levels = row / scale
            assert torch.allclose(levels, levels.round(), atol=1e-4)
            assert (row - whole).abs().max() <= scale / 2 * 1.001


def test_the_suite_is_collected(pytester: pytest.Pytester) -> None:
    shutil.copytree(SUITE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    result = pytester.runpytest_subprocess("--collect-only", "-q", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["test_quantised.py::test_eight_bits_are_enough[[]frost:1]", "5 tests collected*"])
