"""A response holds what it must, whoever makes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_emid.errors import DataError
from pytest_emid.models import Outcome, RecordedModel, Response


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": None}, "a response's text is a string, not a NoneType: 'None'."),
        ({"text": ["a"]}, "a response's text is a string, not a list: \"['a']\"."),
        ({"text": "", "error": 5}, "a response's error is a string, not a int: '5'."),
        (
            {"text": "", "outcome": "late"},
            "a response's outcome is one of ok, empty, refused, truncated, failed, not 'late'.",
        ),
        ({"text": "", "entropy": "x"}, "a response's entropy is a finite number of nats from 0 up, not 'x'."),
        ({"text": "", "entropy": float("nan")}, "a response's entropy is a finite number of nats from 0 up, not nan."),
        ({"text": "", "entropy": -0.5}, "a response's entropy is a finite number of nats from 0 up, not -0.5."),
    ],
)
def test_what_is_none(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        Response(**fields)
    assert str(caught.value) == message


def test_an_outcome_by_its_name_is_that_outcome() -> None:
    assert Response("", "failed").outcome is Outcome.FAILED  # type: ignore[arg-type]


def test_entropies_of_numpy() -> None:
    assert Response("a", entropy=np.float32(0.5)).entropy == 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"s1": 5}, "answer 's1': a response's text is a string, not a int: '5'."),
        (
            [{"question_id": 1, "text": "a", "entropy": "x"}],
            "record 0: a response's entropy is a finite number of nats from 0 up, not 'x'.",
        ),
        ([{"question_id": 1, "text": "a", "prompt": 5}], "record 0: the prompt is a string, not a int."),
    ],
)
def test_recordings_say_which_answer_is_wrong(answers: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        RecordedModel(answers)
    assert str(caught.value) == message
