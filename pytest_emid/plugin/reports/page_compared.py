"""One HTML page of two runs: which scenarios got worse, by how much, by which samples, with both answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.writing import writing
from pytest_emid.measuring.format import measured, number, percent, quantity, visible
from pytest_emid.measuring.regression import EMID, FRACTION, RETAINED, Regression
from pytest_emid.measuring.verdicts import Verdict
from pytest_emid.plugin.comparing import Compared, Comparison
from pytest_emid.plugin.reports.asked import anchor, asked
from pytest_emid.plugin.reports.changes import changes
from pytest_emid.plugin.reports.charts import losses
from pytest_emid.plugin.reports.compared import asked_of_all, gone_in_words, undecided
from pytest_emid.plugin.reports.explain import headline
from pytest_emid.plugin.reports.page_assembly import assembled, within_budget
from pytest_emid.plugin.reports.page_samples import CARDS, LINE, LINES, LONGEST, OVERHEAD, answer_shown, text_shown
from pytest_emid.plugin.reports.regression import lost_most
from pytest_emid.plugin.reports.terminal import provenance

__all__ = ["render", "write"]

OPEN: Final = 3
"""Regressed scenarios that are open from the start."""
IDS: Final = 200
"""Ids of a list of samples that are shown."""
OF: Final = {RETAINED: " of the information", EMID: " of what answers tell about their queries"}


def write(path: Path, compared: Compared) -> None:
    """Write the page; folders are made.

    Raises:
        OSError: it cannot be written.
        ValueError: a run holds a picture that is none.
    """
    page = render(compared)
    with writing(path) as stream:
        stream.write(page)


def render(compared: Compared) -> str:
    """The page, with the pictures that either run kept."""
    pictures = {**compared.old.document.get("pictures", {}), **compared.new.document.get("pictures", {})}
    ordered = sorted(compared.comparisons, key=_place)
    failed = [comparison for comparison in ordered if comparison.verdict is Verdict.FAIL]
    regressed = [_regressed(i, comparison, LINES // len(failed)) for i, comparison in enumerate(failed)]
    shown, left_out = within_budget([scenario["cards"] for scenario in regressed], pictures)
    counts = Counter(str(comparison.verdict) for comparison in ordered)
    return assembled(
        "page_compared.html.jinja",
        title="Robustness, compared with an earlier run",
        lead=_lead(compared, failed),
        counts=[(str(v), counts[str(v)]) for v in sorted(Verdict, key=lambda v: -v.severity) if counts[str(v)]],
        asked=asked_of_all(compared),
        since=visible(compared.since),
        made=[(word, line) for word, run in _runs(compared) for line in provenance(run.rows)],
        problems=[f"{word}: {visible(problem)}" for word, run in _runs(compared) for problem in run.problems],
        rows=_rows(ordered),
        regressed=regressed,
        reasons=[*filter(None, map(undecided, ordered)), *map(gone_in_words, compared.vanished)],
        others=_others(ordered),
        pictures=shown,
        left_out=left_out,
        has_pictures=bool(pictures),
        in_shares=compared.measure in (RETAINED, EMID),
    )


def _runs(compared: Compared) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("before", compared.old), ("now", compared.new)


def _place(comparison: Comparison) -> tuple[int, float]:
    """The most severe verdict first, and of those the greatest loss."""
    decision = comparison.decision
    return -comparison.verdict.severity, 0.0 if decision is None else -decision.estimate.value


def _lead(compared: Compared, failed: Sequence[Comparison]) -> str:
    """Both runs in a sentence or two."""
    count = len(compared.comparisons)
    if not count:
        return "Nothing was measured that could be compared."
    said = f"{len(failed) or 'None'} of {count} scenario{'s' if count != 1 else ''} regressed"
    open_ones = sum(comparison.verdict is Verdict.UNDECIDED for comparison in compared.comparisons)
    said += f", {open_ones} could not be decided" if open_ones else ""
    said += f", {len(compared.vanished)} not measured again" if compared.vanished else ""
    worst = failed[0].decision if failed else None
    if worst is None:
        return f"{said}."
    lost = quantity(worst.estimate.value, worst.estimate.unit)
    beyond = " beyond clean data" if worst.gate.endswith(" beyond clean data") else ""
    of = OF.get(compared.measure, f" of {visible(compared.measure)}")
    return f"{said}. Worst: {visible(worst.scenario)}, which lost {lost}{of}{beyond} (asked: {asked(worst)})."


def _rows(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """The table; its bars have one scale."""
    decisions = [comparison.decision for comparison in comparisons if comparison.decision is not None]
    bars = iter(losses([decision.estimate for decision in decisions], [decision.threshold for decision in decisions]))
    rows = []
    for i, comparison in enumerate(comparisons):
        found, decision = comparison.found, comparison.decision
        row: dict[str, Any] = {
            "verdict": str(comparison.verdict),
            "name": visible(comparison.result.scenario),
            "id": anchor(str(i)) if comparison.verdict is Verdict.FAIL else "",
            "bar": None,
        }
        if found is not None and decision is not None:
            confidence = decision.estimate.confidence
            row |= {
                "old": _value(found, 2),
                "new": _value(found, 3),
                "lost": measured(found.estimate(confidence)),
                "beyond": measured(found.estimate(confidence, beyond_clean=True)),
                "flips": None if found.lost is None else (found.lost, found.gained),
                "asked": asked(decision),
                "bar": next(bars),
                "told": measured(decision.estimate),
            }
        rows.append(row)
    return rows


def _value(found: Regression, side: int) -> str:
    """A mean score; for shares, of what the earlier run's clean answers say."""
    if found.unit != FRACTION:
        return f"{found.means[side]:.3g}"
    return percent(found.means[side] / found.means[0]) if found.means[0] > 0.0 else "undefined"


def _regressed(place: int, comparison: Comparison, budget: int) -> dict[str, Any]:
    """Why it regressed, and the samples that got worse: cards, and lines within a budget of bytes."""
    found, decision = comparison.found, comparison.decision
    assert found is not None
    assert decision is not None
    worse = lost_most(found)
    lines: list[dict[str, Any]] = []
    for rank, i in enumerate(worse[CARDS:], start=CARDS + 1):
        line = _sample(found, rank, i, LINE)
        budget -= OVERHEAD + sum(len(line[name].encode()) for name in ("id", "question", "reference", "old", "new"))
        if budget < 0:
            break
        lines.append(line)
    return {
        "id": anchor(str(place)),
        "open": place < OPEN,
        "name": visible(comparison.result.scenario),
        "sum": f"{measured(decision.estimate)} lost",
        "decision": {
            "verdict": str(decision.verdict),
            "headline": headline(decision).partition(": ")[2],
            "reason": visible(decision.reason),
            "note": visible(decision.note),
        },
        "cards": [_card(found, rank, i) for rank, i in enumerate(worse[:CARDS], start=1)],
        "lines": lines,
        "worse": len(worse),
        "n": len(found.by_sample),
        "left_out": max(0, len(worse) - CARDS - len(lines)),
    }


def _sample(found: Regression, rank: int, i: int, limit: int) -> dict[str, Any]:
    old, new = found.matched.old.shifted.records[i], found.matched.new.shifted.records[i]
    right = old.exact - new.exact if found.measure in (RETAINED, EMID) else found.by_sample[i]
    return {
        "rank": rank,
        "id": text_shown(new.id, 80),
        "category": text_shown(new.category, 80),
        "flip": "" if found.lost is None or not right else "lost" if right > 0 else "gained",
        "lost": number(found.by_sample[i]),
        "question": text_shown(new.question, limit),
        "reference": text_shown(" | ".join(new.references or (new.reference,)), limit),
        "old": answer_shown(old, limit),
        "new": answer_shown(new, limit),
    }


def _card(found: Regression, rank: int, i: int) -> dict[str, Any]:
    """What a card has beside a line: pictures and marked changes."""
    result = found.matched.new
    view = _sample(found, rank, i, LONGEST)
    return view | {
        "answer": changes(view["old"], view["new"]),
        "paired": result.paired,
        "clean_picture": result.clean.records[i].picture if result.paired else "",
        "shifted_picture": result.shifted.records[i].picture,
    }


def _others(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Samples that are not compared, each list once, with the scenarios that it is of."""
    found: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for comparison in comparisons:
        if comparison.found is not None and comparison.found.matched.samples:
            pair = comparison.found.matched
            lists = (pair.appeared, pair.vanished, pair.edited)
            found.setdefault(lists, []).append(visible(comparison.result.scenario))
    return [
        {
            "scenarios": names,
            "lists": [
                (word, len(ids), [text_shown(name, 80) for name in ids[:IDS]])
                for word, ids in zip(("appeared", "vanished", "edited"), lists, strict=True)
                if ids
            ],
        }
        for lists, names in found.items()
    ]
