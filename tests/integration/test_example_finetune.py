"""example_suites/finetune: a step of training gives a folder that the suite can ask, and the suite is collected."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

import pytest

from pytest_emid import models
from pytest_emid.data import scenes_dataset

SUITE = Path(__file__).parents[2] / "example_suites" / "finetune"


def test_what_is_trained_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ["--steps", "1", "--pairs", "1"]
    monkeypatch.setattr(sys, "argv", ["finetune.py", "--out", str(tmp_path), "--recipe", "rjsd", *sizes])
    runpy.run_path(str(SUITE / "finetune.py"), run_name="__main__")
    [(_, response)] = models.load(tmp_path).respond([scenes_dataset(1)[0]])
    assert response.outcome is models.Outcome.OK


def test_the_suite_is_collected(pytester: pytest.Pytester) -> None:
    shutil.copytree(
        SUITE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__", "build")
    )
    result = pytester.runpytest_subprocess("--collect-only", "-q", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["test_unseen.py::test_it_is_no_worse_than_before[[]fog:3]", "2 tests collected*"])
