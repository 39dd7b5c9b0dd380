"""The terminal: a header line for a configured run, and one section with one row a measurement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from pytest_emid.config import EmidConfig
from pytest_emid.gates import Decision, Verdict
from pytest_emid.ledger import Ledger, Row
from pytest_emid.reports.explain import headline
from pytest_emid.reports.format import clip, measured, number, percent, visible
from pytest_emid.results import Bound, EmidResult

__all__ = ["header", "summarize"]

SCENARIO_WIDTH: Final = 34
PREFERRED_BOUNDS: Final = ("rigorous", "published", "published_code", "scale_adjusted")
BOUND_LETTERS: Final = {"rigorous": "r", "published": "p", "published_code": "c", "scale_adjusted": "s"}
COLORS: Final = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}
NARROW: Final = 100
"""On a terminal below this width, the columns of both EMI are left out."""


def header(config: EmidConfig) -> str:
    """The effective options with their origins, for the head of the run."""
    shown = ", ".join(f"{key} {config.describe(key)}" for key in ("model", "dataset", "encoders", "seed"))
    others = [key for key in config.origins if key not in ("model", "dataset", "encoders", "seed")]
    return "emid: " + ", ".join([shown, *(f"{key.replace('_', '-')} {config.describe(key)}" for key in others)])


def summarize(terminal: pytest.TerminalReporter, ledger: Ledger, problems: Sequence[str], config: EmidConfig) -> None:
    """Print the section. `-q` leaves the legend out; `-qq` prints problems only."""
    rows = ledger.rows() if terminal.verbosity > -2 else []
    if not rows and not problems and not (notices := list(_notices(ledger))):
        return
    terminal.section("emid", bold=True)
    if rows:
        _table(terminal, rows, terminal.config.get_terminal_writer().fullwidth)
    if terminal.verbosity > -2:
        _verdicts(terminal, rows, config)
        notices = list(_notices(ledger))
        for notice in notices:
            terminal.write_line(notice, yellow=True)
    for problem in problems:
        terminal.write_line(f"MISSING: {problem}", red=True, bold=True)


def _table(terminal: pytest.TerminalReporter, rows: Sequence[Row], width: int) -> None:
    for line in _provenance(rows):
        terminal.write_line(line)
    table = [_cells(row) for row in rows]
    titles = ["scenario", "n", "EMI clean", "EMI shifted", "EMID [interval]", "info retained [interval]", "bound"]
    keep = [i for i in range(len(titles)) if width >= NARROW or i not in (2, 3)]
    widths = [max(len(titles[i]), *(len(cells[i]) for cells in table)) for i in range(len(titles))]
    terminal.write_line("  ".join([*(_aligned(titles[i], widths[i], i) for i in keep), "verdict"]), bold=True)
    for row, cells in zip(rows, table, strict=True):
        terminal.write("  ".join(_aligned(cells[i], widths[i], i) for i in keep) + "  ")
        if row.verdict is None:
            terminal.write_line("no gate")
        else:
            terminal.write_line(str(row.verdict), **{COLORS[row.verdict]: True, "bold": True})
    if terminal.verbosity >= 0:
        for line in _legend(rows):
            terminal.write_line(line)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def _cells(row: Row) -> list[str]:
    result = row.result
    bound = _shown_bound(row)
    return [
        clip(result.scenario, SCENARIO_WIDTH),
        str(result.n),
        number(result.emi_clean.value),
        number(result.emi_shifted.value),
        measured(result.emid),
        _retained(result),
        "-" if bound is None else f"{bound.value:.3g} {BOUND_LETTERS.get(bound.name, '?')}",
    ]


def _retained(result: EmidResult) -> str:
    retained = result.information_retained
    return f"{percent(retained.value)} [{100 * retained.low:.0f}, {100 * retained.high:.0f}]"


def _shown_bound(row: Row) -> Bound | None:
    """The bound that a gate was asked about, else the strictest that there is."""
    asked = [name for name in PREFERRED_BOUNDS for d in row.decisions if name.replace("_", "-") in d.gate.split()]
    for name in (*asked, *PREFERRED_BOUNDS):
        if name in row.result.bounds:
            return row.result.bounds[name]
    return None


def _provenance(rows: Sequence[Row]) -> Iterator[str]:
    """What was measured with what; one line for each combination."""
    seen: list[str] = []
    for row in rows:
        result = row.result
        clusters = f" in {result.clusters} clusters" if result.clusters != result.n else ""
        line = ", ".join(
            (
                f"model {result.settings.get('model', result.model)}",
                f"dataset {result.settings.get('dataset', result.clean.dataset)}: {result.n} samples{clusters}",
                f"encoders {result.settings.get('encoders', result.encoders)}",
                f"seed {result.settings.get('seed', str(result.seed))}",
            )
        )
        if line not in seen:
            seen.append(line)
            yield visible(line)


def _legend(rows: Sequence[Row]) -> Iterator[str]:
    confidence = f"{100 * rows[0].result.emid.confidence:.4g} %"
    yield (
        "EMI: what answers tell about the query beyond what the references tell (critic's scale); EMID = clean - "
        f"shifted, above 0 is a loss. Info retained: share of what answers told about the references. {confidence} "
        "intervals."
    )
    letters = {letter for row in rows if (b := _shown_bound(row)) and (letter := BOUND_LETTERS.get(b.name))}
    meanings = {
        "r": "r rigorous bound on EMID in nats, over answer classes",
        "p": "p published inequality, estimated",
        "c": "c published inequality as its authors' code has it",
        "s": "s scale-adjusted score, not a bound",
    }
    if letters:
        yield "Bound: " + "; ".join(meanings[letter] for letter in sorted(letters)) + "."


def _verdicts(terminal: pytest.TerminalReporter, rows: Sequence[Row], config: EmidConfig) -> None:
    """One line for each decision that did not pass, and what of the failures would survive Holm's correction."""
    decisions = [decision for row in rows for decision in row.decisions]
    for decision in decisions:
        if decision.verdict is not Verdict.PASS:
            terminal.write_line(headline(decision), **{COLORS[decision.verdict]: True})
            if decision.verdict is Verdict.UNDECIDED:
                terminal.write_line(f"  {decision.reason}")
    failures = [decision for decision in decisions if decision.verdict is Verdict.FAIL and decision.p is not None]
    if config.family == 1 and failures and len(decisions) > 1:
        terminal.write_line(_multiplicity(decisions, config))


def _multiplicity(decisions: Sequence[Decision], config: EmidConfig) -> str:
    from pytest_emid.information.multiplicity import holm

    tested = [decision for decision in decisions if decision.p is not None]
    adjusted = holm([decision.p for decision in tested if decision.p is not None])
    failed = [p for decision, p in zip(tested, adjusted, strict=True) if decision.verdict is Verdict.FAIL]
    stand = sum(1 for p in failed if p <= (1.0 - config.confidence) / 2)
    return (
        f"Over the {len(tested)} gates of this run, {stand} of {len(failed)} FAIL stand under Holm's correction. "
        f"--emid-family={len(tested)} decides at the corrected level."
    )


def _notices(ledger: Ledger) -> Iterator[str]:
    idle = ledger.idle()
    if idle:
        yield f"{len(idle)} passed without measuring anything: {', '.join(visible(nodeid) for nodeid in idle[:3])}" + (
            ", ..." if len(idle) > 3 else ""
        )
    rerun = ledger.rerun()
    if rerun:
        yield (
            f"{len(rerun)} ran again: {', '.join(visible(nodeid) for nodeid in rerun[:3])}"
            f"{', ...' if len(rerun) > 3 else ''}. The first verdict of a gate stands."
        )
