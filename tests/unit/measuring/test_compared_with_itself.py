"""A shift that changes nothing, and a dataset compared with itself: everything is retained, and nothing was tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from pytest_emid import encoders, shifts
from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.obstacles import BOUND, DRIFT, EMI, EMID, INFORMATION, noted
from pytest_emid.models import CallableModel, RecordedModel, load_recorded

CLEAN = scenes_dataset(60)
SAID = {sample.id: sample.reference for sample in CLEAN}
MOVED = [sample.with_(id=f"x-{sample.id}") for sample in CLEAN]


def measurer(model: Any) -> Measurer:
    return Measurer(model, CLEAN, encoders.load("tiny"), permutations=0)


@pytest.fixture(scope="module")
def asked() -> Iterator[Measurer]:
    @shifts.register_visual("forgets", severities=(1,))
    def forgets(image: Image.Image, severity: int, rng: Any) -> Image.Image:
        image.rotate(90)
        return image

    said = {sample.question: sample.reference for sample in CLEAN}
    yield measurer(CallableModel(lambda images, questions: [said[q] for q in questions], fingerprint="1", greedy=True))
    shifts.unregister("forgets")


@pytest.mark.parametrize(
    ("shift", "name"),
    [("forgets:1", "forgets:1"), (CLEAN, CLEAN.name), (Dataset("again", MOVED[::-1]), "again")],
    ids=["shift", "itself", "other ids and order"],
)
def test_no_gate_passes_and_all_say_why(asked: Measurer, shift: Any, name: str) -> None:
    result = asked.measure(shift)
    why = (
        f"Under {name} the 60 pictures and questions are those of the clean set, so nothing was tested. Look at what "
        "the shift or the dataset gives; a control is measured as 'identity'."
    )
    assert result.remarks[0] == why
    for measure in (INFORMATION, EMID, EMI, BOUND, DRIFT, "metric"):
        assert noted(result, measure).count(why) == 1


def test_a_control_and_a_change_of_one_picture_are_something_else(asked: Measurer) -> None:
    assert asked.measure("identity").obstacles == ()
    one = Dataset("one", [CLEAN[0].with_(image=Image.new("RGB", (8, 8))), *list(CLEAN)[1:]])
    assert asked.measure(one).obstacles == ()


def test_recordings_of_equal_queries_are_two_measurements() -> None:
    recorded = load_recorded(SAID, {"new": SAID})
    assert measurer(recorded).measure(recorded.shift("new")).obstacles == ()
    both = RecordedModel(SAID | {sample.id: sample.reference for sample in MOVED})
    assert measurer(both).measure(Dataset("new", MOVED)).obstacles == ()
