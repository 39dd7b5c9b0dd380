from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from emid_factory import estimate, make_result
from hypothesis import given
from hypothesis import strategies as st

import pytest_emid
from pytest_emid import (
    EmidResult,
    UndecidedWarning,
    Verdict,
    assert_bound_holds,
    assert_emi_above,
    assert_emid_below,
    assert_information_retained,
    assert_no_input_drift,
)
from pytest_emid.information import Estimate, minimum_detectable
from pytest_emid.measuring.format import measured
from pytest_emid.measuring.results import Bound, Divergences, Drift


def message(caught: pytest.ExceptionInfo[BaseException]) -> list[str]:
    return str(caught.value).splitlines()


def test_a_gate_that_passes_returns_its_decision() -> None:
    decision = assert_information_retained(make_result(retained=0.97), 0.9)
    assert decision.verdict is Verdict.PASS
    assert decision.gate == "information retained"
    assert decision.threshold == 0.9
    assert decision.estimate.low > 0.9


def test_the_first_six_lines_of_a_failure_hold_what_a_reader_asks() -> None:
    result = make_result(retained=0.6, settings={"seed": "0 (--emid-seed)"})
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.9)
    retained = result.information_retained
    shown, low, high = (f"{100 * x:.1f} %" for x in (retained.value, retained.low, retained.high))
    assert message(caught)[:7] == [
        f"FAIL: information retained under defocus_blur:3 is {shown} [{low}, {high}], asked: at least 90.0 % (n = 90)",
        f"  estimate   {shown} (fraction)",
        f"  interval   [{low}, {high}] at 95 % confidence (default)",
        "  threshold  at least 90.0 % (argument)",
        "  n          90 samples in 30 clusters",
        "  seed       0 (--emid-seed)",
        "  why        The whole interval is below the threshold.",
    ]


def test_the_rest_of_a_failure_holds_bounds_companions_and_the_five_worst_samples() -> None:
    result = make_result(retained=0.6, remarks=("Suspect the \x1b[31mstyle.",))
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.9)
    lines = message(caught)
    text = "\n".join(lines)
    assert "bound: scale_adjusted 1.77 (score, not a bound) = images 0.5 + answers 1.27\n\n" in text
    table = [line.split("  ")[0] for line in lines[lines.index("") : -1] if line]
    assert [name for name in table if name in ("information, direct", "EMI (published EMID)", "EMI, anchored")] == [
        "information, direct",
        "EMI (published EMID)",
        "EMI, anchored",
    ]
    assert any(line.startswith("cosine to reference") for line in lines)
    assert any(line.startswith("exact match") and "lost +40" not in line and "40.0 %" in line for line in lines)
    assert "remark: Suspect the \\x1b[31mstyle." in lines
    heading = lines.index("the 5 samples that contribute most (of 90):")
    losses = [
        0.9 * a.information - b.information for a, b in zip(result.clean.records, result.shifted.records, strict=True)
    ]
    worst = int(np.argmax(losses))
    assert lines[heading + 1 : heading + 6] == [
        f"1. s{worst}, conversation: contribution {losses[worst]:+.3g}",
        f"   question   question {worst}?",
        f"   reference  answer {worst}",
        f"   clean      answer {worst}",
        f"   shifted    wrong answer {worst}",
    ]
    assert len(lines) == heading + 1 + 5 * 5


def test_texts_of_a_model_cannot_break_the_report() -> None:
    nasty = ["\ud83d" + "x" * 10_000, "a\x1b[2Jb\nc\u202ed"] * 45
    result = make_result(retained=0.6, responses=nasty)
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.9)
    text = str(caught.value)
    text.encode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "shifted    a\\x1b[2Jb\\nc\\u202ed" in text
    assert max(map(len, text.splitlines())) < 300


def test_an_unpaired_result_shows_its_own_worst_answers() -> None:
    result = make_result(retained=0.5, paired=False)
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.9)
    lines = message(caught)
    heading = lines.index("the 5 samples that contribute most (of 90):")
    worst = min(result.shifted.records, key=lambda record: record.information)
    assert lines[heading + 1].startswith(f"1. {worst.id}, ")
    assert lines[heading + 4] == f"   shifted    {worst.response}"


@given(
    st.floats(0.2, 1.2),
    st.sampled_from([0.5, 0.8, 0.9, 1.0]),
    st.sampled_from([0.1, 0.5, 2.0]),
    st.sampled_from([0.8, 0.95]),
    st.booleans(),
)
def test_the_contrast_and_the_ratio_interval_never_disagree(
    retained: float, at_least: float, noise: float, confidence: float, paired: bool
) -> None:
    result = make_result(retained=retained, noise=noise, paired=paired)
    try:
        decision = assert_information_retained(result, at_least, confidence=confidence)
    except AssertionError as error:
        verdict = str(error).partition(":")[0]
        low, high = None, None
    else:
        verdict, low, high = str(decision.verdict), decision.estimate.low, decision.estimate.high
        assert low >= at_least - 1e-9
        assert high >= low
    if confidence == 0.95:
        ratio = result.information_retained
        expected = "FAIL" if ratio.high < at_least else "PASS" if ratio.low >= at_least else "UNDECIDED"
        if abs(ratio.high - at_least) > 1e-9 and abs(ratio.low - at_least) > 1e-9:
            assert verdict == expected


@pytest.mark.parametrize("information", [0.0, -0.3])
def test_nothing_can_be_retained_of_nothing(information: float) -> None:
    # The shifted answers score higher than 90 % of less than nothing, which is no success.
    result = make_result(information=information, noise=0.5)
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.9)
    assert message(caught)[0] == (
        "UNDECIDED: information retained under defocus_blur:3 is undefined, asked: at least 90.0 % (n = 90)"
    )
    assert message(caught)[6].startswith(
        "  why        On clean data the answers say too little about the references for this n (direct information "
    )


def test_a_score_that_is_nan_fails_and_is_never_undecided() -> None:
    result = make_result()
    records = (replace(result.shifted.records[0], information=math.nan), *result.shifted.records[1:])
    result = replace(result, shifted=replace(result.shifted, records=records))
    with pytest.raises(AssertionError, match=r"^FAIL: information retained"):
        assert_information_retained(result, 0.9, undecided="warn")


def test_emid_below() -> None:
    assert assert_emid_below(make_result(emid=0.01), 0.05).verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL: EMID under defocus_blur:3 is \+0\.2.*asked: at most 0\.05 "):
        assert_emid_below(make_result(emid=0.205), 0.05)
    with pytest.raises(AssertionError, match=r"^UNDECIDED: EMID under defocus_blur:3 is \+0\.0"):
        assert_emid_below(make_result(emid=0.05), 0.05)


def test_anchored_emid_is_asked_by_name() -> None:
    hidden = make_result(emid=0.01, anchored_emid=estimate(0.5, 0.01), anchored=tuple(float(i) for i in range(90)))
    assert assert_emid_below(hidden, 0.05).gate == "EMID"
    with pytest.raises(AssertionError, match=r"^FAIL: anchored EMID under defocus_blur:3 is \+0\.500 ") as caught:
        assert_emid_below(hidden, 0.05, anchored=True)
    assert any(line.startswith("1. s89, ") for line in message(caught))
    with pytest.raises(
        ValueError, match=r"^defocus_blur:3 compares unpaired sets, which have no anchored EMID\. Leave"
    ):
        assert_emid_below(make_result(paired=False), 0.05, anchored=True)


def test_emi_above() -> None:
    result = make_result(emid=0.5)
    assert assert_emi_above(result, -1.0).gate == "EMI on shifted data"
    assert assert_emi_above(result, -0.1, side="clean").verdict is Verdict.PASS
    with pytest.raises(AssertionError, match=r"^FAIL: EMI on shifted data under defocus_blur:3 is -0\.5"):
        assert_emi_above(result, -0.1)


@pytest.mark.parametrize(
    "gate",
    [
        lambda result: assert_emid_below(result, 1.0),
        lambda result: assert_emid_below(result, 1.0, anchored=True),
        lambda result: assert_emi_above(result, -1.0),
        lambda result: assert_bound_holds(result, "scale_adjusted"),
    ],
)
def test_an_uninformative_critic_never_lets_a_gate_pass(gate: Any) -> None:
    assert gate(make_result()).verdict is Verdict.PASS
    with pytest.raises(AssertionError) as caught:
        gate(make_result(informative=False))
    assert message(caught)[0].startswith("UNDECIDED: ")
    assert message(caught)[6] == (
        "  why        The critic is uninformative (held-out R2 +0.010 [-0.040, +0.060]), so EMI and EMID say nothing: "
        "no gate on them passes."
    )


def test_an_uninformative_critic_does_not_touch_reference_information() -> None:
    assert assert_information_retained(make_result(informative=False), 0.9).verdict is Verdict.PASS


def test_the_rigorous_bound_has_an_emid_of_its_own() -> None:
    bound = Bound("rigorous", 0.8, "nats", {"answers": 0.8}, "", estimate(0.3, 0.1, unit="nats"))
    result = make_result(bounds={"rigorous": bound}, emid=9.0, informative=False)
    decision = assert_bound_holds(result)
    assert (decision.verdict, decision.estimate.value, decision.threshold) == (Verdict.PASS, 0.3, 0.8)
    assert decision.note == ""
    violated = make_result(bounds={"rigorous": replace(bound, emid=estimate(1.0, 0.1, unit="nats"))})
    with pytest.raises(
        AssertionError, match=r"^FAIL: EMID against the rigorous bound under defocus_blur:3 is \+1\.00 "
    ):
        assert_bound_holds(violated)


@pytest.mark.parametrize(
    ("name", "gate", "note"),
    [
        (
            "scale_adjusted",
            "EMID against the scale-adjusted score",
            "this is a score in the shape of a bound, not a bound: at n = 90 it reads about 1.8 when nothing shifted.",
        ),
        (
            "published",
            "EMID against the published bound",
            "the published inequality; its terms and EMID are estimates.",
        ),
    ],
)
def test_what_is_not_a_bound_says_so(name: Any, gate: str, note: str) -> None:
    unit = "score" if name == "scale_adjusted" else "nats"
    result = make_result(bounds={name: Bound(name, 1.77, unit, {})})
    decision = assert_bound_holds(result, name)
    assert (decision.gate, decision.note) == (gate, note)
    with pytest.raises(AssertionError) as caught:
        assert_bound_holds(make_result(emid=3.0, bounds={name: Bound(name, 1.77, unit, {})}), name)
    assert f"  note       {note}" in message(caught)[:8]
    with pytest.raises(AssertionError, match=r"\nbound: .*\n       How it was estimated\.\n"):
        assert_bound_holds(
            make_result(emid=3.0, bounds={name: Bound(name, 1.77, unit, {}, "How it was estimated.")}), name
        )


def test_a_bound_that_was_not_estimated_is_undecided() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_bound_holds(make_result())
    assert message(caught)[0].startswith("UNDECIDED: EMID against the rigorous bound under defocus_blur:3 is ")
    assert message(caught)[0].endswith("asked: within a bound that this result does not have (n = 90)")
    assert message(caught)[6] == (
        "  why        This result has no rigorous bound; it has: scale_adjusted. "
        "The rigorous bound needs answers that are a function of the query, and a model that says so: a greedy "
        "backend, or a function loaded with greedy=True."
    )


@pytest.mark.parametrize("name", ["rigorous", "published"])
def test_a_bound_with_an_obstacle_never_passes(name: Any) -> None:
    emid = estimate(0.3, 0.1, unit="nats") if name == "rigorous" else None
    bound = Bound(name, 0.8, "nats", {}, "", emid, "Half of the classes were seen once only.")
    with pytest.raises(AssertionError) as caught:
        assert_bound_holds(make_result(bounds={name: bound}), name)
    assert message(caught)[0].startswith("UNDECIDED: ")
    assert message(caught)[6] == "  why        Half of the classes were seen once only."
    assert assert_bound_holds(make_result(bounds={name: replace(bound, obstacle="")}), name).verdict is Verdict.PASS


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bound_that_is_no_number_holds_nothing(value: float) -> None:
    result = make_result(bounds={"published": Bound("published", value, "nats", {})})
    with pytest.raises(AssertionError, match=r"^UNDECIDED: "):
        assert_bound_holds(result, "published")


@pytest.mark.parametrize(
    ("image_p", "text_p", "verdict"),
    [(0.5, None, "PASS"), (0.026, 0.5, "PASS"), (0.025, 0.5, "FAIL"), (0.05, None, "FAIL"), (None, 0.04, "FAIL")],
)
def test_input_drift_corrects_for_the_modalities_that_were_tested(
    image_p: float | None, text_p: float | None, verdict: str
) -> None:
    js = Divergences(0.0 if image_p is None else 0.1, 0.0 if text_p is None else 0.1, 0.0, 0.0, Drift(image_p, text_p))
    result = make_result(divergences=js)
    if verdict == "PASS":
        assert assert_no_input_drift(result).verdict is Verdict.PASS
    else:
        with pytest.raises(AssertionError, match=r"^FAIL: input drift \(p-value\) under defocus_blur:3 is 0\.0"):
            assert_no_input_drift(result)


def test_input_drift_shows_its_p_values_and_no_samples() -> None:
    result = make_result(divergences=Divergences(0.1, 0.2, 0.0, 0.0, Drift(0.005, 0.6)))
    with pytest.raises(AssertionError) as caught:
        assert_no_input_drift(result, 0.05)
    assert message(caught)[6:8] == [
        "  why        Pictures p = 0.005, questions p = 0.6.",
        "  note       divergence of pictures 0.1 nats, of questions 0.2 nats (raw, biased upwards)",
    ]
    assert not any("samples that contribute" in line for line in message(caught))


def test_input_drift_that_was_not_tested_never_passes() -> None:
    result = make_result(divergences=Divergences(0.1, 0.0, 0.0, 0.0))
    with pytest.raises(AssertionError, match=r"^UNDECIDED: input drift") as caught:
        assert_no_input_drift(result)
    why = "The divergence of pictures was not tested where this was measured: run with --emid-drift."
    assert message(caught)[6] == f"  why        {why}"
    nan = make_result(divergences=Divergences(0.1, 0.1, 0.0, 0.0, Drift(math.nan, 0.5)))
    with pytest.raises(AssertionError, match=r"^FAIL: "):
        assert_no_input_drift(nan)


def test_identical_inputs_have_no_drift() -> None:
    result = make_result(divergences=Divergences(0.0, 0.0, 0.0, 0.0))
    assert assert_no_input_drift(result).reason == "Both are the same by construction."


def undecided() -> EmidResult:
    return make_result(retained=0.9, noise=0.3)


def test_undecided_fails_by_default_and_says_what_would_decide() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(undecided(), 0.9)
    assert message(caught)[0].startswith("UNDECIDED: information retained under ")
    assert message(caught)[6].startswith("  why        The interval holds the threshold: about ")
    least = minimum_detectable(undecided().information_retained)
    assert message(caught)[7] == (
        f"  detects    a truth that is {100 * least:.1f} % or more beyond the threshold (80 % power at this n)"
    )


def test_what_n_detects_is_left_out_where_it_says_nothing() -> None:
    with pytest.raises(AssertionError) as failed:
        assert_information_retained(make_result(retained=0.6), 0.9)
    with pytest.raises(AssertionError) as nothing:
        assert_information_retained(make_result(information=-0.3, noise=0.5), 0.9)
    for caught in (failed, nothing):
        assert not any(line.startswith("  detects") for line in message(caught))


def test_gates_on_the_critics_scale_say_how_good_it_is() -> None:
    result = make_result(retained=0.6)
    with pytest.raises(AssertionError) as caught:
        assert_emid_below(result, -1e3)
    assert f"  critic     {result.critic.kind}, held-out R2 {measured(result.critic.r2)}" in message(caught)
    with pytest.raises(AssertionError) as caught:
        assert_information_retained(result, 0.9)
    assert not any(line.startswith("  critic") for line in message(caught))


def test_undecided_can_warn() -> None:
    with pytest.warns(
        UndecidedWarning, match=r"^UNDECIDED: information retained under defocus_blur:3 is .*decide"
    ) as seen:
        decision = assert_information_retained(undecided(), 0.9, undecided="warn")
    assert decision.verdict is Verdict.UNDECIDED
    assert seen[0].filename == __file__


def test_undecided_can_xfail() -> None:
    with pytest.raises(pytest.xfail.Exception, match=r"^UNDECIDED: information retained under defocus_blur:3 is "):
        assert_information_retained(undecided(), 0.9, undecided="xfail")


def test_a_fail_is_a_fail_however_undecided_is_treated() -> None:
    with pytest.raises(AssertionError, match=r"^FAIL: "):
        assert_information_retained(make_result(retained=0.5), 0.9, undecided="warn")


def test_confidence_of_a_call_changes_the_interval() -> None:
    wide = assert_emid_below(make_result(emid=0.0), 0.05, confidence=0.999).estimate
    narrow = assert_emid_below(make_result(emid=0.0), 0.05, confidence=0.8).estimate
    assert (wide.confidence, narrow.confidence) == (0.999, 0.8)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("at_least", [0, -0.1, 1.01, math.nan, math.inf])
def test_a_share_is_above_0_and_at_most_1(at_least: float) -> None:
    with pytest.raises(ValueError, match=rf"^at_least={at_least!r} is not legal\. Legal: above 0 and at most 1\.$"):
        assert_information_retained(make_result(), at_least)


@pytest.mark.parametrize("threshold", [math.nan, math.inf])
def test_a_threshold_is_finite(threshold: float) -> None:
    with pytest.raises(ValueError, match=rf"^threshold={threshold} is not legal\. Legal: a finite number\.$"):
        assert_emid_below(make_result(), threshold)


@pytest.mark.parametrize("alpha", [0.0, 0.009, 1.0])
def test_alpha_is_what_permutations_resolve(alpha: float) -> None:
    with pytest.raises(ValueError, match=rf"^alpha={alpha} is not legal\. Legal: at least 0\.01 and below 1\.$"):
        assert_no_input_drift(make_result(), alpha)


@pytest.mark.parametrize("value", [True, "0.9", None, Estimate(0.9, 0.8, 1.0, 0.1, 90, 30)])
def test_a_threshold_is_a_number(value: Any) -> None:
    with pytest.raises(TypeError, match=rf"^at_least must be a number, not {type(value).__name__}\.$"):
        assert_information_retained(make_result(), value)


@pytest.mark.parametrize(
    ("gate", "arguments"),
    [
        ("assert_information_retained", (0.9,)),
        ("assert_emid_below", (0.05,)),
        ("assert_emi_above", (0.0,)),
        ("assert_bound_holds", ()),
        ("assert_no_input_drift", ()),
    ],
)
def test_a_gate_takes_a_result(gate: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=rf"^{gate} takes the result of measure_emid, not float\.$"):
        getattr(pytest_emid, gate)(0.3, *arguments)


def test_names_are_checked() -> None:
    with pytest.raises(
        ValueError, match=r"^bound='tight' is not legal\. Legal: 'rigorous', 'published', 'published_code'"
    ):
        assert_bound_holds(make_result(), "tight")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^side='both' is not legal\. Legal: 'shifted' or 'clean'\.$"):
        assert_emi_above(make_result(), 0.0, side="both")  # type: ignore[arg-type]
    with pytest.raises(
        pytest.UsageError, match=r"^argument undecided: 'skip' is not legal\. Legal: fail, xfail or warn\.$"
    ):
        assert_information_retained(make_result(), 0.9, undecided="skip")  # type: ignore[arg-type]
    with pytest.raises(pytest.UsageError, match=r"^argument confidence: 95 is not legal\. Legal: a number from 0\.5"):
        assert_information_retained(make_result(), 0.9, confidence=95)


def test_numpy_scalars_are_numbers() -> None:
    assert assert_information_retained(make_result(), np.float64(0.9)).verdict is Verdict.PASS
