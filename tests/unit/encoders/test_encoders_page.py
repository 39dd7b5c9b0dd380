"""The examples of docs/how-to/encoders.md run, and what it says of names is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_emid import encoders

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "encoders.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run(example: str) -> None:
    names: dict[str, object] = {}
    exec(compile(example, "docs/how-to/encoders.md", "exec"), names)
    assert all(repr(value) for value in names.values() if hasattr(value, "encode"))


def test_every_encoder_has_a_place() -> None:
    kinds = {name for name in encoders.__all__ if name.endswith("Encoder")} - {"ImageEncoder", "TextEncoder"}
    recipes = {"ClipImageEncoder", "XlmrTextEncoder"}  # `paper` and `tiny` make them
    others = {"CallableImageEncoder"}  # like the one for texts
    assert [kind for kind in sorted(kinds - recipes - others) if kind not in PAGE] == []


def test_the_pair_is_the_paper_s() -> None:
    for encoder in (encoders.load("paper").image, encoders.load("paper").text):
        assert f"`{encoder.name}`" in PAGE
