"""The gate "worse than before?": new answers against those of a saved run or of another model, sample by sample."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Final, NoReturn

import pytest

from pytest_emid.errors import BaselineError
from pytest_emid.information.intervals.means import retained_interval
from pytest_emid.measuring import obstacles
from pytest_emid.measuring.format import measured, percent
from pytest_emid.measuring.matching import Matched, changes, counterpart, matched
from pytest_emid.measuring.regression import EMID, RETAINED, Regression, regression
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Direction, Verdict
from pytest_emid.plugin import recorder
from pytest_emid.plugin.assertions import Blind, Undecided
from pytest_emid.plugin.baselines import baseline_path, in_ci, is_first, saved_baseline
from pytest_emid.plugin.config import CONFIG, EmidConfig
from pytest_emid.plugin.deciding import check_number, check_result, conclude, decision_on, not_seen, options_of
from pytest_emid.plugin.looking import in_full

__all__ = ["assert_no_regression", "regression_decision"]

MOST_GONE: Final = 0.1
"""Share of the baseline's samples that may be gone or edited: what is not measured again cannot pass."""
ON: Final = {RETAINED: obstacles.INFORMATION, EMID: obstacles.EMID}
METRIC: Final = "metric"


def assert_no_regression(
    result: EmidResult,
    at_most: float = 0.02,
    measure: str = RETAINED,
    *,
    beyond_clean: bool = False,
    baseline: EmidResult | None = None,
    confidence: float | None = None,
    undecided: Undecided | None = None,
    blind: Blind | None = None,
    accept_blind: Collection[str] = (),
) -> Decision:
    """Under this shift the answers are at most `at_most` worse than those of the baseline to the same samples.

    Tests mean(old - new) over the shifted samples that both hold, paired by sample, with clusters; in shares, the
    linear contrast mean(old - new - at_most old on clean data). A verdict also tells the difference in differences,
    (old - new) on shifted data minus the same on clean data: near 0 where clean answers lost as much.

    Args:
        result: what `measure_emid` returned.
        at_most: what may be lost, from 0. For `retained` and `emid` a share, below 1, of what the baseline's clean
            answers say; for a metric in its own unit.
        measure: `retained` (reference information, on the scale that all models share), `emid` (nats), or the name of
            a metric; it must have been measured in the baseline, too, unless it is one of the library.
        beyond_clean: test the difference in differences: what the shift costs more than it did.
        baseline: an earlier result, such as `measure_emid.against(other_model, shift)`; by default that of the same
            scenario in the run that --emid-baseline names.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.
        blind: overrides the option; `undecided` lets nothing pass that has a blind spot.
        accept_blind: kinds of facts (`side`, `number`, ...) that may go unseen; `omissions`, `pictures`, `refrain`.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        BaselineError: there is no baseline, or it cannot be compared with: another critic, other encoders, another
            version of the shift.
        MetricError: no such metric.
        TypeError, ValueError: `result` or `baseline` is no result, or `at_most` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_no_regression", result)
    shares = measure in (RETAINED, EMID)
    check_number("at_most", at_most, least=0.0, **({"below": 1.0} if shares else {}))
    running = recorder.current()
    pytest_config = None if running is None else running.item.config
    config, result = options_of(confidence, undecided, blind, accept_blind), in_full(result)
    if baseline is not None:
        check_result("assert_no_regression(baseline=...)", baseline)
        where = f"model {baseline.model}"
    elif pytest_config is not None and is_first(pytest_config):
        _first(pytest_config)
    else:
        where = str(baseline_path(pytest_config)) if pytest_config is not None else ""
    try:
        if baseline is None:
            baseline = counterpart(result, saved_baseline(pytest_config).results, f"the baseline {where}")
        found = regression(matched(baseline, result, shares), measure)
    except BaselineError as error:
        if config.baseline_update is None:
            raise
        pytest.skip(f"accepted as the baseline ({config.baseline_update}), and not compared: {error}")
    since = changes(baseline, result)
    decision = regression_decision(found, at_most, config, accept_blind, beyond_clean=beyond_clean)
    if config.baseline_update is not None and running is not None:
        accepted = replace(decision, note=f"accepted: {config.baseline_update}; {decision.note}")
        return running.settled(accepted, result)[0]

    def explained(settled: Decision) -> str:
        from pytest_emid.plugin.reports.regression import message

        return message(settled, found, where, since, config)

    return conclude(decision, result, config, explained)


def _first(config: pytest.Config) -> NoReturn:
    """Skip, as the run that later ones are compared with; on a machine that keeps no files that is every run."""
    if not in_ci() or config.stash[CONFIG].baseline_update is not None:
        pytest.skip(f"there is no baseline yet: this run is saved as the first, {baseline_path(config)}")
    raise BaselineError(
        f"there is no baseline {baseline_path(config)}, and in CI a gate that compares nothing does not pass. Run "
        "once elsewhere and commit the file, restore it before the run, or accept this run: "
        "--emid-baseline-update='the first run'."
    )


def regression_decision(
    found: Regression,
    at_most: float,
    config: EmidConfig,
    accept_blind: Collection[str] = (),
    *,
    beyond_clean: bool = False,
) -> Decision:
    """The verdict of `assert_no_regression`."""
    pair, level = found.matched, config.gate_confidence
    estimate = found.estimate(level, beyond_clean)
    contrast = found.contrast(at_most, level, beyond_clean)
    against = _against(found, at_most, config, accept_blind)
    if contrast is not None and math.isfinite(contrast.value) and not math.isfinite(contrast.high):
        against.append("The baseline's clean answers say too little about the references: there is nothing to lose.")
    decision = decision_on(
        f"{_lost(found.measure)} since the baseline{' beyond clean data' if beyond_clean else ''}",
        estimate,
        at_most,
        Direction.BELOW,
        pair.new,
        level,
        against,
        contrast=contrast,
        note=_note(found, level, beyond_clean),
    )
    if found.is_same and decision.verdict is Verdict.PASS:
        decision = replace(decision, reason="One and the same model gave the same answers.")
    return decision


def _lost(measure: str) -> str:
    return {RETAINED: "information lost", EMID: "share of nats lost"}.get(measure, f"{measure} lost")


def _note(found: Regression, level: float, beyond_clean: bool) -> str:
    other = found.estimate(level, not beyond_clean)
    words = "under the shift" if beyond_clean else "beyond clean data (difference in differences)"
    flips = "" if found.lost is None else f"{found.lost} right to wrong, {found.gained} wrong to right"
    return "; ".join(part for part in (f"{words} {measured(other)}", flips, found.matched.samples) if part)


def _against(found: Regression, at_most: float, config: EmidConfig, accept_blind: Collection[str]) -> list[str]:
    """What forbids a PASS: in either measurement, in what is seen of the difference, in what is not measured again."""
    pair = found.matched
    on = ON.get(found.measure, METRIC)
    against = [*obstacles.against(pair.new, on)]
    against += [f"In the baseline: {reason}" for reason in obstacles.against(pair.old, on) if reason not in against]
    if found.measure in ON and not found.is_same:
        before = found.means[2]
        kept = 1.0 - at_most * found.means[0] / before if before > 0.0 else 1.0
        against += not_seen(_as_clean(pair), min(max(kept, 1e-9), 1.0), config, accept_blind)
    gone = pair.lost / pair.held if pair.held else 0.0
    if gone > MOST_GONE:
        against.append(
            f"{pair.lost} of {pair.held} samples of the baseline ({percent(gone, 0)}) are gone or edited; at most "
            f"{percent(MOST_GONE, 0)} may be, for what is not measured again may have got worse. Accept this run as "
            "the baseline: --emid-baseline-update='what changed'."
        )
    return against


def _as_clean(pair: Matched) -> EmidResult:
    """The comparison as guards read one: the baseline's shifted answers take the place of clean ones."""
    old, new = pair.old.shifted, pair.new.shifted
    a = [record.cluster for record in new.records]
    before, after = ([record.common or 0.0 for record in side.records] for side in (old, new))
    read = [[record.decoded for record in side.records if record.decoded is not None] for side in (old, new)]
    is_read = len(read[0]) == len(read[1]) == len(a)
    return replace(
        pair.new,
        paired=True,
        clean=old,
        information_retained=retained_interval(before, after, a),
        decoded_retained=retained_interval(read[0], read[1], a) if is_read else None,
    )
