"""The examples of docs/reference/information.md run, and hold what they say."""

import re
from pathlib import Path

import pytest

import pytest_emid.information as information

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "information.md").read_text(encoding="utf-8")


def test_the_examples_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 7
    everything: dict[str, object] = {}
    for number, example in enumerate(examples):
        exec(compile(example, f"docs/reference/information.md, example {number}", "exec"), everything)


def test_names_in_examples_are_public():
    assert set(re.findall(r"\binfo\.(\w+)", PAGE)) <= set(information.__all__)
