"""One HTML page of a run: which scenarios, how much, which samples, with their pictures.

One file that needs nothing else. Texts are data: they are escaped, and the page's policy allows no request, no style
and no script but its own. Without its script all of it can be read; the script filters, searches, sorts and moves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.writing import writing
from pytest_emid.measuring.format import limits, measured, number, percent, quantity, visible
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import Decision
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.asked import anchor, asked, asked_of, verdict_word
from pytest_emid.plugin.reports.charts import bar, curves
from pytest_emid.plugin.reports.explain import bound_line, headline
from pytest_emid.plugin.reports.page_assembly import PICTURES, assembled, within_budget
from pytest_emid.plugin.reports.page_samples import LINES, flips_of, flips_on, samples_of, spread
from pytest_emid.plugin.reports.terminal import NOTE, encoder_notes, provenance

__all__ = ["PICTURES", "render", "write"]

ORDER: Final = ("FAIL", "UNDECIDED", "XFAIL", "PASS", "no gate")
OPEN: Final = 3
"""Scenarios that did not pass and are open from the start."""


def write(
    path: Path, rows: Sequence[Row], problems: Sequence[str], pictures: Mapping[str, str], title: str = ""
) -> None:
    """Write the page; folders are made.

    Args:
        path: of the page.
        rows: the measurements.
        problems: what is missing, as sentences.
        pictures: by digest, data URIs; more may be given than are needed.
        title: of the page.

    Raises:
        OSError: it cannot be written.
    """
    page = render(rows, problems, pictures, title)
    with writing(path) as stream:
        stream.write(page)


def render(
    rows: Sequence[Row],
    problems: Sequence[str],
    pictures: Mapping[str, str],
    title: str = "",
    lines: int = LINES,
) -> str:
    """The page; `lines` are the bytes of samples without pictures, about."""
    rows = [_in_order(row) for row in rows]
    ordered = sorted(rows, key=lambda row: ORDER.index(verdict_word(row)))
    each = spread(rows, lines)
    open_ones = [row.key for row in ordered if verdict_word(row) in ("FAIL", "UNDECIDED")][:OPEN]
    scenarios = [_scenario(row, row.key in open_ones, each) for row in ordered]
    shown, left_out = within_budget([scenario["cards"] for scenario in scenarios], pictures)
    counts = Counter(scenario["verdict"] for scenario in scenarios)
    return assembled(
        "page.html.jinja",
        scripted=True,
        title=title or "Robustness under distribution shift",
        lead=_lead(ordered),
        counts=[(verdict, counts[verdict]) for verdict in ORDER if counts[verdict]],
        provenance=list(provenance(rows)),
        notes=[visible(note).partition(". ") for note in encoder_notes(rows)],
        problems=[visible(problem) for problem in problems],
        scenarios=scenarios,
        curves=curves(rows),
        metrics=list(dict.fromkeys(name for row in rows for name in row.result.metrics)),
        categories=sorted({s["category"] for scenario in scenarios for s in scenario["samples"] if s["category"]}),
        pictures=shown,
        left_out=left_out,
        confidence=f"{100 * rows[0].result.emid.confidence:.6g} %" if rows else "",
    )


def _in_order(row: Row) -> Row:
    """Bounds and metrics by name, so that a run and its saved report make the same page."""
    result = row.result
    bounds = {name: replace(bound, terms=dict(sorted(bound.terms.items()))) for name, bound in result.bounds.items()}
    metrics = dict(sorted(result.metrics.items()))
    return row._replace(result=replace(result, bounds=dict(sorted(bounds.items())), metrics=metrics))


def _lead(rows: Sequence[Row]) -> str:
    """The run in a sentence or two."""
    if not rows:
        return "Nothing was measured."
    failed = [row for row in rows if verdict_word(row) == "FAIL"]
    undecided = [row for row in rows if verdict_word(row) == "UNDECIDED"]
    total = f"{len(rows)} scenario{'s' if len(rows) != 1 else ''}"
    if not any(row.decisions for row in rows):
        return f"{total[0].upper()}{total[1:]}, and no gate was asked."
    if not failed:
        said = f"None of {total} failed" if len(rows) > 1 else "It did not fail"
        return f"{said}; {len(undecided)} could not be decided." if undecided else f"{said}."
    told = f"{len(failed)} of {total} failed{f', {len(undecided)} could not be decided' if undecided else ''}."
    defined = [row for row in failed if not math.isnan(row.result.information_retained.value)]
    if not defined:
        return told
    worst = min(defined, key=lambda row: row.result.information_retained.value)
    retained = percent(worst.result.information_retained.value, 0)
    return (
        f"{told} Worst: "
        f"{visible(worst.result.scenario)}, where answers keep {retained} of the information "
        f"(asked: {asked_of(worst)})."
    )


def _scenario(row: Row, is_open: bool, budget: int) -> dict[str, Any]:
    result = row.result
    retained, share = result.information_retained, result.emid_share
    undefined = math.isnan(retained.value)
    cards, lines, left_out = samples_of(row, budget)
    flips = Counter(flips_of(result))
    return {
        "id": anchor(row.key),
        "open": is_open,
        "verdict": verdict_word(row),
        "name": visible(result.scenario),
        "asked": asked_of(row),
        "n": result.n,
        "clusters": result.clusters,
        "bar": bar(row),
        "retained": "undefined" if undefined else percent(retained.value),
        "interval": "" if undefined else " to ".join(limits(retained)),
        "order": "-1" if undefined else f"{retained.value:.6g}",
        "emid": measured(result.emid),
        "emid_order": f"{result.emid.value:.6g}",
        "share": "" if share is None or math.isnan(share.value) else percent(share.value, 0),
        "metrics": {name: f"{f.clean.value:.3g} → {f.shifted.value:.3g}" for name, f in result.metrics.items()},
        "lost": flips["lost"],
        "gained": flips["gained"],
        "flips_on": flips_on(result),
        "decisions": [_decision(decision, row) for decision in row.decisions],
        "measures": list(_measures(result)),
        "bounds": [bound_line(bound) for bound in result.bounds.values()],
        "remarks": [visible(remark) for remark in result.remarks if remark != result.settings.get(NOTE)],
        "tests": [visible(nodeid) for nodeid in row.nodeids],
        "samples": cards + lines,
        "cards": cards,
        "lines": lines,
        "left_out": left_out,
    }


def _decision(decision: Decision, row: Row) -> dict[str, str]:
    expected = decision in row.expected and decision.verdict == "FAIL"
    return {
        "verdict": "XFAIL" if expected else str(decision.verdict),
        "asked": asked(decision),
        "headline": headline(decision).partition(": ")[2],
        "reason": visible(decision.reason),
        "note": visible(decision.note),
    }


def _measures(result: EmidResult) -> list[tuple[str, str, str, str]]:
    """Measure, clean, shifted, and what the shift did to it."""
    clean, shifted = result.clean, result.shifted

    def shown(estimate: Any) -> str:
        return quantity(estimate.value, estimate.unit)

    found = [
        (
            "information",
            shown(clean.information),
            shown(shifted.information),
            f"{measured(result.information_retained)} kept",
        ),
        ("EMI", number(clean.emi.value), number(shifted.emi.value), f"{measured(result.emid)} lost (EMID)"),
        ("cosine to reference", shown(clean.cosine), shown(shifted.cosine), f"{measured(result.cosine_drop)} lost"),
        ("exact match", shown(clean.exact), shown(shifted.exact), f"{measured(result.exact_drop)} lost"),
    ]
    for name, metric in result.metrics.items():
        found.append((visible(name), shown(metric.clean), shown(metric.shifted), f"{measured(metric.drop)} lost"))
    return found
