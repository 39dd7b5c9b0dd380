"""Stages of a measurement: nested, of whole pictures, in an order of their own; and what a look decides."""

from __future__ import annotations

import itertools

import pytest
from oracle_world import Oracle, Shout, measurer

from pytest_emid.data import Dataset, scenes_dataset
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.looks import looks
from pytest_emid.measuring.staging import decided, repeats_questions, stages_of
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict

SCENES = scenes_dataset(300)


def test_stages_hold_whole_pictures_and_those_of_the_stage_before() -> None:
    stages = stages_of(SCENES, SCENES, True, 0)
    assert [round(share, 2) for share, _, _ in stages] == [0.24, 0.43, 0.62, 0.81, 1.0]
    assert [len(ids) for _, ids, _ in stages] == [72, 129, 186, 243, 300]
    cluster = dict(zip(SCENES.ids, SCENES.clusters, strict=True))
    for (_, smaller, others), (_, larger, _) in itertools.pairwise(stages):
        assert smaller == others
        assert set(smaller) < set(larger)
        rest = set(SCENES.ids) - set(smaller)
        assert {cluster[i] for i in smaller}.isdisjoint(cluster[i] for i in rest)


def test_the_order_follows_from_the_seed_and_the_pictures_names_alone() -> None:
    first = stages_of(SCENES, SCENES, True, 0)[0][1]
    backwards = Dataset("b", list(SCENES)[::-1])
    assert set(stages_of(backwards, backwards, True, 0)[0][1]) == set(first)
    assert set(stages_of(SCENES, SCENES, True, 1)[0][1]) != set(first)


@pytest.mark.parametrize(
    ("n", "sizes"), [(60, [60]), (90, [75, 90]), (150, [66, 93, 123, 150]), (240, [60, 105, 150, 195, 240])]
)
def test_no_stage_is_too_small_to_pass_on(n: int, sizes: list[int]) -> None:
    assert [len(ids) for _, ids, _ in stages_of(SCENES.first(n), SCENES.first(n), True, 0)] == sizes


def test_unpaired_sets_have_stages_of_their_own() -> None:
    other = Dataset("other", [sample.with_(id=f"o{sample.id}") for sample in scenes_dataset(240)])
    for _, ids, others in stages_of(SCENES, other, False, 0):
        assert set(ids) <= set(SCENES.ids)
        assert set(others) <= set(other.ids)
    assert len(stages_of(SCENES, other.first(60), False, 0)) == 1


def decision(low: float, high: float, n: int = 120, se: float = 0.02) -> Decision:
    estimate = Estimate((low + high) / 2, low, high, se, n, n // 3, unit="fraction")
    verdict = Verdict.PASS if low >= 0.9 else Verdict.FAIL if high < 0.9 else Verdict.UNDECIDED
    return Decision("information retained", verdict, "s", estimate, 0.9, Direction.ABOVE, 0, "So.", p=0.4)


def test_a_look_fails_and_passes_at_confidences_of_its_own() -> None:
    look = looks([0.24, 0.43, 0.62, 0.81, 1.0])[0]
    asked: list[float] = []

    def gate(confidence: float) -> Decision:
        asked.append(confidence)
        return decision(0.91, 1.01) if confidence == look.passes_at else decision(0.89, 1.0)

    made = decided(look, 501, gate)
    assert asked == [look.fails_at, look.passes_at]
    assert (made.verdict, made.look, made.whole) == (Verdict.PASS, 1, 501)
    assert made.reason == "So. At look 1 of 5, 120 of 501 samples."
    assert decided(look, 501, lambda c: decision(0.5, 0.8)).verdict is Verdict.FAIL


def test_what_did_not_change_is_decided_by_pictures_and_only_towards_a_pass() -> None:
    look = looks([0.24, 0.43, 0.62, 0.81, 1.0])[0]

    def gate(confidence: float) -> Decision:
        return decision(0.91, 1.09) if confidence < look.passes_at else decision(0.88, 1.12)

    assert decided(look, 501, gate).verdict is Verdict.UNDECIDED
    assert decided(look, 501, gate, unchanged=True).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("n", "whole", "verdict"),
    [(120, 501, "UNDECIDED"), (150, 501, "PASS"), (120, 149, "PASS")],
)
def test_a_gate_on_information_does_not_pass_before_a_decoder_can_object(n: int, whole: int, verdict: str) -> None:
    look = looks([0.24, 1.0])[0]
    found = decided(look, whole, lambda c: decision(0.95, 1.0, n), by_information=True)
    assert found.verdict == verdict
    if verdict == "UNDECIDED":
        assert found.reason.startswith(f"{n} samples are too few for a decoder to object, and there are {whole}.")


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"by_information": True, "untold": True}, Verdict.UNDECIDED),
        ({"by_information": True}, Verdict.PASS),
        ({"untold": True}, Verdict.PASS),  # of a metric
    ],
)
def test_a_gate_on_information_does_not_pass_before_a_prior_is_told(given: dict[str, bool], verdict: Verdict) -> None:
    early, last = looks([0.24, 1.0])
    found = decided(early, 501, lambda c: decision(0.95, 1.0, 160), **given)
    assert found.verdict is verdict
    if verdict is Verdict.UNDECIDED:
        assert found.reason == (
            "Too few questions were asked of several pictures to tell whether the model looks at them. At look 1 of 2, "
            "160 of 501 samples."
        )
    assert decided(early, 501, lambda c: decision(0.5, 0.8, 160), **given).verdict is Verdict.FAIL
    assert decided(last, 501, lambda c: decision(0.95, 1.0, 501), **given).verdict is Verdict.PASS


def test_whether_questions_repeat_is_known_before_anything_is_asked() -> None:
    assert repeats_questions(SCENES)
    unique = Dataset("unique", [s.with_(question=f"{s.question} ({i})") for i, s in enumerate(SCENES)])
    assert not repeats_questions(unique)
    alike = Dataset("alike", [s.with_(cluster="one") for s in SCENES])
    assert not repeats_questions(alike)
    assert not repeats_questions(Dataset("bare", [s.with_(image=None) for s in SCENES]))
    for dataset in (SCENES, unique):
        assert measurer(dataset, Oracle(dataset)).in_stages(Shout()).repeats_questions is repeats_questions(dataset)


def test_the_last_look_waits_for_no_samples_that_were_left_out() -> None:
    last = looks([0.24, 1.0])[-1]
    made = decided(last, 155, lambda c: decision(0.95, 1.0, 149), by_information=True)
    assert (made.verdict, made.whole) == (Verdict.PASS, 149)


def test_a_measurer_asks_for_no_more_than_its_stage_and_ends_with_the_whole() -> None:
    model = Oracle(SCENES, wrong=0.3)
    world = measurer(SCENES, model)
    staged = world.in_stages(Shout())
    assert (staged.whole, len(staged.shares), len(model.asked)) == (300, 5, 0)
    first = staged.result(1)
    assert (first.n, len(model.asked)) == (72, 144)
    assert staged.result(1) is first
    second = staged.result(2)
    assert (second.n, len(model.asked)) == (129, 258)
    assert {r.id for r in first.shifted.records} < {r.id for r in second.shifted.records}
    assert staged.all() is world.measure(Shout())
    assert len(model.asked) == 600
    assert first.critic == staged.all().critic  # fitted once


def test_where_samples_lack_the_picture_that_is_shifted_all_are_measured_at_once() -> None:
    """Whether too many lack one is told of all samples: the first ones may hold fewer."""
    scenes = [sample.with_(image=None) if i % 20 == 0 else sample for i, sample in enumerate(SCENES)]
    world = measurer(Dataset("scenes", scenes), Oracle(SCENES, wrong=0.3))
    assert world.in_stages("brightness:1").shares == (1.0,)
    assert len(world.in_stages("keyboard:1").shares) == 5
