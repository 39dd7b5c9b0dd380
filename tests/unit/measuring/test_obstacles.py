"""What forbids a PASS holds for every gate that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from emid_factory import estimate, make_result

from pytest_emid import (
    EmidResult,
    assert_bound_holds,
    assert_emi_above,
    assert_emid_below,
    assert_information_retained,
    assert_no_input_drift,
)
from pytest_emid.measuring.obstacles import BOUND, DRIFT, EMI, EMID, INFORMATION, against
from pytest_emid.measuring.results import Bound, Obstacle
from pytest_emid.measuring.verdicts import Decision

Gate = Callable[[EmidResult], Decision]

ANSWERS: dict[str, Gate] = {
    "retained": lambda result: assert_information_retained(result, 0.5),
    "EMID": lambda result: assert_emid_below(result, 1e6),
    "anchored": lambda result: assert_emid_below(result, 1e6, anchored=True),
    "EMI": lambda result: assert_emi_above(result, -1e6),
    "clean EMI": lambda result: assert_emi_above(result, -1e6, side="clean"),
    "rigorous": assert_bound_holds,
    "published": lambda result: assert_bound_holds(result, "published"),
}
"""Gates on answers, as lenient as they can be asked."""
GATES = {**ANSWERS, "drift": assert_no_input_drift}

BOUNDS = {
    "rigorous": Bound("rigorous", 0.8, "nats", {}, "", estimate(0.1, 0.05, unit="nats")),
    "published": Bound("published", 7.5, "nats", {}),
}
SAME = (
    "All 90 answers on clean data are the same ({!r}): there is nothing that the shift could take away. Check the "
    "model, its prompt and its pictures."
)


def answered(clean: Sequence[str] | None = None, shifted: Sequence[str] | None = None, **changes: Any) -> EmidResult:
    """A result that every gate passes but for its answers."""
    result = make_result(retained=0.97, bounds=BOUNDS, **changes)
    for name, texts in (("clean", clean), ("shifted", shifted)):
        if texts is not None:
            side = getattr(result, name)
            records = tuple(replace(r, response=text) for r, text in zip(side.records, texts, strict=True))
            result = replace(result, **{name: replace(side, records=records)})
    return result


def why(gate: Gate, result: EmidResult) -> str:
    """The reason of an UNDECIDED gate."""
    with pytest.raises(AssertionError, match=r"^UNDECIDED: ") as caught:
        gate(result)
    return str(caught.value).splitlines()[6].removeprefix("  why        ")


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_without_obstacles_every_gate_passes(gate: Gate) -> None:
    assert gate(answered()).verdict == "PASS"


@pytest.mark.parametrize("gate", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize(
    ("clean", "shifted", "reason"),
    [
        ([""] * 90, [""] * 90, SAME.format("")),
        (["red"] * 90, ["red"] * 90, SAME.format("red")),
        (["Red.", "red", " red "] * 30, None, SAME.format("Red.")),
        (
            None,
            ["red"] * 90,
            "All 90 answers on shifted data are the same ('red'): they say nothing about the samples.",
        ),
        (
            [f"Question {i}" for i in range(90)],
            None,
            "100 % of the answers on clean data repeat the question and add nothing: the model does not answer. Check "
            "its prompt and its chat template.",
        ),
        (
            None,
            [f"question {i}?" if i < 46 else f"answer {i}" for i in range(90)],
            "51 % of the answers on shifted data repeat the question and add nothing: the model does not answer. Check "
            "its prompt and its chat template.",
        ),
    ],
    ids=["empty", "constant", "constant but for case", "constant when shifted", "parroted", "mostly parroted"],
)
def test_no_gate_passes_on_answers_that_say_nothing(
    gate: Gate, clean: Sequence[str] | None, shifted: Sequence[str] | None, reason: str
) -> None:
    assert why(gate, answered(clean, shifted)) == reason


def test_input_drift_needs_no_answers() -> None:
    assert assert_no_input_drift(answered([""] * 90, [""] * 90)).verdict == "PASS"


def test_half_of_the_answers_may_be_their_question() -> None:
    half = [f"question {i}?" if i % 2 else f"answer {i}" for i in range(90)]
    assert against(answered(half, half), INFORMATION) == []


def test_a_question_of_nothing_is_not_repeated_by_an_empty_answer() -> None:
    result = answered(["" if i else "x" for i in range(90)])
    records = tuple(replace(record, question="?") for record in result.clean.records)
    assert against(replace(result, clean=replace(result.clean, records=records)), BOUND) == []


@pytest.mark.parametrize("measure", [INFORMATION, EMID, EMI, BOUND, DRIFT])
def test_what_was_noted_concerns_the_measures_that_it_names(measure: str) -> None:
    noted = (Obstacle("Everything."), Obstacle("This alone.", (measure,)), Obstacle("Another.", ("other",)))
    assert against(answered(obstacles=noted), measure) == ["Everything.", "This alone."]


def test_a_critic_that_explains_nothing_is_an_obstacle_to_drift_between_other_samples_alone() -> None:
    assert against(answered(informative=False), DRIFT) == []
    assert against(answered(informative=False, paired=False), DRIFT) == [
        "These encoders tell nothing of held-out references (R2 +0.010 [-0.040, +0.060]), so it is not known that they "
        "see a difference between these inputs."
    ]


@pytest.mark.parametrize(("shared", "torn"), [(4, 0), (6, 6)])
def test_samples_of_one_picture_are_one_cluster(shared: int, torn: int) -> None:
    result = answered()
    records = [replace(record, picture=f"digest {i}") for i, record in enumerate(result.clean.records)]
    records[:shared] = [replace(record, picture="the same", cluster=record.id) for record in records[:shared]]
    result = replace(result, clean=replace(result.clean, records=tuple(records)))
    sentence = (
        f"{torn} of 90 clean samples share their picture with a sample of another cluster: intervals take them for "
        "independent and are too narrow. Give samples of one picture one `cluster`."
    )
    for measure in (INFORMATION, EMID, EMI, BOUND):
        assert (sentence in against(result, measure)) is bool(torn)
    assert sentence not in against(result, DRIFT)


def test_a_shift_may_make_pictures_alike() -> None:
    result = answered()
    records = tuple(replace(record, picture="black", cluster=record.id) for record in result.shifted.records)
    assert not against(replace(result, shifted=replace(result.shifted, records=records)), INFORMATION)
