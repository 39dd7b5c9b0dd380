"""A recording goes by sample ids: what it says of clean samples must not pass for answers to shifted ones."""

from __future__ import annotations

import pytest

from pytest_emid import encoders
from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.verdicts import Verdict
from pytest_emid.models import CallableModel, RecordedModel
from pytest_emid.plugin.assertions import (
    assert_bound_holds,
    assert_emi_above,
    assert_emid_below,
    assert_information_retained,
)

CLEAN = scenes_dataset(90)
GATES = {
    "retained": lambda result: assert_information_retained(result, 0.5, undecided="warn"),
    "emid": lambda result: assert_emid_below(result, 4.0, undecided="warn"),
    "anchored": lambda result: assert_emid_below(result, 4.0, anchored=True, undecided="warn"),
    "emi": lambda result: assert_emi_above(result, -1e9, undecided="warn"),
    "bound": lambda result: assert_bound_holds(result, "published", undecided="warn"),
}


def recording(*sets: Dataset) -> RecordedModel:
    return RecordedModel({sample.id: sample.reference for each in sets for sample in each}, name="last release")


def measurer(model: object) -> Measurer:
    return Measurer(model, CLEAN, encoders.load("tiny"), permutations=0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def recorded() -> Measurer:
    return measurer(recording(CLEAN))


@pytest.mark.parametrize(("shift", "what"), [("defocus_blur:5", "picture"), ("keyboard:5", "question")])
def test_no_gate_passes_and_all_say_why(recorded: Measurer, shift: str, what: str) -> None:
    result = recorded.measure(shift)
    doubt = (
        "'last release' answers by sample id alone, so its answer to sample 'scene-000000-conversation' was taken for "
        f"both sets, though its {what} differs: what {shift} does to answers was not measured. Ask the model itself, "
        "use a replay pack of its answers, or give recorded shifted samples ids of their own."
    )
    assert result.remarks[0] == doubt
    for name, gate in GATES.items():
        with pytest.warns(UserWarning, match="was not measured"):
            decision = gate(result)
        assert (name, decision.verdict) == (name, Verdict.UNDECIDED)
        assert decision.reason.count(doubt) == 1


def test_shifted_samples_with_ids_of_their_own_are_another_thing() -> None:
    other = Dataset(
        "elsewhere", [s.with_(id=f"x-{s.id}", cluster=f"x-{s.cluster}") for s in scenes_dataset(90, seed=9)]
    )
    result = measurer(recording(CLEAN, other)).measure(other)
    assert result.obstacles == ()
    assert assert_emi_above(result, -1e9).verdict is Verdict.PASS


def test_what_a_shift_leaves_alone_is_answered(recorded: Measurer) -> None:
    assert recorded.measure("identity").obstacles == ()


def test_a_model_that_sees_the_query_is_no_recording() -> None:
    model = CallableModel(lambda images, questions: [question[:9] for question in questions], fingerprint="1")
    assert measurer(model).measure("defocus_blur:1").obstacles == ()
