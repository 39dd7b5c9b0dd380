"""The second built-in model: typos, on which it was trained, tell it from the first."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("loaded", "warm")

SUITE = """
from pytest_emid import assert_information_retained

def test_typos(measure_emid):
    assert_information_retained(measure_emid("keyboard:2"), 0.8)

def test_clean_answers(measure_emid):
    assert measure_emid("identity").clean.exact > 0.9
"""


@pytest.mark.parametrize(
    ("model", "outcomes"),
    [("tiny-llava", {"passed": 1, "failed": 1}), ("tiny-llava-robust", {"passed": 2})],
)
def test_typos_tell_the_built_in_models_apart(pytester: pytest.Pytester, model: str, outcomes: dict[str, int]) -> None:
    pytester.makepyfile(SUITE)
    options = [f"--emid-model={model}", "--emid-dataset=scenes", "--emid-limit=60", "--emid-json=out.json"]
    pytester.runpytest("-p", "no:xdist", *options).assert_outcomes(**outcomes)
    results = json.loads((pytester.path / "out.json").read_text())["results"]
    assert {result["model"] for result in results} == {model}
