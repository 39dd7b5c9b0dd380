"""The examples of docs/how-to/training.md run, and its table names every term."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_emid.training import RECIPES, TERMS

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "training.md").read_text("utf-8")


def test_examples_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        exec(compile(block, f"docs/how-to/training.md, example {number}", "exec"), {})


def test_every_term_and_every_recipe_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE)) | {"coral_question", "mean_question"}
    assert set(TERMS) | set(RECIPES) <= named
