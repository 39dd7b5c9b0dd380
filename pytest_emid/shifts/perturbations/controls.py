"""Control arms: what must be told apart from a shift's own effect."""

from __future__ import annotations

import numpy as np
import regex

from pytest_emid.shifts.perturbations.tokens import PROTECT, Token, join, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["normalise", "normalise_only"]


def normalise(text: str, protect: str) -> str:
    """Lower case, hyphens to spaces, every other mark dropped, single spaces; protected pieces stay.

    The text is left as it is when nothing would remain of it.
    """
    kept = []
    for token in tokenize(text, protect):
        if token.kind == "word":
            kept.append(Token(regex.sub(r"['’]", "", token.text.lower()).replace("-", " "), "word"))
        elif token.kind == "kept":
            kept.append(token)
        elif token.kind == "space" or token.text in "-–—":
            kept.append(Token(" ", "space"))
    return regex.sub(r" +", " ", join(kept)).strip() or text


@register_textual("normalise_only", (), options=PROTECT, control=True)
def normalise_only(text: str, severity: int, rng: np.random.Generator, *, protect: str) -> str:
    """Lower-cased and stripped of punctuation: what the published synonym shift does besides synonyms."""
    return normalise(text, protect)
