"""What a gate asked, in as few words as a table, a badge or a line of pytest's short summary has room for."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from pytest_emid.measuring.format import clip, number, visible

if TYPE_CHECKING:
    from pytest_emid.information.intervals.estimate import Estimate
    from pytest_emid.measuring.verdicts import Decision
    from pytest_emid.plugin.ledger import Row

__all__ = ["anchor", "asked", "asked_of", "measure", "short", "verdict_word"]

SHORTER: Final = {
    "information retained": "retained",
    "EMI on shifted data": "EMI shifted",
    "EMI on clean data": "EMI clean",
    "input drift (p-value)": "input drift p",
}
AGAINST: Final = re.compile(r"EMID against the ([\w-]+ (?:bound|score))")
SINCE: Final = re.compile(r"(?:information |share of nats |(.+ ))lost since the baseline( beyond clean data)?")
SCENARIO_WIDTH: Final = 40


def measure(decision: Decision) -> str:
    """What the gate looks at, such as `retained`, `EMID` or `anls drop`."""
    gate = decision.gate.removeprefix("robust by ")
    if AGAINST.fullmatch(gate):
        return "EMID"
    if gate.startswith("drop of "):
        gate = f"{gate.removeprefix('drop of ')} drop"
    since = SINCE.fullmatch(gate)
    if since:
        gate = f"{since[1] or ''}lost since baseline{' beyond clean' if since[2] else ''}"
    return visible(SHORTER.get(gate, gate))


def asked(decision: Decision) -> str:
    """Such as `retained >= 50 %`, `EMID <= 0.4` or `EMID <= rigorous bound`."""
    against = AGAINST.fullmatch(decision.gate)
    sign = "<=" if decision.direction == "below" else ">="
    limit = _limit(decision) if against is None else against[1]
    return f"{measure(decision)} {sign} {limit}"


def short(decision: Decision) -> str:
    """The verdict in a line of pytest's short summary: scenario and number come before what may be cut off."""
    scenario = clip(decision.scenario, SCENARIO_WIDTH)
    value = _value(decision.estimate)
    return f"{decision.verdict} {scenario}: {measure(decision)} {value}, asked {asked(decision).split(' ', 1)[1]}"


def asked_of(row: Row, width: int | None = None) -> str:
    """What was asked of a row by the gates that made its verdict; as many as fit, and how many more there are.

    Args:
        row: a measurement.
        width: characters; at least one gate is named whatever they take. None: all of them.
    """
    deciding = [decision for decision in row.decisions if decision.verdict is row.verdict]
    gates = list(dict.fromkeys(asked(decision) for decision in deciding))
    for shown in range(len(gates), 1, -1):
        text = _joined(gates, shown)
        if width is None or len(text) <= width:
            return text
    return _joined(gates, 1) if gates else ""


def verdict_word(row: Row) -> str:
    """The row's verdict; XFAIL is pytest's word for a failure that its test expects."""
    if row.verdict is None:
        return "no gate"
    return "XFAIL" if row.verdict == "FAIL" and row.is_expected else str(row.verdict)


def anchor(key: str) -> str:
    """Where a page shows the result of this key."""
    return f"s-{key[:12]}"


def _joined(gates: list[str], shown: int) -> str:
    rest = len(gates) - shown
    return f"{', '.join(gates[:shown])}{f' +{rest}' if rest else ''}"


def _limit(decision: Decision) -> str:
    threshold = decision.threshold
    if not math.isfinite(threshold):
        return "?"
    return f"{100 * threshold:.4g} %" if decision.estimate.unit == "fraction" else f"{threshold:.4g}"


def _value(estimate: Estimate) -> str:
    if estimate.unit == "fraction" and math.isfinite(estimate.value):
        return f"{100 * estimate.value:z.1f} %"
    return f"{estimate.value:.3g}" if estimate.unit == "p-value" else number(estimate.value)
