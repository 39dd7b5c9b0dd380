"""Places for pictures in questions."""

from __future__ import annotations

import pytest
from refusals import refused

from pytest_emid.errors import DataError
from pytest_emid.models.placeholders import around_picture, without_places


@pytest.mark.parametrize(
    ("question", "before", "after"),
    [
        ("What is it?", "", "What is it?"),
        ("<image>\nWhat is it?", "", "What is it?"),
        ("What is it?\n<image>", "What is it?", ""),
        ("<image 1> What is it?", "", "What is it?"),
        ("Look at <image 1>: is <image 1> red?", "Look at", ": is red?"),
        (" two  spaces ", "", " two  spaces "),
        ("What does <img> do?", "", "What does <img> do?"),
        ("<image>", "", ""),
    ],
)
def test_a_picture_is_put_where_it_belongs(question: str, before: str, after: str) -> None:
    assert around_picture(question) == (before, after)


def test_a_prompt_with_a_place_of_its_own_takes_the_rest() -> None:
    assert without_places("<image>\nWhat is it?") == "What is it?"
    assert without_places(" What? ") == " What? "


@pytest.mark.parametrize("question", ["<image> and <image>", "<image 1> or <image 2>?", "<image 2>?"])
def test_one_picture_where_two_are_asked_for(question: str) -> None:
    assert refused(lambda: around_picture(question, "s1"), DataError) == (
        f"sample 's1' asks about 2 pictures ({question!r}), and a sample has one. Join them into one picture, or leave "
        "the sample out."
    )
