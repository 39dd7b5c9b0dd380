"""What a gate says when it does not pass: the verdict first, then why, then the samples that did it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.measuring.format import (
    TEXT_WIDTH,
    answers,
    clip,
    decimals,
    interval,
    measured,
    number,
    percent,
    quantity,
    visible,
)
from pytest_emid.measuring.plain import scrub
from pytest_emid.measuring.results import Bound, EmidResult, Record
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict, decide
from pytest_emid.plugin.against import changed_most
from pytest_emid.plugin.config import EmidConfig

__all__ = ["asks_about", "bound_line", "compare", "first_screen", "headline", "message", "sees"]

WORST: Final = 5
"""Samples that a message shows."""
SCREEN: Final = 25
"""Lines of a message without `-v`."""
SHOWN: Final = 3
"""Samples in it."""

TOLD: Final = 0.1
"""What an echo retains, and what is lost of the contrast between yes and no, is told from here on."""

ESTIMATES: Final = {
    "emid": "EMID",
    "anchored_emid": "anchored EMID",
    "emid_share": "share of the clean information lost",
    "information_lost": "information lost",
    "information_retained": "information retained",
    "decoded_retained": "information retained (decoded)",
    "cosine_drop": "loss of cosine to the reference",
    "exact_drop": "loss of exact matches",
    "emi_clean": "EMI on clean data",
    "emi_shifted": "EMI on shifted data",
}


def headline(decision: Decision) -> str:
    """The verdict in one line: what pytest's short summary shows."""
    estimate = decision.estimate
    return (
        f"{decision.verdict}: {decision.gate} under {visible(decision.scenario)} is {measured(estimate)}, "
        f"asked: {_asked(decision)} (n = {estimate.n})"
    )


def message(decision: Decision, result: EmidResult, config: EmidConfig, contributions: Sequence[float] | None) -> str:
    """The whole explanation, about forty lines: what `-v` shows.

    Args:
        decision: the gate's.
        result: what it was asked about.
        config: effective options of the test.
        contributions: one number per shifted sample, large where it speaks against the gate; None when the gate does
            not rest on samples.
    """
    return scrub("\n".join(_lines(decision, result, config, contributions)))


def first_screen(
    decision: Decision, result: EmidResult, config: EmidConfig, contributions: Sequence[float] | None
) -> str:
    """The verdict, its numbers, its cause and the samples that did it, in at most `SCREEN` lines; as `message`."""
    estimate = decision.estimate
    needed = [
        headline(decision),
        f"  why        {decision.reason}",
        f"  n          {estimate.n} samples in {estimate.clusters} clusters{_limit(result, config)}; seed "
        f"{_setting(result, 'seed', str(decision.seed))}; {_confidence(estimate.confidence, config)}",
    ]
    samples = [] if contributions is None else _few_samples(result, contributions)
    footer = "-v shows bounds, all measures and more samples."
    told = answers(result)
    useful = [
        *_attempts(decision),
        *([f"  answers    {told}"] if told else []),
        *_detectable(decision),
        *(f"  remark     {visible(remark)}" for remark in result.remarks),
        *([f"  note       {decision.note}"] if decision.note else []),
        f"  measured   {_setting(result, 'model', result.model)} on {visible(result.clean.dataset)}",
    ]
    table = list(_companions(result))
    left = SCREEN - len(needed) - len(samples) - 1
    details = useful[: max(left - len(table[:3]), 0)]
    rows = table[: left - len(details)]
    return scrub("\n".join([*needed, *details, *(rows if len(rows) > 1 else []), *samples, footer]))


def _few_samples(result: EmidResult, contributions: Sequence[float]) -> list[str]:
    """The worst samples, four lines each; none where nothing changed."""
    clean = {record.id: record for record in result.clean.records} if result.paired else {}
    worst = changed_most(result, contributions, SHOWN)
    lines = [f"the {len(worst)} samples that contribute most (of {len(contributions)}):"] if worst else []
    for rank, position in enumerate(worst, start=1):
        record = result.shifted.records[position]
        before = clean.get(record.id)
        category = f"{clip(record.category, 40)}, " if record.category else ""
        lines.append(
            f"{rank}. {clip(record.id, 40)} ({category}{number(contributions[position])}): {clip(record.question, 120)}"
        )
        lines.append(f"   reference  {clip(record.reference, 120)}")
        lines += [f"   clean      {_answer(before, 120)}"] if before is not None else []
        lines.append(f"   shifted    {_answer(record, 120)}")
    return lines


def _lines(
    decision: Decision, result: EmidResult, config: EmidConfig, contributions: Sequence[float] | None
) -> Iterator[str]:
    estimate = decision.estimate
    yield headline(decision)
    yield f"  estimate   {quantity(estimate.value, estimate.unit, decimals(estimate))} ({estimate.unit})"
    yield f"  interval   {interval(estimate)} at {_confidence(estimate.confidence, config)}"
    yield f"  threshold  {_asked(decision)} (argument)"
    yield f"  n          {estimate.n} samples in {estimate.clusters} clusters{_limit(result, config)}"
    yield f"  seed       {_setting(result, 'seed', str(decision.seed))}"
    yield f"  why        {decision.reason}"
    yield from _detectable(decision)
    yield from _attempts(decision)
    if decision.note:
        yield f"  note       {decision.note}"
    told = answers(result)
    if told:
        yield f"  answers    {told}"
    yield f"  measured   {_setting(result, 'model', result.model)} on {visible(result.clean.dataset)}"
    yield f"  encoders   {_setting(result, 'encoders', result.encoders)}"
    if estimate.unit == "critic scale" and result.critic.r2 is not None:
        yield f"  critic     {visible(result.critic.kind)}, held-out R2 {measured(result.critic.r2)}"
    if estimate.unit == "nats" and result.critic.ceiling is not None:
        most = f"at most {result.critic.ceiling:.2f} nats"
        yield f"  critic     {visible(result.critic.kind)}, a lower-bound estimate of each side, {most}"
    yield ""
    yield from _bounds(result.bounds, decision)
    yield from _companions(result)
    seen = sees(result)
    if seen:
        yield seen
    yield from _contrast(result)
    if result.remarks:
        yield ""
        yield from (f"remark: {visible(remark)}" for remark in result.remarks)
    if contributions is not None:
        yield from _samples(result, contributions)


def _attempts(decision: Decision) -> Iterator[str]:
    if decision.attempt < _attempt():
        yield f"  attempt    {decision.attempt} decided this; running a test again does not give another chance."


def _detectable(decision: Decision) -> Iterator[str]:
    """What so many samples can tell, where they could not tell this."""
    from pytest_emid.information.intervals.power import minimum_detectable

    estimate = decision.estimate
    if decision.verdict is not Verdict.UNDECIDED or not math.isfinite(decision.threshold):
        return
    if math.isfinite(estimate.low) and math.isfinite(estimate.high) and estimate.se > 0.0:
        least = quantity(minimum_detectable(estimate), estimate.unit).removeprefix("+")
        yield f"  detects    a truth that is {least} or more beyond the threshold (80 % power at this n)"


def bound_line(bound: Bound) -> str:
    """A bound with its terms in one line."""
    terms = " + ".join(f"{visible(name)} {value:.3g}" for name, value in bound.terms.items())
    what = "score, not a bound" if bound.unit == "score" else bound.unit
    against = f"; bounds EMID {measured(bound.emid)}" if bound.emid is not None else ""
    return f"{visible(bound.name)} {bound.value:.3g} ({what}) = {terms or 'no terms'}{against}"


def sees(result: EmidResult) -> str:
    """What guards see of false answers on these data, and what nothing sees, in a line; empty where nobody looked."""
    sight = result.sight
    if sight is None:
        return ""
    kinds = {kind: share for kind, share in sight.reach.items() if share is not None and sight.present[kind] > 0.0}
    reach = ", ".join(f"{kind} {percent(share, 0)}" for kind, share in kinds.items()) or "none of the facts it knows"
    blind = f" Blind to {', '.join(sight.blind)}: gate on a metric of your own for those." if sight.blind else ""
    unchecked = f" Not checked: {percent(sight.unchecked, 0)} of the answers." if sight.unchecked > 0.0 else ""
    echoed = sight.echo is not None and sight.echo >= TOLD
    echo = f" A model that repeats its question would retain {percent(sight.echo or 0.0, 0)}." if echoed else ""
    return f"Of these clean answers made false on purpose, the guards see: {reach}.{blind}{unchecked}{echo}"


def _contrast(result: EmidResult) -> Iterator[str]:
    """How far yes and no are still told apart, where they clearly are less."""
    kept = None if result.sight is None else result.sight.contrast_kept
    if kept is not None and kept < 1.0 - TOLD:
        yield f"Of the contrast between yes and no the shifted answers keep {percent(kept, 0)}."


def compare(estimate: Estimate, op: str, left: object, right: object, results: Sequence[EmidResult]) -> list[str]:
    """Lines for `assert result.emid <= 0.05`: pytest shows the first six or eight.

    Args:
        estimate: the operand that is an estimate, the left one if both are.
        op: the comparison.
        left: left operand.
        right: right operand.
        results: those of the test, among which the estimate is looked up.
    """
    name, result = _whose(estimate, results)
    under = f" under {visible(result.scenario)}" if result is not None else ""
    other = right if left is estimate else left
    direction = _direction(op, left is estimate)
    lines = [f"{_shown(left)} {op} {_shown(right)}"]
    if isinstance(other, int | float) and direction is not None:
        verdict, reason, _ = decide(estimate, float(other), direction)
        lines.append(f"a gate would say {verdict}: {reason}")
        lines.append(f"threshold: {direction} {_limit_value(float(other), estimate.unit)}")
    lines.insert(1, f"{name}{under}: {quantity(estimate.value, estimate.unit, decimals(estimate))} ({estimate.unit})")
    lines.insert(2, f"interval: {interval(estimate)} at {100 * estimate.confidence:.6g} % confidence")
    seed = f", seed {_setting(result, 'seed', str(result.seed))}" if result is not None else ""
    lines.append(f"n: {estimate.n} samples in {estimate.clusters} clusters{seed}")
    lines.append("This compares the point estimate; a gate such as assert_emid_below uses the interval.")
    return lines


def _whose(estimate: Estimate, results: Sequence[EmidResult]) -> tuple[str, EmidResult | None]:
    for result in results:
        for attribute, name in ESTIMATES.items():
            if getattr(result, attribute) is estimate:
                return name, result
    return "estimate", None


def _direction(op: str, estimate_is_left: bool) -> Direction | None:
    asked = {"<": Direction.BELOW, "<=": Direction.BELOW, ">": Direction.ABOVE, ">=": Direction.ABOVE}.get(op)
    if asked is None or estimate_is_left:
        return asked
    return Direction.ABOVE if asked is Direction.BELOW else Direction.BELOW


def _shown(operand: object) -> str:
    return quantity(operand.value, operand.unit) if isinstance(operand, Estimate) else clip(repr(operand), 60)


def _asked(decision: Decision) -> str:
    if not math.isfinite(decision.threshold):
        return "within a bound that this result does not have"
    words = "at most" if decision.direction is Direction.BELOW else "at least"
    return f"{words} {_limit_value(decision.threshold, decision.estimate.unit)}"


def _limit_value(threshold: float, unit: str) -> str:
    return percent(threshold) if unit == "fraction" else f"{threshold:.6g}"


def _confidence(confidence: float, config: EmidConfig) -> str:
    shown = f"{100 * confidence:.6g} % confidence ({config.origin('confidence')})"
    return shown if config.family == 1 else f"{shown}, one of a family of {config.describe('family')}"


def _limit(result: EmidResult, config: EmidConfig) -> str:
    limit = _setting(result, "limit", config.describe("limit") if config.limit else "")
    return f", limit {limit}" if limit and not limit.startswith("0 ") else ""


def _setting(result: EmidResult, name: str, otherwise: str) -> str:
    return visible(result.settings.get(name, otherwise))


def _attempt() -> int:
    from pytest_emid.plugin.recorder import current

    recorder = current()
    return recorder.attempt if recorder is not None else 1


def asks_about(decision: Decision, bound: str) -> bool:
    """Whether the gate is about the bound of this name."""
    return bound.replace("_", "-") in decision.gate.split()


def _bounds(bounds: Mapping[str, Bound], decision: Decision) -> Iterator[str]:
    """One line each; how it was estimated where the gate is about it."""
    for bound in bounds.values():
        yield f"bound: {bound_line(bound)}"
        if bound.note and asks_about(decision, bound.name):
            yield f"       {visible(bound.note)}"
    if bounds:
        yield ""


def _companions(result: EmidResult) -> Iterator[str]:
    """The measures of the same answers, each with what the shift did to it."""
    clean, shifted = result.clean, result.shifted
    lost = f"change ({100 * result.emid.confidence:.6g} % interval)"
    yield f"{'measure':<24}{'clean':>10}{'shifted':>10}   {lost}"
    yield _measure("information, direct", clean.information, shifted.information, "kept", result.information_retained)
    if clean.decoded is not None and shifted.decoded is not None and result.decoded_retained is not None:
        yield _measure("information, decoded", clean.decoded, shifted.decoded, "kept", result.decoded_retained)
    if result.critic.in_nats:
        yield _measure("EMI (nats)", clean.emi, shifted.emi, "lost", result.emid)
        if result.emid_share is not None:
            yield _measure("  as share of clean", None, None, "lost", result.emid_share)
    else:
        yield _measure("EMI (published EMID)", clean.emi, shifted.emi, "lost", result.emid)
    # With the reference as the clean query's witness both forms are one.
    if result.anchored_emid is not None and result.critic.kind != "witness":
        yield _measure("EMI, anchored", None, None, "lost", result.anchored_emid)
    yield _measure("cosine to reference", clean.cosine, shifted.cosine, "lost", result.cosine_drop)
    yield _measure("exact match", clean.exact, shifted.exact, "lost", result.exact_drop)
    for name, found in result.metrics.items():
        changed = "" if found.lost is None else f"; {found.lost} right to wrong, {found.gained} wrong to right"
        yield _measure(clip(name, 24), found.clean, found.shifted, "lost", found.drop) + changed


def _measure(name: str, clean: Estimate | None, shifted: Estimate | None, word: str, change: Estimate) -> str:
    a, b = (quantity(side.value, side.unit) if side is not None else "" for side in (clean, shifted))
    return f"{name:<24}{a:>10}{b:>10}   {word} {measured(change)}"


def _samples(result: EmidResult, contributions: Sequence[float]) -> Iterator[str]:
    """The samples that speak most against the gate; none where nothing changed."""
    worst = changed_most(result, contributions, WORST)
    if not worst:
        return
    clean = {record.id: record for record in result.clean.records} if result.paired else {}
    yield ""
    yield f"the {len(worst)} samples that contribute most (of {len(contributions)}):"
    for rank, position in enumerate(worst, start=1):
        record = result.shifted.records[position]
        yield from _sample(rank, record, clean.get(record.id), contributions[position])


def _sample(rank: int, shifted: Record, clean: Record | None, contribution: float) -> Iterator[str]:
    category = f", {clip(shifted.category, 40)}" if shifted.category else ""
    yield f"{rank}. {clip(shifted.id, 80)}{category}: contribution {number(contribution)}"
    if clean is not None and clean.question != shifted.question:
        yield f"   question   {clip(clean.question)}"
        yield f"   as shifted {clip(shifted.question)}"
    else:
        yield f"   question   {clip(shifted.question)}"
    yield f"   reference  {clip(shifted.reference)}"
    if clean is not None:
        yield f"   clean      {_answer(clean)}"
    yield f"   shifted    {_answer(shifted)}"


def _answer(record: Record, width: int = TEXT_WIDTH) -> str:
    return clip(record.response, width) + ("" if record.outcome == "ok" else f" ({clip(record.outcome, 20)})")
