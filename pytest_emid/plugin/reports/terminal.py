"""The terminal: a header line for a configured run, and one section with one row a measurement."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pytest

from pytest_emid.measuring.format import answers, floor_in_words, percent, visible
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision, Verdict
from pytest_emid.plugin.config import OPTIONS, EmidConfig
from pytest_emid.plugin.ledger import Ledger, Row, decided_early, gates
from pytest_emid.plugin.reports.asked import asked_of, verdict_word
from pytest_emid.plugin.reports.columns import BOUND_LETTERS, EXTRA_COLUMNS, columns, shown_bound
from pytest_emid.plugin.reports.explain import headline, sees

__all__ = ["NOTE", "encoder_notes", "header", "provenance", "summarize", "unkept"]

COLORS: Final = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}
NOTE: Final = "encoders note"
"""The setting that holds what must be said about the encoders."""
UNMEASURED_SHOWN: Final = 2
"""Scenarios that could not be measured whose reason is printed in full."""


def header(config: EmidConfig) -> str:
    """The effective options with their origins, for the head of the run."""
    return "emid: " + ", ".join(_described(config, option.key) for option in OPTIONS if _is_told(config, option.key))


def _is_told(config: EmidConfig, key: str) -> bool:
    return key in config.origins or key in ("model", "dataset", "encoders", "seed")


def _described(config: EmidConfig, key: str) -> str:
    name = key.replace("_", "-")
    return f"{name} {config.describe(key)}" if getattr(config, key) is not None else f"{name} from fixture emid_{key}"


def summarize(
    terminal: pytest.TerminalReporter,
    ledger: Ledger,
    problems: Sequence[str],
    config: EmidConfig,
    since: str = "",
    last: Sequence[str] = (),
) -> None:
    """Print the section. `-q` leaves the legend out; `-qq` and `--no-summary` print problems only.

    `since` is what changed since the baseline beside the answers: the first line, for it is the likeliest cause.
    `last` are lines below all others.
    """
    speaks = terminal.verbosity > -2 and not terminal.config.getoption("no_summary")
    rows = ledger.rows() if speaks else []
    unmeasured = ledger.unmeasured() if speaks else {}
    notices = list(_notices(ledger)) if speaks else []
    replayed = list(_replayed(ledger, config)) if speaks else []
    if not (rows or unmeasured or notices or problems or last or replayed):
        return
    terminal.write_sep("=", "emid", bold=True)
    if since and speaks:
        _write(terminal, since, yellow=True)
    if rows:
        _table(terminal, rows, ledger.sources.line())
        _verdicts(terminal, rows, config)
        _agreement(terminal, rows)
        _early(terminal, rows)
    for said in ledger.searches() if speaks else ():
        _write(terminal, visible(said))
    for line in _unmeasured(unmeasured):
        _write(terminal, line, yellow=True)
    for notice in notices:
        _write(terminal, notice, yellow=True)
    for problem in problems:
        _write(terminal, f"MISSING: {problem}", red=True, bold=True)
    if speaks:
        for line in (*replayed, *last):
            terminal.write_line(visible(line))


def _replayed(ledger: Ledger, config: EmidConfig) -> Iterator[str]:
    """How many of the answers that were needed a replay pack holds."""
    if config.replay is None:
        return
    held, missing = ledger.plan.totals()
    models = ", ".join(dict.fromkeys(row.model for row in ledger.plan.rows())) or "none"
    yield f"{held:,} of {held + missing:,} answers from the replay pack {config.replay}, model {models}"


def _early(terminal: pytest.TerminalReporter, rows: Sequence[Row]) -> None:
    """What early stopping saved."""
    stopped = decided_early(rows)
    if stopped is not None:
        needed, whole = stopped
        saved = f"{whole - needed:,} ({percent(1 - needed / whole, 0)}) were not needed"
        _write(terminal, f"stopped early: {needed:,} of {whole:,} answers decided, {saved}")


def _agreement(terminal: pytest.TerminalReporter, rows: Sequence[Row]) -> None:
    """How measures move together, with -v; with what a judge prefers, always."""
    results = [row.result for row in rows]
    if terminal.verbosity > 0 or any(result.judged is not None for result in results):
        from pytest_emid.plugin.reports.agreement import agreement, preference_lines, table

        found = agreement(results)
        for line in table(found) if terminal.verbosity > 0 else ():
            terminal.write_line(line)
        for line in preference_lines(found):
            _write(terminal, line)


def _write(terminal: pytest.TerminalReporter, text: str, **markup: bool) -> None:
    """A paragraph, wrapped at the width of the terminal."""
    width = max(terminal.config.get_terminal_writer().fullwidth - 1, 60)
    for line in textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False):
        terminal.write_line(line, **markup)


def _table(terminal: pytest.TerminalReporter, rows: Sequence[Row], sources: str) -> None:
    for line in provenance(rows):
        _write(terminal, line)
    if sources and terminal.verbosity >= 0:
        _write(terminal, f"answers: {sources}{unkept(rows)}")
    for note in encoder_notes(rows):
        _write(terminal, visible(note), yellow=True)
    width = terminal.config.get_terminal_writer().fullwidth
    shown = columns(rows, terminal.verbosity)
    sizes = _sizes(shown)
    gate = max(len(f"{verdict_word(row)} {asked_of(row, 0)}") for row in rows)
    for extra in EXTRA_COLUMNS:
        if sum(sizes.values()) + 2 * len(sizes) + gate > width:
            shown = {title: cells for title, cells in shown.items() if title not in extra}
            sizes = _sizes(shown)
    left = width - 2 * len(sizes) - sum(sizes.values())
    terminal.write_line("  ".join([*(_aligned(title, sizes[title], title) for title in shown), "verdict"]), bold=True)
    for i, row in enumerate(rows):
        cells = [_aligned(cells[i], sizes[title], title) for title, cells in shown.items()]
        terminal.write("  ".join(cells) + "  ")
        word = verdict_word(row)
        color = {} if row.verdict is None else {_color(row.verdict, row.is_expected): True, "bold": True}
        terminal.write_line(f"{word} {asked_of(row, left - len(word) - 1)}".rstrip(), **color)
    for row in rows:
        if told := answers(row.result):
            _write(terminal, f"{visible(row.result.scenario)}: {told}", yellow=True)
    if terminal.verbosity >= 0:
        for line in _legend(rows, terminal.verbosity, "bound" in shown):
            _write(terminal, line)


def _color(verdict: Verdict, expected: bool) -> str:
    """A failure in a test marked `xfail` is a known weakness."""
    return "yellow" if expected and verdict is Verdict.FAIL else COLORS[verdict]


def _sizes(columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {title: max(len(title), *map(len, cells)) for title, cells in columns.items()}


def _aligned(cell: str, width: int, title: str) -> str:
    return cell.ljust(width) if title == "scenario" else cell.rjust(width)


def provenance(rows: Sequence[Row]) -> Iterator[str]:
    """What was measured with what; one line for each combination."""
    sizes: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in rows:
        result = row.result
        model = f"model {result.settings.get('model', result.model)}{_served(result)}"
        dataset = f"dataset {result.settings.get('dataset', result.clean.dataset)}"
        encoders = f"encoders {result.settings.get('encoders', result.encoders)}"
        seed = f"seed {result.settings.get('seed', str(result.seed))}"
        sizes.setdefault((f"{model}, {dataset}", f"{encoders}, {seed}"), []).append((result.n, result.clusters))
    for (what, how), found in sizes.items():
        n, clusters = (_range(column) for column in zip(*found, strict=True))
        yield visible(f"{what}: {n} samples{f' in {clusters} clusters' if clusters != n else ''}, {how}")


def unkept(rows: Sequence[Row]) -> str:
    """What is said of answers that the next run has to ask for again; empty where all are kept."""
    made = [(row.result.model, row.result.made) for row in rows]
    names = sorted({model for model, by in made if by.versions and not by.model})  # without versions nothing is known
    return visible(f"; without a fingerprint= those of {' and '.join(names)} are not kept") if names else ""


def encoder_notes(rows: Sequence[Row]) -> list[str]:
    """What must be said about the encoders, the gravest in its first sentence; each once."""
    return [*filter(None, dict.fromkeys(row.result.settings.get(NOTE, "") for row in rows))]


def _range(counts: Sequence[int]) -> str:
    """Such as `300`, or `72 to 186`."""
    return f"{min(counts)} to {max(counts)}" if len(set(counts)) > 1 else str(counts[0])


def _served(result: EmidResult) -> str:
    """Who a server says that answered, where that is more than the model's name."""
    names = sorted({*result.clean.served, *result.shifted.served} - {result.model})
    return f", answered by {' and '.join(names[:2])}{' and others' if len(names) > 2 else ''}" if names else ""


def _legend(rows: Sequence[Row], verbosity: int, has_bounds: bool) -> Iterator[str]:
    confidence = f"{100 * rows[0].result.emid.confidence:.6g} %"
    critic = rows[0].result.critic
    unit = "critic's scale" if critic.ceiling is None else f"nats, lower-bound estimates, at most {critic.ceiling:.2f}"
    share = "" if critic.ceiling is None else ", and as a share of what they told on clean data"
    yield (
        f"EMID: what the answers tell less about their queries under the shift ({unit}){share}; above 0 is a loss. "
        f"Retained: share of what the answers told about the references. {confidence} intervals."
    )
    if verbosity > 0:
        yield "EMI: what answers tell about the query beyond what the references tell; EMID = clean - shifted."
    if any(row.result.metrics for row in rows):
        yield "Metrics: mean on clean data > mean on shifted data."
    yield from dict.fromkeys(floor_in_words(row.result.floor) for row in rows if row.result.floor is not None)
    if any(row.decisions for row in rows):
        more = "; +1: one more gate says the same" if any(len(row.decisions) > 1 for row in rows) else ""
        known = any(verdict_word(row) == "XFAIL" for row in rows)
        expected = "; XFAIL: FAIL, in a test that expects it (marked xfail)" if known else ""
        yield f"Verdict: with the gate that gives it and what that asked{more}{expected}."
    yield from _sees(rows)
    letters = {letter for row in rows if (b := shown_bound(row, verbosity)) and (letter := BOUND_LETTERS.get(b.name))}
    meanings = {
        "r": "r rigorous: EMID over answer classes <= its bound, in nats",
        "p": "p published inequality, estimated",
        "c": "c published inequality as its authors' code has it",
        "s": "s scale-adjusted score, not a bound",
    }
    if letters and has_bounds:
        yield "Bound: " + "; ".join(meanings[letter] for letter in sorted(letters)) + "."


def _sees(rows: Sequence[Row]) -> Iterator[str]:
    """What measure and guards see of false answers: one line for each set of clean answers."""
    said = dict.fromkeys(sees(row.result) for row in rows)
    yield from (line for line in said if line)


def _verdicts(terminal: pytest.TerminalReporter, rows: Sequence[Row], config: EmidConfig) -> None:
    """One line for each decision that did not pass, and what of the failures would survive Holm's correction."""
    for row in rows:
        for decision in row.decisions:
            if decision.verdict is not Verdict.PASS:
                reason = f": {decision.reason}" if decision.verdict is Verdict.UNDECIDED else ""
                expected = decision in row.expected
                known = " (expected)" if expected and decision.verdict is Verdict.FAIL else ""
                _write(terminal, f"{headline(decision)}{reason}{known}", **{_color(decision.verdict, expected): True})
    asked = [max(decisions, key=lambda decision: decision.verdict.severity) for decisions in gates(rows)]
    failures = [decision for decision in asked if decision.verdict is Verdict.FAIL and decision.p is not None]
    if config.family == 1 and failures and len(asked) > 1:
        _write(terminal, _multiplicity(asked, config))


def _multiplicity(asked: Sequence[Decision], config: EmidConfig) -> str:
    """Over the gates, of each the decision that stands."""
    from pytest_emid.information.intervals.multiplicity import holm

    # A gate without a p-value is one of the family all the same: on other samples it might have failed.
    adjusted = holm([1.0 if decision.p is None else decision.p for decision in asked])
    failed = [
        p
        for decision, p in zip(asked, adjusted, strict=True)
        if decision.verdict is Verdict.FAIL and decision.p is not None
    ]
    stand = sum(1 for p in failed if p <= (1.0 - config.confidence) / 2)
    return (
        f"Holm over the {len(asked)} gates of this run: {stand} of {len(failed)} FAIL stand. "
        f"--emid-family={len(asked)} decides at the corrected level."
    )


def _unmeasured(reasons: Mapping[str, str]) -> Iterator[str]:
    scenarios = list(reasons)
    for scenario in scenarios[:UNMEASURED_SHOWN]:
        yield f"UNDECIDED: {visible(scenario)} was not measured: {visible(reasons[scenario])}"
    rest = scenarios[UNMEASURED_SHOWN:]
    if rest:
        yield f"UNDECIDED: likewise {_some(rest)} ({len(rest)} more)."


def _notices(ledger: Ledger) -> Iterator[str]:
    rerun = ledger.rerun()
    if rerun:
        yield f"{len(rerun)} ran again: {_some(rerun)}. The first verdict of a gate stands."


def _some(nodeids: Sequence[str]) -> str:
    return ", ".join([*map(visible, nodeids[:3]), *(["..."] if len(nodeids) > 3 else [])])
