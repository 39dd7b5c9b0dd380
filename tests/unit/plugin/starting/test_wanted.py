"""What `python -m pytest_emid init` refuses, guesses and asks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_emid.__main__ import main
from pytest_emid.errors import DataError
from pytest_emid.plugin.starting.asking import wanted_from
from pytest_emid.plugin.starting.wanted import Wanted

REFUSED = {
    "init": "--model is missing: function, checkpoint, server, recorded.",
    "init --model function --name serving": "--name 'serving' is no function. Write module:function, such as "
    "our.serving:answer.",
    "init --model checkpoint": "--model checkpoint needs --name: a folder or a Hub id.",
    "init --model server": "--model server needs --name: the model's name on the server.",
    "init --model recorded": "--model recorded needs --name FILE of the clean answers; --shifted SCENARIO=FILE, once "
    "for each set of shifted answers; --data: the samples whose ids the answers have.",
    "init --model recorded --shifted fog:1=here.jsonl --data scenes": "--model recorded needs --name FILE of the clean "
    "answers.",
    "init --model checkpoint --name a/b --base-url http://x": "--base-url says where a server is, and --model is "
    "checkpoint. Leave one out.",
    "init --model recorded --name here.jsonl": "--model recorded needs --shifted SCENARIO=FILE, once for each set of "
    "shifted answers; --data: the samples whose ids the answers have.",
    "init --model recorded --name here.jsonl --data scenes": "--model recorded needs --shifted SCENARIO=FILE, once for "
    "each set of shifted answers.",
    "init --model recorded --name here.jsonl --shifted blur": "--shifted 'blur' must read SCENARIO=FILE, such as "
    "keyboard:1=keyboard.jsonl.",
    "init --model recorded --name here.jsonl --shifted fog:1=here.jsonl": "--model recorded needs --data: the samples "
    "whose ids the answers have.",
    "init --model recorded --name here.jsonl --shifted fog:1=gone.jsonl --data scenes": "there is no file gone.jsonl "
    "of recorded answers.",
    "init --model function --shifted fog:1=here.jsonl": "--shifted names recorded answers, and --model is function. "
    "Leave one out.",
    "init --model function --data gone.csv": "--data gone.csv: ",
    "init --model function taken": "taken/conftest.py is there already, and nothing was written. Name another folder, "
    "or move it away.",
    "init --model function --ci gitlab other": ".gitlab-ci.yml is there already, and nothing was written. Name another "
    "folder, or move it away, or leave the workflow out with --ci none.",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return tmp_path


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_written_is_refused_and_nothing_is(
    folder: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "here.jsonl").write_text('{"question_id": "1", "text": "Yes."}\n')
    (folder / "taken").mkdir()
    (folder / "taken" / "conftest.py").write_text("")
    (folder / ".gitlab-ci.yml").write_text("")
    before = sorted(folder.rglob("*"))
    given = [*line.split(), *(["--ci", "none"] if "--ci" not in line else [])]
    assert main(given) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"python -m pytest_emid init: {REFUSED[line]}")
    assert said.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


def given(**more: Any) -> argparse.Namespace:
    nothing = {"folder": Path("suite"), "model": None, "name": None, "base_url": None, "shifted": [], "data": None}
    return argparse.Namespace(**{**nothing, "ci": None, **more})


class Somebody:
    """Answers in order, and notes the questions."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return next(self._answers)


def test_a_person_is_asked_for_what_is_open(folder: Path) -> None:
    person = Somebody("server", "our-model", "http://gpu:8000/v1", "photos.csv", "github")
    assert wanted_from(given(), person) == Wanted(
        folder=Path("suite"),
        kind="server",
        name="our-model",
        base_url="http://gpu:8000/v1",
        data="photos.csv",
        ci="github",
    )
    assert [question.splitlines()[-1] for question in person.asked] == [
        "What answers? (function, checkpoint, server, recorded) [function]: ",
        "The model's name on the server: ",
        "Its address (empty: OpenAI's own): ",
        "Data: a table, folder or hub:... (empty: built in): ",
        "CI? (github, gitlab, none) [none]: ",
    ]


def test_a_function_is_asked_for_with_its_signature(folder: Path) -> None:
    person = Somebody("function", "serving:answer", "", "")
    assert wanted_from(given(), person) == Wanted(folder=Path("suite"), kind="function", name="serving:answer")
    assert person.asked[1] == (
        "Function (images, questions) -> answers, as module:function (empty: it is still to be written): "
    )


def test_recorded_answers_are_asked_for_until_there_are_no_more(folder: Path) -> None:
    person = Somebody("recorded", "clean.jsonl", "fog:1=fog.jsonl", "next=next.jsonl", "", "photos.csv", "")
    wanted = wanted_from(given(), person)
    assert wanted.shifted == {"fog:1": Path("fog.jsonl"), "next": Path("next.jsonl")}


def test_an_answer_that_is_no_choice_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"^'robot' is none of function, checkpoint, server, recorded\.$"):
        wanted_from(given(), Somebody("robot"))


@pytest.mark.parametrize(
    ("made", "ci"),
    [
        ({}, "none"),
        ({".github/x": ""}, "github"),
        ({".gitlab-ci.yml": ""}, "gitlab"),
        ({".git/config": "url = git@github.com:us/ours.git"}, "github"),
        ({".git/config": "url = https://gitlab.example/us/ours.git"}, "gitlab"),
    ],
)
def test_with_a_model_on_the_command_line_nobody_is_asked(folder: Path, made: dict[str, str], ci: str) -> None:
    for name, text in made.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    assert wanted_from(given(model="function"), Somebody()) == Wanted(folder=Path("suite"), kind="function", ci=ci)


def test_a_server_in_the_environment_is_the_guess(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gpu:8000/v1")
    wanted = wanted_from(given(), Somebody("", "our-model", "", "", ""))
    assert (wanted.kind, wanted.base_url) == ("server", "http://gpu:8000/v1")
