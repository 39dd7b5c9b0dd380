"""Places for pictures in questions."""

from __future__ import annotations

import pytest
from refusals import refused

from pytest_emid.errors import DataError
from pytest_emid.models.placeholders import arranged, without_places


@pytest.mark.parametrize(
    ("question", "pictures", "parts"),
    [
        ("What is it?", 1, [0, "What is it?"]),
        ("<image>\nWhat is it?", 1, [0, "What is it?"]),
        ("What is it?\n<image>", 1, ["What is it?", 0]),
        ("<image 1> What is it?", 1, [0, "What is it?"]),
        ("Look at <image 1>: is <image 1> red?", 1, ["Look at", 0, ": is red?"]),
        (" two  spaces ", 1, [0, " two  spaces "]),
        ("What does <img> do? <image 0>", 1, [0, "What does <img> do? <image 0>"]),
        ("<image>", 1, [0]),
        ("What is 2 + 2?", 0, ["What is 2 + 2?"]),
        ("Which is red?", 2, [0, 1, "Which is red?"]),
        ("Is <image 1> like <image 2>?", 2, ["Is", 0, "like", 1, "?"]),
        ("<image 2> or <image_1>?", 2, [1, "or", 0, "?"]),
        ("Is <image 2> red?", 3, [0, 2, "Is", 1, "red?"]),
        ("<image 1> and <image 2>: is <image 1> red?", 2, [0, "and", 1, ": is image 1 red?"]),
        ("<image> is it? <image>", 3, [0, 1, "is it?", 2]),
        ("<image 2>, then <image>", 2, [1, ", then", 0]),
    ],
)
def test_pictures_are_put_where_they_belong(question: str, pictures: int, parts: list[str | int]) -> None:
    assert arranged(question, pictures) == parts


def test_a_prompt_with_a_place_of_its_own_takes_the_rest() -> None:
    assert without_places("<image>\nWhat is it?") == "What is it?"
    assert without_places(" What? ") == " What? "


@pytest.mark.parametrize(
    ("question", "pictures", "said"),
    [
        ("<image> and <image>", 1, "2 pictures ('<image> and <image>'), and it has 1"),
        ("<image 1> or <image 2>?", 1, "2 pictures ('<image 1> or <image 2>?'), and it has 1"),
        ("<image 2>?", 1, "2 pictures ('<image 2>?'), and it has 1"),
        ("<image 7>?", 3, "7 pictures ('<image 7>?'), and it has 3"),
        ("<image> is?", 0, "a picture ('<image> is?'), and it has none"),
    ],
)
def test_fewer_pictures_than_are_asked_for(question: str, pictures: int, said: str) -> None:
    assert refused(lambda: arranged(question, pictures, "s1"), DataError) == (
        f"sample 's1' asks about {said}. Give it all of them (Sample.images, or a list in the column of the picture), "
        "or leave it out."
    )
