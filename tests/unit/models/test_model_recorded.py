"""Recorded answers."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError
from pytest_emid.models import Outcome, RecordedModel, Response


def sample(key: str, question: str = "What is it?") -> Sample:
    return Sample(key, Image.new("RGB", (2, 2)), question, "x")


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_llava_answer_file(tmp_path: Path) -> None:
    path = written(
        tmp_path / "answers.jsonl",
        {"question_id": 0, "prompt": "What  is it?\n<image>", "text": "A cat.", "model_id": "m", "metadata": {}},
        {"question_id": "one", "text": "A dog, \ud83d\ude00", "answer_id": "x"},
    )
    path.write_text(path.read_text() + "\n\n")
    model = RecordedModel(path)
    assert model.name == "answers"
    assert len(model) == 2
    asked = [sample("one"), sample("0")]
    assert list(model.respond(asked)) == [(0, Response("A dog, \U0001f600")), (1, Response("A cat."))]


def test_outcomes_are_kept() -> None:
    records = [
        {"question_id": 1, "text": "", "outcome": "refused", "entropy": 0.5},
        {"question_id": 2, "text": "", "outcome": "failed", "error": "timeout"},
    ]
    responses = [response for _, response in RecordedModel(records).respond([sample("1"), sample("2")])]
    assert responses == [Response("", Outcome.REFUSED, entropy=0.5), Response("", Outcome.FAILED, error="timeout")]


def test_a_mapping_and_several_files(tmp_path: Path) -> None:
    mapping = RecordedModel({"a": "yes", 2: Response("no", Outcome.TRUNCATED)}, name="mine")
    assert dict(mapping.respond([sample("2"), sample("a")])) == {
        0: Response("no", Outcome.TRUNCATED),
        1: Response("yes"),
    }
    assert mapping.name == "mine"
    first = written(tmp_path / "first.jsonl", {"question_id": 1, "text": "one"})
    second = written(tmp_path / "second.jsonl", {"question_id": 2, "text": "two"})
    assert [r.text for _, r in RecordedModel([first, second]).respond([sample("2"), sample("1")])] == ["two", "one"]


def test_the_fingerprint_is_the_content_s() -> None:
    base = RecordedModel({"a": "x", "b": "y"})
    assert base.fingerprint == RecordedModel({"b": "y", "a": "x"}, name="other").fingerprint
    others = [{"a": "x", "b": "z"}, {"a": "x"}, {"a": "x", "c": "y"}, {"a": "x", "b": Response("y", Outcome.REFUSED)}]
    assert len({base.fingerprint, *(RecordedModel(other).fingerprint for other in others)}) == 5


def test_what_is_missing_is_listed() -> None:
    model = RecordedModel({"a": "yes"}, name="mine")
    with pytest.raises(DataError) as caught:
        list(model.respond([sample("a"), sample("b"), sample("c")]))
    assert str(caught.value) == (
        "the recording 'mine' has no answer to 2 of 3 samples: 'b', 'c'. "
        "Record them, or leave these samples out of the dataset."
    )
    with pytest.raises(DataError, match=r"no answer to 30 of 30 samples: 'x0', .*'x19' and 10 more"):
        list(model.respond([sample(f"x{i}") for i in range(30)]))


def test_another_question_is_not_answered() -> None:
    model = RecordedModel([{"question_id": "a", "prompt": "Where is it?", "text": "There."}], name="mine")
    with pytest.raises(DataError) as caught:
        list(model.respond([sample("a")]))
    assert str(caught.value) == (
        "the recording 'mine' answers other questions than those asked for 1 of 1 samples: 'a'. Sample 'a' asks "
        "'What is it?'; recorded was 'Where is it?'. Use the recording of this dataset and shift."
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "{path}, line 1: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1). "
         "The file must hold one JSON object a line."),
        ("[1]", "{path}, line 1: a list, not an object. One JSON object a line is needed."),
        ('{"text": "x"}', "{path}, line 1: the record has no 'question_id'; it holds 'text'."),
        ('{"question_id": 1, "text": 2}', "{path}, line 1: the record has no 'text'; it holds 'question_id', 'text'."),
        (
            '{"question_id": 1, "text": "x", "outcome": "fine"}',
            "{path}, line 1: unknown outcome 'fine'; it is one of ok, empty, refused, truncated, failed.",
        ),
        (
            '{"question_id": 1, "text": "x"}\n{"question_id": "1", "text": "y"}',
            "{path}, line 2: a second answer to '1'. One recording holds one answer per sample.",
        ),
        ("", "the recording 'bad' holds no answers."),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    with pytest.raises(DataError) as caught:
        RecordedModel(path)
    assert str(caught.value) == message.replace("{path}", str(path))


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        RecordedModel(tmp_path / "none.jsonl")
    assert str(caught.value) == f"cannot read {tmp_path / 'none.jsonl'}: No such file or directory. Check the path."
    (tmp_path / "latin.jsonl").write_bytes(b'{"question_id": 1, "text": "caf\xe9"}')
    with pytest.raises(DataError) as caught:
        RecordedModel(tmp_path / "latin.jsonl")
    assert str(caught.value) == (f"{tmp_path / 'latin.jsonl'}, line 1: not UTF-8 (byte 32). Save the file as UTF-8.")


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x1c"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, odd: str) -> None:
    records = [{"question_id": i, "text": f"one{odd}two {i}"} for i in range(2)]
    path = tmp_path / "answers.jsonl"
    path.write_bytes("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode())
    answers = [response.text for _, response in RecordedModel(path).respond([sample("0"), sample("1")])]
    assert answers == [f"one{odd}two 0", f"one{odd}two 1"]


@pytest.mark.skipif("EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE is not set")
def test_the_real_answers_of_all_63_scenarios_of_two_models() -> None:
    """42 scenarios on COCO, and seven languages in the wild: whole, its easy half, and its hard half."""
    folder = Path(os.environ["EMID_REFERENCE"]) / "llavabench"
    halves = json.loads((folder / "questions" / "wild_split_indices.json").read_text("utf-8"))
    scenarios: Counter[str] = Counter()
    for path in sorted((folder / "responses").glob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
        asked = [sample(str(record["question_id"]), record["prompt"]) for record in records]
        parts = [range(len(asked))]
        if "in_the_wild" in path.name:
            parts += [halves[f"{half}_ood_fst_cd_new"] for half in ("easy", "hard")]
        model = RecordedModel(path)
        assert len(model) == len(records) == len(parts[0]), path
        for part in parts:
            answers = dict(model.respond([asked[i] for i in part]))
            assert [answers[k].text for k in range(len(part))] == [records[i]["text"] for i in part], path
            scenarios[records[0]["model_id"]] += 1
    assert sorted(scenarios.values()) == [63, 63]
