"""What `python -m pytest_emid init` writes is run, for each kind of model."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import pytest

import pytest_emid
from pytest_emid.__main__ import main
from pytest_emid.data import scenes_dataset

yaml = pytest.importorskip("yaml", reason="comes with transformers")
WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
FEW = ("--emid-limit=60", "-q", "-k", "defocus_blur:1 or fog or next")
ASSETS = Path(pytest_emid.__file__).parent / "assets"


@pytest.fixture
def here(pytester: pytest.Pytester, loaded: None, warm: None, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return pytester


def test_without_a_change_a_function_has_its_first_verdict(here: pytest.Pytester) -> None:
    assert main(["init", "suite", "--ci", "none", "--model", "function"]) == 0
    result = here.runpytest("suite", *FEW)
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["defocus_blur:1 *PASS retained >= 80 %"])


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        (("function", "--name", "serving:answer"), "my model"),
        (("checkpoint", "--name", "tiny-llava"), "tiny-llava"),
        (("checkpoint", "--name", "weights"), "tiny-llava"),
        (("server", "--name", "m", "--base-url", "http://127.0.0.1:9/v1"), "m"),
    ],
    ids=["function", "built-in", "folder", "server"],
)
def test_what_it_would_ask_of_each_kind(here: pytest.Pytester, kind: tuple[str, ...], called: str) -> None:
    here.makepyfile(serving="def answer(images, questions):\n    return ['Red.' for _ in questions]\n")
    here.syspathinsert()
    (here.path / "weights").symlink_to(ASSETS / "tiny-llava")
    assert main(["init", "suite", "--ci", "none", "--model", *kind]) == 0
    result = here.runpytest("suite", *FEW, "--emid-plan", "--emid-cache-dir=own")
    result.assert_outcomes(skipped=1, deselected=3)
    result.stdout.fnmatch_lines([f"model {called}, dataset scenes", "in all, each once *120"])


def test_recorded_answers_are_read_whatever_the_current_folder(here: pytest.Pytester) -> None:
    answers = [{"question_id": sample.id, "text": sample.reference} for sample in scenes_dataset(60)]
    for name in ("clean", "fog", "next"):
        (here.path / f"{name}.jsonl").write_text("".join(f"{json.dumps(answer)}\n" for answer in answers))
    given = ["--name", "clean.jsonl", "--shifted", "fog:1=fog.jsonl", "--shifted", "next release=next.jsonl"]
    assert main(["init", "deep/suite", "--ci", "none", "--model", "recorded", *given, "--data", "scenes"]) == 0
    os.chdir(here.path / "deep")
    result = here.runpytest("suite", *FEW)
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
@pytest.mark.parametrize(
    "kind", [("function",), ("server", "--name", "it's", "--base-url", "http://x/v1")], ids=lambda kind: kind[0]
)
def test_what_is_written_is_valid(here: pytest.Pytester, ci: str, kind: tuple[str, ...]) -> None:
    assert main(["init", "a suite", "--ci", ci, "--model", *kind]) == 0
    for path in here.path.rglob("*.py"):
        text = path.read_text()
        ast.parse(text)
        assert "\n\n\n\n" not in text
        assert max(map(len, text.splitlines())) <= 120
    (workflow,) = [*here.path.rglob("*.yml")]
    said = yaml.safe_load(workflow.read_text())
    jobs = said.get("jobs", said)
    assert list(jobs) == ["robustness"]
    assert " python -m pytest 'a suite' --emid-json=run.json" in workflow.read_text()
    assert ("pytest-emid[openai]" in workflow.read_text()) == (kind[0] == "server")


def test_its_actions_are_pinned_as_ours_are(here: pytest.Pytester) -> None:
    assert main(["init", "suite", "--ci", "github", "--model", "function"]) == 0
    pin = re.compile(r"uses: (\S+)@([0-9a-f]{40}) # (v[\d.]+)\n")
    theirs = pin.findall((here.path / ".github/workflows/robustness.yml").read_text())
    ours = {name: rest for path in WORKFLOWS.glob("*.yml") for name, *rest in pin.findall(path.read_text())}
    assert len(theirs) == 4
    for name, *rest in theirs:
        assert ours.get(name, rest) == rest
