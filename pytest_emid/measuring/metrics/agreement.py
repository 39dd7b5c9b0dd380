"""Answers that several people gave: right is what enough of them said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_emid.information.answers import answer_key

__all__ = ["vqa"]


def vqa(response: str, references: Sequence[str], sample: Any = None) -> float:
    """VQA accuracy: mean over leaving out one person of min(1, agreeing others / 3), from 0 to 1.

    With fewer than four references the others needed are as many as there are: one reference is an exact match. Equal
    is what `exact` takes for equal. Source: Antol et al. (2015), "VQA: Visual Question Answering".

    >>> round(vqa("two", ["2"] * 2 + ["3"] * 8), 2), vqa("Yes.", ["yes"])
    (0.6, 1.0)
    """
    key = answer_key(response)
    agree = [bool(key) and key == answer_key(known) for known in references]
    if len(agree) < 4:
        return float(any(agree))
    return sum(min(1.0, (sum(agree) - mine) / 3) for mine in agree) / len(agree)
