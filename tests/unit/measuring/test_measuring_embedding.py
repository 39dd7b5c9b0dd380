"""What estimation needs of a dataset and its answers: the query embedding and the draws."""

from __future__ import annotations

import numpy as np
import pytest
from spelled_world import answered

from pytest_emid.measuring.embedding import Answered, query
from pytest_emid.models.base import Response

SIDE = answered(12, draws=3)


def embedded(image_columns: int = 8, texts: list[list[str]] | None = None) -> Answered:
    arrays = SIDE.arrays()
    told = [tuple(Response(text) for text in answers) for answers in (texts or SIDE.answers)]
    further = tuple((responses, SIDE.arrays(i).response) for i, responses in enumerate(told[1:], start=1))
    return Answered(
        SIDE.dataset, arrays.image[:, :image_columns], arrays.text, arrays.reference, told[0], arrays.response, further
    )


def test_equal_dimensions_are_averaged() -> None:
    arrays, found = SIDE.arrays(), embedded()
    assert found.query.dtype == np.float32
    assert found.query == pytest.approx((arrays.image + arrays.text) / 2)
    assert found.query_form == "mean of picture and question"


def test_other_dimensions_stand_side_by_side_and_keep_their_length() -> None:
    arrays, found = SIDE.arrays(), embedded(image_columns=3)
    assert found.query.dtype == np.float32
    assert found.query == pytest.approx(np.hstack([arrays.image[:, :3], arrays.text]) / np.sqrt(2))
    assert found.query_form == "picture and question side by side (3 + 8)"
    whole = query(np.ones((2, 1), dtype=np.float32), np.array([[0.6, 0.8]] * 2, dtype=np.float32))
    assert np.linalg.norm(whole, axis=1) == pytest.approx(1.0)


def test_draws_begin_with_the_one_that_is_measured() -> None:
    found = embedded()
    assert [[response.text for response in draw] for draw in found.draws] == [list(a) for a in SIDE.answers]
    assert found.draws[0] is found.responses


@pytest.mark.parametrize(("texts", "only"), [(["red"] * 12, "red"), (["red"] * 11 + ["blue"], None), ([""] * 12, "")])
def test_the_only_answer(texts: list[str], only: str | None) -> None:
    assert embedded(texts=[texts]).only_answer == only
