"""What speaks against a gate, sample by sample: the same for its message, the page and the summary."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from emid_factory import make_result

from pytest_emid import (
    EmidResult,
    assert_emi_above,
    assert_emid_below,
    assert_information_retained,
    assert_metric_drop_below,
    assert_metric_retained,
    assert_no_input_drift,
    assert_robust,
)
from pytest_emid.measuring.metrics.judged import Judged, JudgedSide
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin.against import against, asks_of_samples, changed_most, costs, costs_by_any_gate

RESULT = make_result(n=90, retained=0.5, noise=0.3)


def asked(gate: str, threshold: float = 0.9) -> Decision:
    estimate = RESULT.information_retained
    return Decision(gate, Verdict.FAIL, RESULT.scenario, estimate, threshold, Direction.ABOVE, 0, "")


def half_wrong() -> EmidResult:
    """Every second shifted answer is another one, and no metric was asked for."""
    records = tuple(
        replace(record, response="nothing at all" if i % 2 else record.reference)
        for i, record in enumerate(RESULT.shifted.records)
    )
    clean = tuple(replace(record, response=record.reference) for record in RESULT.clean.records)
    sides = {"clean": replace(RESULT.clean, records=clean), "shifted": replace(RESULT.shifted, records=records)}
    return replace(RESULT, **sides)


@pytest.mark.parametrize("prefix", ["", "robust by "])
def test_by_the_gate(prefix: str) -> None:
    pairs = list(zip(RESULT.clean.records, RESULT.shifted.records, strict=True))
    emid = [a.emi - b.emi for a, b in pairs]
    assert against(asked(f"{prefix}information retained", 0.8), RESULT) == [
        0.8 * a.information - b.information for a, b in pairs
    ]
    assert against(asked(f"{prefix}EMID"), RESULT) == emid
    assert against(asked(f"{prefix}EMID against the rigorous bound"), RESULT) == emid
    assert against(asked("EMI on shifted data"), RESULT) == [-b.emi for _, b in pairs]
    assert against(asked("anchored EMID"), RESULT) == (RESULT.anchored or emid)
    assert against(None, RESULT) == [a.information - b.information for a, b in pairs]


@pytest.mark.parametrize("gate", ["information retained", "EMID", "anchored EMID", "EMI on shifted data"])
def test_pictures_are_kept_by_the_costs_that_the_page_shows(gate: str) -> None:
    decision = asked(gate, 0.8)
    assert list(costs(decision, RESULT)) in list(map(list, costs_by_any_gate(RESULT)))
    assert costs(decision, RESULT) == costs(asked(gate, 0.95), RESULT)


def test_a_metric_of_the_library_that_was_not_asked_for_is_scored_as_its_gate_does() -> None:
    result = half_wrong()
    wrong = [float(i % 2) for i in range(90)]
    assert against(asked("drop of exact"), result) == wrong
    assert against(asked("exact retained", 0.9), result) == [0.9 - 1.0 + w for w in wrong]
    with pytest.raises(AssertionError) as caught:
        assert_metric_drop_below(result, "exact", 0.1)
    named = [line for line in str(caught.value).splitlines() if line.startswith(("1. ", "2. ", "3. "))]
    assert [line.split(",")[0] for line in named] == [
        f"{rank}. {result.shifted.records[i].id}" for rank, i in ((1, 1), (2, 3), (3, 5))
    ]


def test_what_has_no_number_speaks_neither_for_nor_against() -> None:
    scores = tuple(math.nan if i == 4 else 1.0 + i % 9 for i in range(90))
    side = JudgedSide(scores, (5.0,) * 90, 0, {})
    result = replace(RESULT, judged=Judged("judge", side, side))
    found = against(asked("relative preference on shifted data"), result)
    assert found[4] == 0.0
    assert found[0] == pytest.approx(0.8)
    assert against(asked("win rate on shifted data"), result) == found


def test_no_sample_speaks_against_a_gate_on_clean_data_or_on_input_drift() -> None:
    gates = {
        "information retained": True,
        "EMI on shifted data": True,
        "EMI on clean data": False,
        "relative preference on clean data": False,
        "input drift (p-value)": False,
    }
    assert {gate: asks_of_samples(asked(gate)) for gate in gates} == gates
    for gate, shown in (
        (lambda: assert_emi_above(RESULT, 1e6, side="clean"), False),
        (lambda: assert_no_input_drift(RESULT, 0.999), False),
        (lambda: assert_emi_above(RESULT, 1e6), True),
        (lambda: assert_emid_below(RESULT, -1e6), True),
        (lambda: assert_information_retained(RESULT, 0.95), True),
        (lambda: assert_metric_retained(half_wrong(), "exact", 0.9), True),
        (lambda: assert_robust(half_wrong(), 0.1, measures="exact"), True),
    ):
        with pytest.raises(AssertionError) as caught:
            gate()
        assert ("samples that contribute most" in str(caught.value)) is shown, str(caught.value)


def test_the_most_are_of_those_whose_answers_changed() -> None:
    result = half_wrong()
    assert changed_most(result, [1.0] * 90, 3) == [1, 3, 5]
    assert changed_most(result, [float(i) for i in range(90)], 2) == [89, 87]
    assert changed_most(replace(result, shifted=result.clean), [1.0] * 90, 3) == []
