"""What was thought before an answer is told apart when the answer is read, and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cache_doubles import make_samples

from pytest_emid.cache import Cache
from pytest_emid.models import CallableModel, Outcome, Response
from pytest_emid.models.reasoning import spoken


@pytest.mark.parametrize(
    ("said", "text", "reasoning"),
    [
        ("<think>\nA dog?\n</think>\n\nA cat.", "A cat.", "A dog?"),
        ("A dog?\n</think>\n\nA cat.", "A cat.", "A dog?"),  # the template opened it
        ("<thinking>A dog?</thinking>A cat.", "A cat.", "A dog?"),
        ("<think>A dog?</think><think>No.</think> A cat.", "A cat.", "A dog?\nNo."),
        ("[THINK]A dog?[/THINK]A cat.", "A cat.", "A dog?"),
        ("◁think▷A dog?◁/think▷A cat.", "A cat.", "A dog?"),
        ("<think></think>A cat.", "A cat.", ""),
        ("A cat.", "A cat.", ""),
        ("A cat. <think>", "A cat. <think>", ""),
        ("I think so.", "I think so.", ""),
    ],
)
def test_an_answer_without_its_reasoning(said: str, text: str, reasoning: str) -> None:
    assert spoken(Response(said, entropy=0.0)) == Response(text, entropy=0.0, reasoning=reasoning)


def test_thoughts_that_were_never_closed_hold_no_answer() -> None:
    assert spoken(Response("<think>It seems that", Outcome.TRUNCATED)) == Response(
        "", Outcome.TRUNCATED, reasoning="It seems that"
    )
    assert spoken(Response("<think>It seems that")).outcome is Outcome.EMPTY
    assert spoken(Response("<think>Hm</think>")).outcome is Outcome.EMPTY


def test_what_is_no_answer_is_let_alone() -> None:
    refusal = Response("<think>No.</think>", Outcome.REFUSED)
    assert spoken(refusal) is refusal


def test_reasoning_from_both_places_is_joined() -> None:
    assert spoken(Response("<think>b</think>c", reasoning="a")).reasoning == "a\nb"


def test_answers_are_kept_as_they_came_and_read_without(tmp_path: Path) -> None:
    samples = make_samples(2)
    answers = [Response("<think>Hm</think>Yes."), Response("No.", reasoning="Hm")]
    model = CallableModel(lambda images, questions: answers, fingerprint="1", name="thinker")
    read = [Response("Yes.", reasoning="Hm"), Response("No.", reasoning="Hm")]
    with Cache(tmp_path / "a") as cache:
        assert cache.respond(model, samples) == read
        cache.export_pack(tmp_path / "pack.json")
        kept = {
            entry["text"]: entry.get("reasoning")
            for entry in json.loads((tmp_path / "pack.json").read_text())["answers"]
        }
        assert kept == {"<think>Hm</think>Yes.": None, "No.": "Hm"}
        assert cache.respond(model, samples) == read
        assert cache.counts.asked == 2
    with Cache(tmp_path / "b") as other:
        other.import_pack(tmp_path / "pack.json")
        assert other.respond(model, samples) == read
        assert other.counts.asked == 0
