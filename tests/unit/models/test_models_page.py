"""The examples of the pages on models in docs/how-to run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_emid import models

PAGES = ("models", "weights", "servers", "recorded", "functions", "judge")
TEXTS = {name: (Path(__file__).parents[3] / f"docs/how-to/{name}.md").read_text("utf-8") for name in PAGES}
EXAMPLES = [
    (name, example) for name, text in TEXTS.items() for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
]


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run(page: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("answers", "clean", "keyboard", "new"):
        (tmp_path / f"{name}.jsonl").write_text('{"question_id": "s1", "text": "A dog."}\n')
    names: dict[str, object] = {}
    exec(compile(example, f"docs/how-to/{page}.md", "exec"), names)
    made = [value for value in names.values() if hasattr(value, "respond") and not isinstance(value, type)]
    for model in made:
        assert repr(model)
    if "MyModel" in names:
        assert isinstance(names["MyModel"](), models.Model)  # type: ignore[operator]


def test_every_backend_has_a_place() -> None:
    for kind in (
        "RecordedModel",
        "load_recorded(",
        "Sampling",
        "openai:",
        "tiny-llava",
        "base_url=[",
        "per_sample=True",
        "scores=True",
    ):
        assert any(kind in example for _, example in EXAMPLES), kind
