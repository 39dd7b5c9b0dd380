"""A language prior says the same of several pictures, whatever their references."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.errors import EmidError
from pytest_emid.information.guards.pictures import is_prior, picture_changes

N, EACH = 40, 4
ASKED = [f"What is in room {i // EACH}?" for i in range(N)]
SHOWN = [f"{i}.png" for i in range(N)]
TRUE = [f"object {i % EACH}" for i in range(N)]
PRIOR = [f"object of room {i // EACH}" for i in range(N)]


def changes(answers: Any = PRIOR, references: Any = TRUE, asked: Any = ASKED, shown: Any = SHOWN) -> float | None:
    return picture_changes(asked, shown, answers, references)


def test_a_prior_and_the_truth() -> None:
    assert changes() == 0.0
    assert is_prior(changes())
    assert changes(TRUE) == 1.0


@pytest.mark.parametrize(
    "said",
    [
        {"0": "no thing", "1": "1 of them", "2": "a pair", "3": "a trio"},
        {"0": "nichts", "1": "eins", "2": "zwei", "3": "drei"},
        {"0": "是", "1": "不是", "2": "是", "3": "不是"},
    ],
    ids=["other words", "another language", "another script"],
)
def test_whoever_looks_may_say_it_in_any_words(said: dict[str, str]) -> None:
    found = changes([f"Here we have {said[text[-1]]}." for text in TRUE])
    assert found is not None
    assert found >= 0.5
    assert not is_prior(found)


def test_by_its_definition() -> None:
    # of each room the second answer differs: two of four neighbours
    told = [f"{prior} too" if i % EACH == 1 else prior for i, prior in enumerate(PRIOR)]
    assert changes(told) == 0.5
    # pairs need another reference: of 0, 0, 1, 1 only the second of each room meets another answer, the third
    assert changes(told, [f"object {i % EACH // 2}" for i in range(N)]) == 0.25


@settings(max_examples=40, deadline=None)
@given(
    each=st.integers(2, 24),
    questions=st.integers(10, 14),
    texts=st.lists(st.text(max_size=5), min_size=14, max_size=14),
)
def test_whatever_follows_from_the_question_never_changes(each: int, questions: int, texts: list[str]) -> None:
    count = each * questions
    asked = [f"Question {i // each}" for i in range(count)]
    found = changes(
        [texts[i // each] for i in range(count)],
        [str(i) for i in range(count)],
        asked,
        [f"{i}.png" for i in range(count)],
    )
    assert found == 0.0


def test_a_stray_answer_is_no_sight() -> None:
    count = 400
    asked, shown = [f"Question {i // 20}" for i in range(count)], [str(i) for i in range(count)]
    told = [f"answer to {one}" for one in asked]
    told[7] = "another run, another answer"
    found = changes(told, shown, asked, shown)
    assert found == 2 / count  # it and the one before it
    assert is_prior(found)


@pytest.mark.parametrize(("changes", "prior"), [(0.0, True), (0.02, True), (0.021, False), (1.0, False), (None, False)])
def test_never_or_now_and_then(changes: float | None, prior: bool) -> None:
    assert is_prior(changes) is prior


@pytest.mark.parametrize(
    "given",
    [
        {"asked": SHOWN},  # each question once
        {"shown": [f"{i // EACH}.png" for i in range(N)]},  # each of one picture
        {"shown": [""] * N},
        {"references": PRIOR},  # one reference for all pictures
        {"asked": ["What is it?"] * 8 * 4 + ASKED[:8]},  # three questions
        {"shown": [*SHOWN[:18], *[""] * 22]},  # 18 samples, in five groups
    ],
    ids=["questions", "picture", "no picture", "references", "few questions", "few samples"],
)
def test_where_nothing_can_be_told_nothing_is_said(given: dict[str, Any]) -> None:
    assert changes(**given) is None


def test_texts_are_one_however_they_are_written() -> None:
    shouted = [text.upper() if i % 2 else f" {text[:-1]}!" for i, text in enumerate(ASKED)]
    assert changes(asked=shouted) == 0.0
    assert changes([text.upper() if i % 2 else f"{text}." for i, text in enumerate(PRIOR)]) == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"answers": PRIOR[:3]}, "answers: 3 for 40 questions. Give one per sample."),
        ({"shown": SHOWN[:3]}, "pictures: 3 for 40 questions. Give one per sample."),
        (
            {"shown": [1] * N},
            "pictures: the answer at position 0 is of type int, not a text. An answer that is missing is an empty "
            "text.",
        ),
    ],
)
def test_errors(given: dict[str, Any], message: str) -> None:
    with pytest.raises(EmidError) as caught:
        changes(**given)
    assert str(caught.value) == message
