"""A look at a few answers: what is plainly broken, and what is a finding."""

from __future__ import annotations

from typing import Any

import pytest
from oracle_world import Oracle, measurer

from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.errors import ShiftError
from pytest_emid.measuring.leaving_out import UnansweredError
from pytest_emid.measuring.smoke import broken
from pytest_emid.models.base import Outcome, Response

CLEAN = scenes_dataset(60)
GOOD = [Response(sample.reference) for sample in CLEAN]
SAME = [Response("yes")] * 60
SORRY = [Response("I'm sorry, but I can't help with that.")] * 31 + GOOD[31:]
EMPTY = [Response("", Outcome.EMPTY)] * 40 + GOOD[40:]
HALF = [Response("", Outcome.REFUSED)] * 30 + GOOD[30:]


class Asker:
    """Answers as it is told, by label."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []

    def ask(self, dataset: Dataset, label: str) -> tuple[Any, ...]:
        self.asked.append(label)
        found = self.answers[label]
        if isinstance(found, int):
            raise UnansweredError("m", label, {f"s{i}": "out of order" for i in range(found)}, len(dataset))
        return (tuple(found),)


@pytest.mark.parametrize(
    ("answers", "said", "asked"),
    [
        ({"clean": GOOD, "blur": GOOD, "typos": GOOD}, None, 3),
        ({"clean": GOOD, "blur": SAME, "typos": GOOD}, None, 3),  # a finding about blur
        ({"clean": HALF, "blur": HALF, "typos": GOOD}, None, 3),
        ({"clean": 30, "blur": GOOD, "typos": GOOD}, None, 3),
        ({"clean": SAME}, "of clean, all 60 answers are 'yes'", 1),
        (
            {"clean": EMPTY},
            "of clean, 40 of 60 answers are none (40 empty), such as ''",
            1,
        ),
        (
            {"clean": SORRY},
            "of clean, 31 of 60 answers are none (31 refusals in prose), such as "
            "\"I'm sorry, but I can't help with that.\"",
            1,
        ),
        (
            {"clean": 31},
            "of clean, 31 of 60 answers failed (s0: out of order; s1: out of order; s2: out of order; ...)",
            1,
        ),
        (
            {"clean": GOOD, "blur": SAME, "typos": EMPTY},
            "of blur, all 60 answers are 'yes', and likewise of typos",
            3,
        ),
    ],
)
def test_what_is_plainly_broken(answers: dict[str, Any], said: str | None, asked: int) -> None:
    asker = Asker(**answers)
    assert broken(asker, [(label, CLEAN) for label in ("clean", "blur", "typos")]) == said  # type: ignore[arg-type]
    assert len(asker.asked) == asked


def test_equal_answers_to_equal_references_are_right() -> None:
    alike = Dataset("alike", [sample.with_(reference="yes") for sample in CLEAN])
    assert broken(Asker(clean=SAME), [("clean", alike)]) is None  # type: ignore[arg-type]


def test_a_shift_of_another_tests_data_is_no_fault_of_the_model() -> None:
    model = Oracle(CLEAN)
    assert measurer(CLEAN, model).smoke(["option_rotation:1", "keyboard:1"]) is None  # scenes have no options
    assert len(model.asked) == 120
    with pytest.raises(ShiftError, match="option_rotation:1 changed none of the 60 questions"):
        measurer(CLEAN, model).measure("option_rotation:1")
