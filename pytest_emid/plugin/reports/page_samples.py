"""The samples of a scenario as the page shows them: worst first, changes marked, within a budget of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pytest_emid.measuring.format import number, visible
from pytest_emid.measuring.metrics.result import MetricResult
from pytest_emid.measuring.results import EmidResult, Record
from pytest_emid.plugin.against import costs
from pytest_emid.plugin.ledger import Row
from pytest_emid.plugin.reports.changes import changes

__all__ = [
    "CARDS",
    "LINE",
    "LINES",
    "LONGEST",
    "OVERHEAD",
    "answer_shown",
    "flips_of",
    "flips_on",
    "samples_of",
    "spread",
    "text_shown",
]

CARDS: Final = 8
"""Samples with pictures and marked changes, at most; the others are lines."""
LONGEST: Final = 800
"""Characters of a text on a card."""
LINE: Final = 160
"""Characters of a text in a line."""
LINES: Final = 2_500_000
"""Bytes of samples without pictures in a page, about."""
OVERHEAD: Final = 420
"""Bytes of a line beside its texts, about."""


def samples_of(row: Row, budget: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Cards, lines, and how many samples are left out.

    Args:
        row: a measurement.
        budget: bytes that lines may take, about.
    """
    result = row.result
    decision = max(row.decisions, key=lambda d: d.verdict.severity, default=None)
    cost = costs(decision, result)
    order = sorted(range(len(cost)), key=lambda i: (-cost[i], i))
    # What cost nothing is no card, unless nothing did; what is not paired has no cost, only a place in the order.
    costly = sum(value > 0.0 for value in cost) if result.paired else 0
    most = min(CARDS, costly or len(order))
    clean = {record.id: (i, record) for i, record in enumerate(result.clean.records)} if result.paired else {}
    flips = flips_of(result)
    cards: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    spent = 0
    for rank, i in enumerate(order, start=1):
        shifted = result.shifted.records[i]
        place, before = clean.get(shifted.id, (0, None))
        limit = LONGEST if rank <= most else LINE
        view = _view(rank, shifted, before, cost[i], limit) | {"flip": flips[i]}
        if rank <= most:
            cards.append(view | _details(result, shifted, before, i, place))
            continue
        spent += OVERHEAD + sum(len(view[name].encode()) for name in ("id", "asked", "reference", "clean", "shifted"))
        if spent > budget:
            return cards, lines, len(order) - len(cards) - len(lines)
        lines.append(view)
    return cards, lines, 0


def flips_on(result: EmidResult) -> str:
    """What says right and wrong: the first metric that is 0 or 1, else exact match; empty where nothing is paired."""
    metric = _right_or_wrong(result)
    return "" if not result.paired else "exact match" if metric is None else visible(metric.name)


def flips_of(result: EmidResult) -> list[str]:
    """By shifted sample, `lost` (right before, wrong now), `gained`, or nothing."""
    if not result.paired:
        return [""] * result.n
    metric = _right_or_wrong(result)
    before = [r.exact for r in result.clean.records] if metric is None else metric.on_clean
    after = [r.exact for r in result.shifted.records] if metric is None else metric.on_shifted
    return ["lost" if a > b else "gained" if b > a else "" for a, b in zip(before, after, strict=True)]


def _right_or_wrong(result: EmidResult) -> MetricResult | None:
    return next((found for found in result.metrics.values() if found.lost is not None), None)


def _view(rank: int, shifted: Record, clean: Record | None, cost: float, limit: int) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": text_shown(shifted.id, 80),
        "category": text_shown(shifted.category, 80),
        "asked": text_shown(shifted.question, limit),
        "reference": text_shown(" | ".join(shifted.references or (shifted.reference,)), limit),
        "clean": "" if clean is None else answer_shown(clean, limit),
        "shifted": answer_shown(shifted, limit),
        "paired": clean is not None,
        "same": clean is not None and clean.response == shifted.response,
        "cost": number(cost),
    }


def _details(result: EmidResult, shifted: Record, clean: Record | None, position: int, place: int) -> dict[str, Any]:
    """What a card has beside a line: pictures, marked changes and scores."""
    scores = [("information", None if clean is None else clean.information, shifted.information)]
    scores.append(("EMI", None if clean is None else clean.emi, shifted.emi))
    scores.append(("cosine", None if clean is None else clean.cosine, shifted.cosine))
    for found in result.metrics.values():
        before = None if clean is None else found.on_clean[place]
        scores.append((text_shown(found.name, 40), before, found.on_shifted[position]))
    question = text_shown(shifted.question, LONGEST)
    answer = answer_shown(shifted, LONGEST)
    return {
        "clean_picture": "" if clean is None else clean.picture,
        "shifted_picture": shifted.picture,
        "question": [("same", question)] if clean is None else changes(text_shown(clean.question, LONGEST), question),
        "answer": [("same", answer)] if clean is None else changes(answer_shown(clean, LONGEST), answer),
        "scores": [(name, "" if before is None else f"{before:.3g}", f"{after:.3g}") for name, before, after in scores],
        "contradicts": ", ".join(shifted.contradicts or ()),
    }


def answer_shown(record: Record, limit: int) -> str:
    """Clipped likewise, after its outcome where it is no answer."""
    outcome = "" if record.outcome == "ok" else f"[{record.outcome}] "
    return text_shown(outcome + record.response, limit)


def text_shown(text: str, limit: int) -> str:
    """Clipped, with line breaks and without anything else that moves or reorders."""
    cut = text[: limit + 1]
    shown = "\n".join(map(visible, cut.split("\n")))
    return shown if len(cut) <= limit else f"{shown[:limit]}…"


def spread(rows: Sequence[Row], budget: int) -> int:
    """Bytes for the lines of each scenario."""
    return budget // max(len(rows), 1)
