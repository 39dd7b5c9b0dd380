"""A run in Markdown: what GitHub shows under a job, and what fits into a comment on a pull request.

Texts of a model are data. They stand in code spans, in which nothing is a mention, a reference, a link or HTML.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_emid.measuring.format import clip, visible
from pytest_emid.measuring.verdicts import Verdict
from pytest_emid.plugin.against import against, changed_most
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.asked import asked_of, verdict_word
from pytest_emid.plugin.reports.columns import emid_cell, retained_cell
from pytest_emid.plugin.reports.terminal import encoder_notes

__all__ = ["COMMENT", "SUMMARY", "code", "summary"]

COMMENT: Final = 65_000
"""Bytes: GitHub takes 65,536 characters in a comment."""
SUMMARY: Final = 1024 * 1024
"""Bytes that GitHub takes in the summary of a step."""
ICONS: Final = {"FAIL": "❌", "UNDECIDED": "❔", "XFAIL": "⚠️", "PASS": "✅", "no gate": "▫️"}
ORDER: Final = tuple(ICONS)
TEXT: Final = 160
SAMPLES: Final = 3
MARK: Final = "<!-- pytest-emid -->"
"""The first line: by it a job finds its own comment again, and replaces it."""


def summary(rows: Sequence[Row], problems: Sequence[str], most: int) -> str:
    """The summary in at most so many bytes: the table first, then what failed; what does not fit is counted."""
    ordered = sorted(rows, key=lambda row: ORDER.index(verdict_word(row)))
    said = [f"> **Missing:** {code(problem, 600)}\n>" for problem in problems[:20]]
    said += [
        f"> **Encoders:** {code(''.join(note.partition('. ')[:2]).strip(), 300)}\n>"
        for note in encoder_notes(ordered)[:5]
    ]
    head = "\n".join([MARK, f"### {_title(ordered)}", "", *said, ""])
    blocks = [head, *_table(ordered), *(_details(row) for row in ordered if verdict_word(row) in ("FAIL", "UNDECIDED"))]
    reserve = 200
    text, left = "", most - reserve
    for position, block in enumerate(blocks):
        size = len(block.encode())
        if size > left:
            return f"{text}\n\n{len(blocks) - position} more rows or details are left out: GitHub takes no more here.\n"
        text += block
        left -= size
    return text


def code(text: str, width: int = TEXT) -> str:
    """A code span that holds the text and nothing else, also in a table."""
    shown = clip(text, width).replace("|", "\\|") or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _title(rows: Sequence[Row]) -> str:
    counts = Counter(verdict_word(row) for row in rows)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ORDER if counts[verdict])
    return f"Robustness under shift: {told or 'nothing was measured'}"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """The head, then a block for each row."""
    if not rows:
        return
    metrics = list(dict.fromkeys(name for row in rows for name in row.result.metrics))
    titles = ["verdict", "scenario", "asked", "retained", "EMID", *(code(name, 40) for name in metrics)]
    yield f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}\n"
    for row in rows:
        result, word = row.result, verdict_word(row)
        found = [result.metrics.get(name) for name in metrics]
        cells = [
            f"{ICONS[word]} {word}",
            code(result.scenario, 80),
            code(asked_of(row)) if row.decisions else "",
            retained_cell(result),
            emid_cell(result, ", "),
            *("" if f is None else f"{f.clean.value:.3g} → {f.shifted.value:.3g}" for f in found),
        ]
        yield f"| {' | '.join(cells)} |\n"


def _details(row: Row) -> str:
    result = row.result
    lines = [
        "",
        f"<details><summary>{verdict_word(row)}: <code>{_html(clip(result.scenario, 80))}</code></summary>",
        "",
    ]
    for decision in row.decisions:
        if decision.verdict is not Verdict.PASS:
            lines += [f"**{decision.verdict}** {code(decision.gate, 80)}: {code(decision.reason, 600)}", ""]
    decisive = max(row.decisions, key=lambda decision: decision.verdict.severity)
    speaks = against(decisive, result)
    clean = {record.id: record for record in result.clean.records} if result.paired else {}
    changed = changed_most(result, speaks, SAMPLES)
    if changed:
        lines += ["| sample | question | reference | clean | shifted |", "| --- | --- | --- | --- | --- |"]
    for i in changed:
        record = result.shifted.records[i]
        before = clean.get(record.id)
        was = "" if before is None else code(before.response)
        texts = (record.id, record.question, record.reference)
        lines.append(f"| {' | '.join([*map(code, texts), was, code(record.response)])} |")
    return "\n".join([*lines, "", "</details>", ""])


def _html(text: str) -> str:
    from markupsafe import escape

    return str(escape(visible(text)))
