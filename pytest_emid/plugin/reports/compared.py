"""Two runs that were compared, in the terminal and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pytest_emid.measuring.format import clip, measured, percent, visible
from pytest_emid.measuring.verdicts import Verdict
from pytest_emid.plugin.comparing import Compared, Comparison
from pytest_emid.plugin.reports.regression import samples

if TYPE_CHECKING:
    import pytest

__all__ = ["as_markdown", "asked_of_all", "gone_in_words", "show", "undecided"]

TITLES: Final = ("scenario", "n", "lost [interval]", "beyond clean data [interval]", "right/wrong", "verdict")
COLORS: Final = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}
SAID: Final = {
    Verdict.PASS: "no regression",
    Verdict.FAIL: "regression",
    Verdict.UNDECIDED: "undecided",
}
NAME_WIDTH: Final = 34


def show(terminal: pytest.TerminalReporter, compared: Compared) -> None:
    """A table, why what does not pass does not, and the samples behind each FAIL."""
    width = max(terminal.config.get_terminal_writer().fullwidth - 1, 60)
    if compared.since:
        for line in textwrap.wrap(visible(compared.since), width, subsequent_indent="  "):
            terminal.write_line(line, yellow=True)
    terminal.write_line(asked_of_all(compared))
    cells = [_cells(comparison) for comparison in compared.comparisons]
    widths = [max(len(TITLES[i]), *(len(row[i]) for row in cells)) if cells else len(TITLES[i]) for i in range(5)]

    def aligned(row: tuple[str, ...]) -> str:
        return "  ".join(row[i].ljust(widths[i]) if i == 0 else row[i].rjust(widths[i]) for i in range(5))

    terminal.write_line(f"{aligned(TITLES)}  {TITLES[5]}", bold=True)
    for comparison, row in zip(compared.comparisons, cells, strict=True):
        terminal.write(f"{aligned(row)}  ")
        terminal.write_line(row[5], bold=True, **{COLORS[comparison.verdict]: True})
    for sentence in _reasons(compared):
        for line in textwrap.wrap(sentence, width, subsequent_indent="  "):
            terminal.write_line(line, yellow=True)
    for comparison in compared.comparisons:
        if comparison.found is not None and comparison.verdict is Verdict.FAIL:
            terminal.write_line("")
            terminal.write_line(f"{visible(comparison.result.scenario)}:", bold=True)
            for line in samples(comparison.found):
                terminal.write_line(line)
    terminal.write_line(SAID[compared.verdict], bold=True, **{COLORS[compared.verdict]: True})


def as_markdown(compared: Compared) -> str:
    """The same without samples, as GitHub shows it."""
    lines = [f"### Robustness: {SAID[compared.verdict]}", "", _escaped(asked_of_all(compared)), ""]
    if compared.since:
        lines += [f"**{_escaped(visible(compared.since))}**", ""]
    lines += [f"| {' | '.join(TITLES)} |", f"| {' | '.join(['---', *['---:'] * 4, '---'])} |"]
    lines += [f"| {' | '.join(map(_escaped, _cells(comparison)))} |" for comparison in compared.comparisons]
    reasons = [f"- {_escaped(sentence)}" for sentence in _reasons(compared)]
    return "\n".join([*lines, *(["", *reasons] if reasons else []), ""])


def asked_of_all(compared: Compared) -> str:
    """Which runs, and what may be lost, in a line."""
    limit = percent(compared.at_most) if compared.measure in ("retained", "emid") else f"{compared.at_most:g}"
    return (
        f"{visible(str(compared.new.path))} against {visible(str(compared.old.path))}: at most {limit} of "
        f"{visible(compared.measure)} may be lost"
    )


def _cells(comparison: Comparison) -> tuple[str, ...]:
    name = clip(comparison.result.scenario, NAME_WIDTH)
    found, decision = comparison.found, comparison.decision
    if found is None or decision is None:
        return name, "", "", "", "", "not comparable"
    confidence = decision.estimate.confidence
    flips = "" if found.lost is None else f"-{found.lost} +{found.gained}"
    lost, beyond = (measured(found.estimate(confidence, of)) for of in (False, True))
    return name, str(decision.estimate.n), lost, beyond, flips, str(decision.verdict)


def _reasons(compared: Compared) -> Iterator[str]:
    """Why what is not a PASS is none, and which samples and scenarios are not compared."""
    for comparison in compared.comparisons:
        why = undecided(comparison)
        if why:
            yield why
        if comparison.found is not None and comparison.found.matched.samples:
            yield f"{visible(comparison.result.scenario)}: {visible(comparison.found.matched.samples)}"
    yield from map(gone_in_words, compared.vanished)


def undecided(comparison: Comparison) -> str:
    """Why it is not decided, in a sentence; empty where it is."""
    if comparison.refused:
        return visible(comparison.refused)
    if comparison.decision is None or comparison.verdict is not Verdict.UNDECIDED:
        return ""
    return f"{visible(comparison.result.scenario)}: {visible(comparison.decision.reason)}"


def gone_in_words(scenario: str) -> str:
    """A measurement that only the earlier run holds, in a sentence."""
    return f"{visible(scenario)} was measured before, and is not any more."


def _escaped(text: str) -> str:
    """Text that Markdown shows as it stands."""
    for sign in "\\`*_{}[]<>|#!@":
        text = text.replace(sign, f"\\{sign}" if sign != "<" else "&lt;")
    return text
