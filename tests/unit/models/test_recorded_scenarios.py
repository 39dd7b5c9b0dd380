"""Answers recorded in several scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytest_emid import encoders, models
from pytest_emid.cache import Cache
from pytest_emid.data import Dataset, Sample, scenes_dataset
from pytest_emid.errors import DataError
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.verdicts import Verdict
from pytest_emid.plugin.assertions import assert_information_retained

CLEAN = scenes_dataset(90)
OLD = {sample.id: sample.reference for sample in CLEAN}
NEW = {sample.id: "A purple elephant." if i % 5 < 2 else sample.reference for i, sample in enumerate(CLEAN)}


def test_two_files_give_a_paired_verdict(tmp_path: Path) -> None:
    for name, answers in (("old", OLD), ("new", NEW)):
        lines = [json.dumps({"question_id": key, "text": text}) for key, text in answers.items()]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    model = models.load_recorded(tmp_path / "old.jsonl", {"new": tmp_path / "new.jsonl", "keyboard:1": NEW})
    assert (model.name, model.scenarios) == ("old", ("new", "keyboard:1"))
    with Cache(tmp_path / "cache") as cache:
        measurer = Measurer(model, CLEAN, encoders.load("tiny"), cache=cache, permutations=0)
        for shift in (model.shift("new"), "keyboard:1"):
            result = measurer.measure(shift)
            assert (result.paired, result.obstacles, result.clean.exact.value) == (True, (), 1.0)
            assert result.shifted.exact.value == pytest.approx(0.6)
            assert {record.id: record.response for record in result.shifted.records} == NEW
            decision = assert_information_retained(result, 0.3)
            assert decision.verdict is Verdict.PASS
            with pytest.raises(AssertionError, match=r"^FAIL: information retained under "):
                assert_information_retained(result, 0.8)


def test_equal_pictures_and_questions_have_answers_of_their_own() -> None:
    """Of one recording, and whatever was asked first."""
    picture = Image.new("RGB", (4, 4))
    one, other = (Dataset(key, [Sample(key, picture, "What is it?", "x")]) for key in ("a", "b"))
    model = models.RecordedModel({"a": "A dog.", "b": "A cat."})
    with Cache(None) as cache:
        assert [cache.respond(model, each)[0].text for each in (one, other, one)] == ["A dog.", "A cat.", "A dog."]


def test_questions_are_those_that_were_recorded() -> None:
    records = [{"question_id": s.id, "text": "x", "prompt": f"<image>\n{s.question}"} for s in CLEAN]
    records[0]["prompt"] = "<image> Was ist das?"
    shifted = models.load_recorded(OLD, {"de": records}).shift("de").apply(CLEAN, 0)
    assert shifted.ids == CLEAN.ids
    assert [a.question for a in shifted][1:] == [b.question for b in CLEAN][1:]
    assert shifted[0].question == "Was ist das?"
    assert str(models.load_recorded(OLD, {"de": records}).shift("de")) == "de"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: models.load_recorded(OLD, {"a": OLD, "b": OLD}, name="m").under("frost:1"),
            "the recording 'm' holds no answers under 'frost:1'; it holds clean, a, b. Record them, and give them to "
            "load_recorded: shifted={'frost:1': path}.",
        ),
        (
            lambda: models.load_recorded(OLD, {}),
            "shifted is a mapping from scenario to recorded answers, at least one: {'keyboard:1': 'keyboard.jsonl'}.",
        ),
        *(
            (
                lambda name=name: models.load_recorded(OLD, {name: OLD}),
                f"{name!r} names no scenario: give the id of a shift, or a name such as 'new release'.",
            )
            for name in ("", "clean", "identity", 3)
        ),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        call()
    assert str(caught.value) == message


def test_what_changes_nothing_is_answered_as_the_clean_set() -> None:
    model = models.load_recorded(OLD, {"a": NEW})
    assert model.under("identity") is model.under("clean")
    assert [r.text for _, r in model.respond(list(CLEAN)[:2])] == [s.reference for s in list(CLEAN)[:2]]


@pytest.mark.parametrize("written", ["clean.jsonl", "./clean.jsonl"])
def test_the_recording_of_the_clean_set_is_none_of_a_shift(tmp_path: Path, monkeypatch, written: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clean.jsonl").write_text('{"id": "s1", "answer": "A dog."}\n')
    with pytest.raises(DataError) as caught:
        models.load_recorded("clean.jsonl", {"frost:3": written})
    assert str(caught.value) == (
        "'frost:3' has the recording of the clean set, clean.jsonl: nothing would be compared."
    )
