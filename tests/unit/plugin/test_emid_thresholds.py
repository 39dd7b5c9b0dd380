"""Thresholds of EMID: nats, or a share of what the clean answers tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from emid_factory import make_result

from pytest_emid import EmidResult, Verdict, assert_emi_above, assert_emid_below, assert_information_retained
from pytest_emid.measuring.losses import Losses
from pytest_emid.measuring.results import CriticReport, Sight

WITNESS = CriticReport("witness", "abc", "300 pairs", 300, None, "nats", float(np.log(64)), 64)


def in_nats(lost: float = 0.2, told: float = 3.8, noise: float = 0.3, **options: Any) -> EmidResult:
    """A result of which answers tell `told` nats on clean data and `lost` fewer on shifted data."""
    made, rng = make_result(**options), np.random.default_rng([3, int(1000 * lost)])
    n = made.n
    clean = told + noise * rng.normal(size=n)
    shifted = clean - lost + 0.1 * noise * rng.normal(size=n)

    def records(side: Any, values: Any) -> Any:
        return tuple(replace(r, told=float(t), emi=float(t) - 4.0) for r, t in zip(side.records, values, strict=True))

    made = replace(
        made,
        critic=WITNESS,
        clean=replace(made.clean, records=records(made.clean, clean), mi_response=float(clean.mean())),
        shifted=replace(made.shifted, records=records(made.shifted, shifted), mi_response=float(shifted.mean())),
    )
    losses = Losses.of(made)
    emid = losses.emid(0.95)
    return replace(made, emid=emid, anchored_emid=emid if made.paired else None, emid_share=losses.share(0.95))


def said(gate: Any, verdict: str) -> list[str]:
    with pytest.raises(AssertionError, match=rf"^{verdict}: ") as caught:
        gate()
    return str(caught.value).splitlines()


def test_nats() -> None:
    result = in_nats(0.2)
    decision = assert_emid_below(result, 0.5)
    assert (decision.verdict, decision.gate, decision.threshold) == (Verdict.PASS, "EMID", 0.5)
    assert decision.estimate == Losses.of(result).emid(0.95)
    told = result.clean.mi_response
    assert decision.note == f"{result.emid.value:.2f} of {told:.2f} nats are lost (lower-bound estimates, at most 4.16)"
    assert said(lambda: assert_emid_below(in_nats(1.0), 0.5), "FAIL")
    assert said(lambda: assert_emid_below(result, 0.2), "UNDECIDED")


def test_a_threshold_that_nothing_could_fail_never_passes() -> None:
    vacuous = in_nats(0.2, told=2.0)
    told = vacuous.clean.mi_response
    assert said(lambda: assert_emid_below(vacuous, told), "UNDECIDED")[6] == (
        f"  why        The clean answers tell {told:.2f} nats, and {told:g} may be lost: a model that says nothing "
        "under the shift would pass. Lower the threshold, or give a share such as '10 %'."
    )
    assert assert_emid_below(vacuous, 0.9 * told).verdict is Verdict.PASS


@pytest.mark.parametrize("threshold", ["10 %", "10%", " 10 % ", "10.0 %", "1e1 %"])
def test_a_share(threshold: str) -> None:
    decision = assert_emid_below(in_nats(0.1), threshold)
    assert (decision.verdict, decision.threshold) == (Verdict.PASS, 0.1)
    assert decision.estimate == Losses.of(in_nats(0.1)).share(0.95)
    assert decision.estimate.unit == "fraction"
    line = said(lambda: assert_emid_below(in_nats(1.0), threshold), "FAIL")[0]
    assert line.startswith("FAIL: EMID under defocus_blur:3 is 26.")
    assert "asked: at most 10.0 %" in line


def test_no_loss_at_all_may_be_asked() -> None:
    assert said(lambda: assert_emid_below(in_nats(1.0), "0 %"), "FAIL")


@pytest.mark.parametrize("paired", [True, False])
def test_the_verdict_is_that_of_the_share_s_interval(paired: bool) -> None:
    result = in_nats(0.4, paired=paired)
    share = Losses.of(result).share(0.95)
    low, high = (f"{100 * limit} %" for limit in (share.low - 0.001, share.high + 0.001))
    assert assert_emid_below(result, high).verdict is Verdict.PASS
    assert said(lambda: assert_emid_below(result, low), "FAIL")
    assert said(lambda: assert_emid_below(result, f"{100 * share.value} %"), "UNDECIDED")


def test_another_confidence() -> None:
    result = in_nats(0.2)
    wide, narrow = (assert_emid_below(result, 0.5, confidence=c).estimate for c in (0.999, 0.8))
    assert (wide, narrow) == (Losses.of(result).emid(0.999), Losses.of(result).emid(0.8))
    assert assert_emid_below(result, "20 %", confidence=0.8).estimate == Losses.of(result).share(0.8)


def test_anchored_is_the_same_with_the_witness() -> None:
    result = in_nats(0.2)
    assert assert_emid_below(result, 0.5, anchored=True) == assert_emid_below(result, 0.5)
    assert assert_emid_below(result, "20 %", anchored=True) == assert_emid_below(result, "20 %")


def test_anchored_is_another_quantity_with_other_critics() -> None:
    hidden = in_nats(0.1)
    query = replace(hidden, critic=replace(WITNESS, kind="query"), anchored_emid=in_nats(2.0).emid)
    assert assert_emid_below(query, 0.5).gate == "EMID"
    assert said(lambda: assert_emid_below(query, 0.5, anchored=True), "FAIL")[0].startswith("FAIL: anchored EMID under")


def test_what_the_guards_see_forbids_a_pass() -> None:
    sight = Sight({"side": 0.0}, {"side": 0.5}, ("side",), 0.0, None, None)
    seen = replace(in_nats(0.1), sight=sight)
    blind = "does not see side (in 50.0 % of the references)"
    assert assert_emid_below(seen, "10 %").note.endswith(f"; {blind}")
    reason = said(lambda: assert_emid_below(seen, "10 %", blind="undecided"), "UNDECIDED")[6]
    assert reason == (
        "  why        This measure does not see side (in 50.0 % of the references): gate on a metric that does "
        "(assert_metric_retained), or "
        "pass accept_blind={'side'}."
    )
    assert assert_emid_below(seen, "10 %", blind="undecided", accept_blind={"side"}).verdict is Verdict.PASS


def test_contradictions_are_held_against_what_the_threshold_allows() -> None:
    """A third of the answers: more than a tenth of the information, less than nine tenths of it."""
    result = in_nats(0.1)
    records = tuple(
        replace(r, contradicts=("side",) if i % 3 == 0 else ()) for i, r in enumerate(result.shifted.records)
    )
    clean = tuple(replace(r, contradicts=()) for r in result.clean.records)
    result = replace(
        result,
        sight=Sight({"side": 1.0}, {"side": 0.5}, (), 0.0, None, None),
        clean=replace(result.clean, records=clean),
        shifted=replace(result.shifted, records=records),
    )
    assert said(lambda: assert_emid_below(result, "10 %"), "UNDECIDED")
    assert said(lambda: assert_emid_below(result, 0.38), "UNDECIDED")
    assert assert_emid_below(result, "90 %").verdict is Verdict.PASS
    assert assert_emid_below(result, 3.5).verdict is Verdict.PASS
    assert said(lambda: assert_emi_above(result, -0.6), "UNDECIDED")
    assert assert_emi_above(result, -0.6, accept_blind={"side"}).verdict is Verdict.PASS
    assert assert_emi_above(result, -3.7).verdict is Verdict.PASS
    query = replace(result, critic=replace(WITNESS, kind="query"))
    assert said(lambda: assert_emid_below(query, 0.38, anchored=True), "UNDECIDED")
    assert assert_emid_below(query, 3.5, anchored=True).verdict is Verdict.PASS


def test_emi_above_in_nats() -> None:
    result = in_nats(0.2)
    assert assert_emi_above(result, -1.0).verdict is Verdict.PASS
    assert assert_emi_above(result, -1.0).estimate.value == pytest.approx(result.emi_shifted.value)


@pytest.mark.parametrize(
    "gate",
    [
        lambda result: assert_information_retained(result, 0.5),
        lambda result: assert_emid_below(result, "10 %"),
        lambda result: assert_emid_below(result, 0.5),
        lambda result: assert_emi_above(result, -2.0),
    ],
)
def test_no_gate_passes_where_one_picture_decides(gate: Any) -> None:
    result = in_nats(0.1)
    assert gate(result).verdict is Verdict.PASS

    def crowded(side: Any) -> Any:
        return replace(
            side, records=tuple(replace(r, cluster="dog" if i < 23 else f"c{i}") for i, r in enumerate(side.records))
        )

    reason = said(
        lambda: gate(replace(result, clean=crowded(result.clean), shifted=crowded(result.shifted))), "UNDECIDED"
    )
    assert reason[6] == (
        "  why        23 of 90 clean samples share one cluster ('dog'): intervals do not hold where one picture "
        "decides. Use at most a quarter of the samples of any picture."
    )


SCALE = make_result(emid=0.01)
LEGAL = "Legal: a number, or a share such as '10 %'."
ERRORS: list[tuple[Any, type[Exception], str]] = [
    *(
        (lambda t=text: assert_emid_below(in_nats(), t), ValueError, f"threshold={text!r} is not legal. {LEGAL}")
        for text in ("10", "", "%", "ten %", "100 %", "-1 %", "nan %", "inf %", "10 % %", "10 percent")
    ),
    *(
        (
            lambda t=number: assert_emid_below(in_nats(), t),
            ValueError,
            f"threshold={number!r} is not legal: EMID is in nats, at most 4.16, so that nothing could fail. In 0.1.0 "
            "it was on a critic's own scale, often in the tens: choose anew, 0.4 or '10 %' say, or measure with "
            "--emid-critic=club-ridge.",
        )
        for number in (float(np.log(64)), 5, 40.0)
    ),
    (
        lambda: assert_emid_below(SCALE, "10 %"),
        ValueError,
        "threshold='10 %' is a share, and the critic 'ridge' is not in nats: there is no whole to take it of. Give a "
        "number, or measure with --emid-critic=witness.",
    ),
    (
        lambda: assert_emid_below(replace(in_nats(), critic=replace(WITNESS, kind="query")), "10 %", anchored=True),
        ValueError,
        "anchored=True takes a number: only EMID as published has a whole to take a share of.",
    ),
    (
        lambda: assert_emid_below(in_nats(paired=False), "10 %", anchored=True),
        ValueError,
        "defocus_blur:3 compares unpaired sets, which have no anchored EMID. Leave anchored out.",
    ),
    (lambda: assert_emid_below(in_nats(), True), TypeError, "threshold must be a number, not bool."),
    (lambda: assert_emid_below(in_nats(), None), TypeError, "threshold must be a number, not NoneType."),  # type: ignore[arg-type]
    (
        lambda: assert_emid_below(in_nats(), "10 %", accept_blind="side"),
        ValueError,
        "accept_blind='side' is not legal. Legal: a set of polarity, side, comparative, number, colour, omissions, "
        "pictures, refrain.",
    ),
    (
        lambda: assert_emid_below(in_nats(), "10 %", accept_blind={"size"}),
        ValueError,
        "accept_blind={'size'} is not legal. Legal: a set of polarity, side, comparative, number, colour, omissions, "
        "pictures, refrain.",
    ),
    (
        lambda: assert_emid_below(in_nats(), "10 %", blind="ignore"),  # type: ignore[arg-type]
        pytest.UsageError,
        "argument blind: 'ignore' is not legal. Legal: name or undecided.",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_a_scale_without_a_ceiling_takes_any_number() -> None:
    assert assert_emid_below(SCALE, 40.0).verdict is Verdict.PASS
