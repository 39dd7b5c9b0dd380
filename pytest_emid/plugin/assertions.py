"""The gates that tests call: each holds one measure of a result against a threshold, with its interval.

A gate that passes returns its `Decision`. One that fails raises AssertionError; the message begins with verdict,
estimate, interval, threshold, n and seed. One that cannot tell is UNDECIDED, and what that does is an option
(`undecided`): `fail` (default) raises, `xfail` marks the test as expected to fail, `warn` warns and goes on.
Every decision is shown in the run's summary.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Final, Literal

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring import obstacles
from pytest_emid.measuring.format import measured
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict, decide, rescaled
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.deciding import (
    at_most,
    blind_note,
    check_number,
    check_result,
    conclude,
    decision_on,
    not_seen,
    options_of,
    share_of,
)
from pytest_emid.plugin.looking import in_full, looked

__all__ = [
    "assert_bound_holds",
    "assert_emi_above",
    "assert_emid_below",
    "assert_information_retained",
    "assert_no_input_drift",
]

Blind = Literal["name", "undecided"]
Undecided = Literal["fail", "xfail", "warn"]

BOUNDS: Final = ("rigorous", "published", "published_code", "scale_adjusted")


def assert_information_retained(
    result: EmidResult,
    at_least: float,
    *,
    confidence: float | None = None,
    undecided: Undecided | None = None,
    blind: Blind | None = None,
    accept_blind: Collection[str] = (),
) -> Decision:
    """The answers still say at least this share of what they said about the references on clean data.

    The recommended gate. Tests the linear contrast mean(shifted - at_least clean) of the direct reference information
    I(Y_ref; Yhat | X_t), by sample, with clusters: PASS when it is above 0 with confidence, FAIL when below.

    Args:
        result: what `measure_emid` returned.
        at_least: share to retain, above 0 and at most 1; 0.9 reads "90 %".
        confidence: two-sided, overrides the option.
        undecided: overrides the option.
        blind: overrides the option; `undecided` lets nothing pass that has a blind spot.
        accept_blind: kinds of facts (`side`, `number`, ...) that may go unseen; `omissions`, `pictures`, `refrain`.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        TypeError, ValueError: `result` is no result, or `at_least` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_information_retained", result)
    check_number("at_least", at_least, above=0.0, most=1.0)
    config = options_of(confidence, undecided, blind, accept_blind)

    def decide_on(found: EmidResult, config: EmidConfig) -> Decision:
        return retained_decision(found, at_least, config, accept_blind)

    decision, result = looked(result, config, decide_on, by_information=True)
    return conclude(decision, result, config)


def retained_decision(
    result: EmidResult, at_least: float, config: EmidConfig, accept_blind: Collection[str] = ()
) -> Decision:
    """The verdict of `assert_information_retained`."""
    clean, shifted = ([record.information for record in side.records] for side in (result.clean, result.shifted))
    retained, contrast = _retained(result, clean, shifted, at_least, config.gate_confidence)
    found = obstacles.against(result, obstacles.INFORMATION)
    if not found and math.isfinite(contrast.value) and not math.isfinite(contrast.low + contrast.high):
        found.append(
            "On clean data the answers say too little about the references for this n "
            f"(direct information {measured(result.clean.information)}): there is nothing to retain."
        )
    found += not_seen(result, at_least, config, accept_blind)
    return decision_on(
        "information retained",
        retained,
        at_least,
        Direction.ABOVE,
        result,
        config.gate_confidence,
        found,
        contrast=contrast,
        note=blind_note(result, accept_blind),
    )


def assert_emid_below(
    result: EmidResult,
    threshold: float | str,
    *,
    anchored: bool = False,
    confidence: float | None = None,
    undecided: Undecided | None = None,
    blind: Blind | None = None,
    accept_blind: Collection[str] = (),
) -> Decision:
    """Effective mutual information difference, EMI clean minus EMI shifted, is at most `threshold`.

    Args:
        result: what `measure_emid` returned.
        threshold: in nats, below what the critic can read at most (4.16); or a share of what the clean answers tell,
            such as `"10 %"`. With a critic of the CLUB family a number on its own scale.
        anchored: test I(X_clean; Yhat_clean) - I(X_clean; Yhat_shifted), which a corrupted query cannot hide in,
            in place of the published form. Paired results only. With the critic `witness` both are one.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.
        blind: overrides the option; `undecided` lets nothing pass that has a blind spot.
        accept_blind: kinds of facts (`side`, `number`, ...) that may go unseen; `omissions`, `pictures`, `refrain`.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        TypeError, ValueError: `result` is no result, `threshold` is neither a number nor a share or is out of range,
            or anchored EMID was asked of unpaired sets.
    """
    __tracebackhide__ = True
    check_result("assert_emid_below", result)
    share = share_of(threshold, result)
    config = options_of(confidence, undecided, blind, accept_blind)
    if anchored and result.anchored_emid is None:
        raise ValueError(f"{result.scenario} compares unpaired sets, which have no anchored EMID. Leave anchored out.")
    on_form = anchored and result.critic.kind != "witness"
    if on_form or not result.critic.in_nats:
        result = in_full(result)
        found = obstacles.against(result, obstacles.EMID)
        if share is not None:
            raise ValueError("anchored=True takes a number: only EMID as published has a whole to take a share of.")
        if result.critic.in_nats:
            found += not_seen(result, _kept(float(threshold), result), config, accept_blind)
        gate, estimate = ("anchored EMID", result.anchored_emid) if anchored else ("EMID", result.emid)
        limit, level = float(threshold), config.gate_confidence
        decision = decision_on(gate, estimate or result.emid, limit, Direction.BELOW, result, level, found)
        return conclude(decision, result, config)

    def decide_on(found: EmidResult, config: EmidConfig) -> Decision:
        if share is not None:
            return share_decision(found, share, config, accept_blind)
        return _nats_decision(found, float(threshold), config, accept_blind)

    decision, result = looked(result, config, decide_on, by_information=True)
    lost, told = float(result.emid), result.clean.mi_response
    note = f"{lost:.2f} of {told:.2f} nats are lost (lower-bound estimates, {at_most(result)})"
    about = blind_note(result, accept_blind)
    return conclude(replace(decision, note=f"{note}; {about}" if about else note), result, config)


def _nats_decision(result: EmidResult, limit: float, config: EmidConfig, accept_blind: Collection[str]) -> Decision:
    """The verdict of `assert_emid_below` on nats that may be lost."""
    from pytest_emid.measuring.losses import Losses

    told, level = result.clean.mi_response, config.gate_confidence
    found = obstacles.against(result, obstacles.EMID)
    found += not_seen(result, _kept(limit, result), config, accept_blind)
    if limit >= told and not found:
        found.append(
            f"The clean answers tell {told:.2f} nats, and {limit:g} may be lost: a model that says nothing under "
            "the shift would pass. Lower the threshold, or give a share such as '10 %'."
        )
    estimate = Losses.of(result).emid(level)
    return decision_on("EMID", estimate, limit, Direction.BELOW, result, level, found)


def share_decision(
    result: EmidResult, share: float, config: EmidConfig, accept_blind: Collection[str] = ()
) -> Decision:
    """The verdict of `assert_emid_below` on a share of what the clean answers tell; of a critic in nats only."""
    from pytest_emid.measuring.losses import Losses

    found = obstacles.against(result, obstacles.EMID)
    found += not_seen(result, max(1.0 - share, 1e-9), config, accept_blind)
    losses, level = Losses.of(result), config.gate_confidence
    contrast = losses.contrast(share, level)
    return decision_on("EMID", losses.share(level), share, Direction.BELOW, result, level, found, contrast=contrast)


def _kept(lost: float, result: EmidResult) -> float:
    """The share of the clean information that is left when so many nats of it are lost, within (0, 1]."""
    told = result.clean.mi_response
    return min(max(1.0 - lost / told, 1e-9), 1.0) if told > 0.0 else 1.0


def assert_emi_above(
    result: EmidResult,
    threshold: float,
    *,
    side: Literal["shifted", "clean"] = "shifted",
    confidence: float | None = None,
    undecided: Undecided | None = None,
    blind: Blind | None = None,
    accept_blind: Collection[str] = (),
) -> Decision:
    """Effective mutual information is at least `threshold`: I(query; answer) - I(query; reference).

    Args:
        result: what `measure_emid` returned.
        threshold: in the critic's unit (nats for `witness`), finite. 0 asks that answers say as much as references.
        side: which data.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.
        blind: overrides the option; `undecided` lets nothing pass that has a blind spot.
        accept_blind: kinds of facts (`side`, `number`, ...) that may go unseen on shifted data; `omissions`, ...

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`. An uninformative critic never passes.
        TypeError, ValueError: `result` is no result, `threshold` no finite number, or `side` unknown.
    """
    __tracebackhide__ = True
    check_result("assert_emi_above", result)
    check_number("threshold", threshold)
    if side not in ("shifted", "clean"):
        raise ValueError(f"side={side!r} is not legal. Legal: 'shifted' or 'clean'.")
    config, result = options_of(confidence, undecided, blind, accept_blind), in_full(result)
    estimate = result.emi_shifted if side == "shifted" else result.emi_clean
    found = obstacles.against(result, obstacles.EMI)
    if side == "shifted" and result.critic.in_nats:
        # The guards compare with clean answers: what the threshold leaves of those.
        found += not_seen(result, _kept(float(result.emi_clean) - threshold, result), config, accept_blind)
    decision = decision_on(
        f"EMI on {side} data", estimate, threshold, Direction.ABOVE, result, config.gate_confidence, found
    )
    return conclude(decision, result, config)


def assert_bound_holds(
    result: EmidResult,
    bound: Literal["rigorous", "published", "published_code", "scale_adjusted"] = "rigorous",
    *,
    confidence: float | None = None,
    undecided: Undecided | None = None,
) -> Decision:
    """Measured EMID stays within its theoretical upper bound.

    Args:
        result: what `measure_emid` returned.
        bound: `rigorous`: EMID in nats on a finite answer alphabet against the upper confidence limit of a bound that
            holds always. `published`: the published inequality with estimated terms; on free text it compares the
            critic's scale with nats, and it has counter-examples. `scale_adjusted`: a score in the shape of a bound,
            not a bound; passing says little.
        confidence: two-sided, of the EMID estimate; overrides the option.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`; a bound that this result does not have is UNDECIDED.
        TypeError, ValueError: `result` is no result, or `bound` is unknown.
    """
    __tracebackhide__ = True
    check_result("assert_bound_holds", result)
    if bound not in BOUNDS:
        raise ValueError(f"bound={bound!r} is not legal. Legal: {', '.join(map(repr, BOUNDS))}.")
    config, result = options_of(confidence, undecided), in_full(result)
    held = result.bounds.get(bound)
    against = [held.obstacle] if held is not None and held.obstacle else []
    gate = f"EMID against the {bound.replace('_', '-')} {'score' if bound == 'scale_adjusted' else 'bound'}"
    if held is None:
        available = ", ".join(result.bounds) or "none"
        decision = Decision(
            gate=gate,
            verdict=Verdict.UNDECIDED,
            scenario=result.scenario,
            estimate=rescaled(result.emid, config.gate_confidence),
            threshold=math.nan,
            direction=Direction.BELOW,
            seed=result.seed,
            reason=f"This result has no {bound} bound; it has: {available}. "
            "The rigorous bound needs answers that are a function of the query, and a model that says so: a greedy "
            "backend, or a function loaded with greedy=True.",
        )
    elif held.emid is not None:
        against = [*obstacles.against(result, obstacles.BOUND), *against]
        decision = decision_on(gate, held.emid, held.value, Direction.BELOW, result, config.gate_confidence, against)
    else:
        against = [*obstacles.against(result, obstacles.EMID), *against]
        decision = decision_on(gate, result.emid, held.value, Direction.BELOW, result, config.gate_confidence, against)
    return conclude(replace(decision, note=_fine_print(bound)), result, config)


def assert_no_input_drift(result: EmidResult, alpha: float = 0.05, *, undecided: Undecided | None = None) -> Decision:
    """Pictures and questions look like those of the clean set: no answers are needed to tell.

    Tests whether the two sets could be relabelled copies of one (representation Jensen-Shannon divergence; swap null
    when paired, permutation when not), pictures and questions apart, with Bonferroni's correction for the two. Passing
    means that no drift was seen, not that there is none.

    Args:
        result: what `measure_emid` returned.
        alpha: share of false alarms, from 0.01 (what the permutations can resolve) to below 1.
        undecided: overrides the option.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        TypeError, ValueError: `result` is no result, or `alpha` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_no_input_drift", result)
    check_number("alpha", alpha, least=0.01, below=1.0)
    config, result = options_of(None, undecided), in_full(result)
    js = result.divergences
    tested = {name: p for name, p in (("pictures", js.image_p), ("questions", js.text_p)) if p is not None}
    untested = [
        name
        for name, value, p in (("pictures", js.image, js.image_p), ("questions", js.text, js.text_p))
        if p is None and not abs(value) <= 1e-9
    ]
    adjusted = min(1.0, min(tested.values()) * len(tested)) if tested else 1.0
    if any(math.isnan(p) for p in tested.values()):
        adjusted = math.nan
    estimate = Estimate(
        adjusted, adjusted, adjusted, math.nan, result.n, result.clusters, config.confidence, unit="p-value"
    )
    why = "was not tested where this was measured: run with --emid-drift."
    found = [f"The divergence of {name} {why}" for name in untested]
    found += obstacles.against(result, obstacles.DRIFT)
    # A p-value of exactly alpha rejects.
    verdict, reason, _ = decide(estimate, math.nextafter(alpha, 1.0), Direction.ABOVE, found)
    shown = ", ".join(f"{name} p = {p:.3g}" for name, p in tested.items()) or "both are the same by construction"
    if verdict is not Verdict.UNDECIDED:
        reason = "Nothing was measured." if math.isnan(adjusted) else f"{shown.capitalize()}."
    decision = Decision(
        gate="input drift (p-value)",
        verdict=verdict,
        scenario=result.scenario,
        estimate=estimate,
        threshold=alpha,
        direction=Direction.ABOVE,
        seed=result.seed,
        reason=reason,
        note=f"divergence of pictures {js.image:.3g} nats, of questions {js.text:.3g} nats (raw, biased upwards)",
    )
    return conclude(decision, result, config)


def _retained(
    result: EmidResult, clean: list[float], shifted: list[float], at_least: float, confidence: float
) -> tuple[Estimate, Estimate]:
    """Information retained, and the contrast that is tested in its place; their limits agree on every verdict."""
    a, b = ([record.cluster for record in side.records] for side in (result.clean, result.shifted))
    if not all(map(math.isfinite, [*clean, *shifted])):
        nothing = Estimate(math.nan, -math.inf, math.inf, math.nan, result.n, result.clusters, confidence, "fraction")
        return nothing, nothing
    from pytest_emid.information.intervals import means as intervals

    if not result.paired:
        return (
            intervals.unpaired_retained_interval(clean, shifted, a, b, confidence),
            intervals.unpaired_retained_contrast(clean, shifted, at_least, a, b, confidence),
        )
    return (
        intervals.retained_interval(clean, shifted, a, confidence),
        intervals.retained_contrast(clean, shifted, at_least, a, confidence),
    )


def _fine_print(bound: str) -> str:
    if bound == "scale_adjusted":
        return (
            "this is a score in the shape of a bound, not a bound: at n = 90 it reads about 1.8 when nothing shifted."
        )
    if bound.startswith("published"):
        return "the published inequality; its terms and EMID are estimates."
    return ""
