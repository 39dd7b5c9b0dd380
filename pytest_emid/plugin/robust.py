"""One gate over several measures: an intersection-union test.

It passes only where every measure passes by itself, which needs no correction: the chance that all of them pass though
one of them has lost too much is at most that of this one. It fails where one of them fails at the level that k of them
share (Bonferroni), and names it; else it is UNDECIDED.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pytest_emid.measuring.likelihood import LIKELIHOOD
from pytest_emid.measuring.metrics.measured import metric_of
from pytest_emid.measuring.metrics.measures import as_measures
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Verdict
from pytest_emid.plugin import assertions, metric_gates, recorder
from pytest_emid.plugin.assertions import Blind, Undecided
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.deciding import check_number, check_result, conclude, options_of
from pytest_emid.plugin.looking import looked

__all__ = ["assert_robust"]

DEFAULT = "retained, emid"


def assert_robust(
    result: EmidResult,
    at_most: float = 0.1,
    *,
    measures: str | Sequence[str] | Mapping[str, float | None] | None = None,
    confidence: float | None = None,
    undecided: Undecided | None = None,
    blind: Blind | None = None,
    accept_blind: Collection[str] = (),
) -> Decision:
    """No measure that was asked for lost more than `at_most` of its clean value.

    Args:
        result: what `measure_emid` returned.
        at_most: share of each measure's clean value that may be lost, from 0 to below 1.
        measures: names, `retained` (information), `emid`, `likelihood:LIMIT` (nats an answer) or metrics, with commas
            between them, each with a share of its own (`anls:0.05`) or without; or a dict of name to limit. By default
            what the fixture or ini value `emid_measures` says.
        confidence: two-sided, overrides the option.
        undecided: overrides the option.
        blind: overrides the option; `undecided` lets nothing pass that has a blind spot.
        accept_blind: kinds of facts that may go unseen; `omissions`, `pictures`, `refrain`.

    Returns:
        The decision of the measure that speaks most against a PASS; its reason names the others that do not pass.

    Raises:
        AssertionError: FAIL, or UNDECIDED under `fail`.
        MetricError: no such measure, or one that was not measured.
        TypeError, ValueError: `result` is no result, or `at_most` is out of range.
    """
    __tracebackhide__ = True
    check_result("assert_robust", result)
    check_number("at_most", at_most, least=0.0, below=1.0)
    config = options_of(confidence, undecided, blind, accept_blind)
    asked = as_measures(_configured() if measures is None else measures)
    by_information = not {"retained", "emid"}.isdisjoint(asked)

    def decide_on(found: EmidResult, config: EmidConfig) -> Decision:
        return _by_all(asked, found, at_most, config, accept_blind)

    decision, result = looked(result, config, decide_on, by_information=by_information)
    return conclude(decision, result, config)


def _by_all(
    asked: Mapping[str, float | None],
    result: EmidResult,
    at_most: float,
    config: EmidConfig,
    accept_blind: Collection[str],
) -> Decision:
    """The verdict of `assert_robust`."""
    shared = replace(config, family=config.family * len(asked))
    worst: Decision | None = None
    open_ones = []
    for name, own in asked.items():
        limit = at_most if own is None else own
        alone = _decided(name, result, limit, config, accept_blind)
        corrected = _decided(name, result, limit, shared, accept_blind)
        if corrected.verdict is Verdict.FAIL:
            decision = corrected
        elif alone.verdict is Verdict.FAIL:
            reason = f"Beyond the limit by itself, but not at the level that {len(asked)} measures share."
            decision = replace(alone, verdict=Verdict.UNDECIDED, reason=reason)
        else:
            decision = alone
        if decision.verdict is not Verdict.PASS:
            open_ones.append(f"{name} {decision.verdict}")
        if worst is None or decision.verdict.severity > worst.verdict.severity:
            worst = decision
    assert worst is not None  # as_measures refuses an empty set
    told = f"Of {', '.join(asked)}: {'; '.join(open_ones) or 'all pass'}."
    reason = f"{worst.reason} {told}" if len(asked) > 1 else worst.reason
    return replace(worst, gate=f"robust by {worst.gate}", reason=reason)


def _decided(
    name: str, result: EmidResult, limit: float, config: EmidConfig, accept_blind: Collection[str]
) -> Decision:
    """The verdict by one measure."""
    if name == "retained":
        return assertions.retained_decision(result, 1.0 - limit, config, accept_blind)
    if name == "emid":
        if not result.critic.in_nats:
            raise ValueError(
                f"emid_measures: the critic {result.critic.kind!r} is not in nats, so that there is no share of EMID "
                "to limit. Leave emid out, or measure with --emid-critic=witness."
            )
        return assertions.share_decision(result, limit, config, accept_blind)
    if name == LIKELIHOOD:
        found = metric_gates.likelihood_of(result)
        return metric_gates.drop_decision(result, found, limit, config.gate_confidence)
    found = metric_of(result, name)
    return metric_gates.retained_decision(result, found, 1.0 - limit, config.gate_confidence)


def _configured() -> object:
    """What the running test's fixture says; the default outside of a test."""
    running = recorder.current()
    return DEFAULT if running is None else running.fixture("emid_measures")
