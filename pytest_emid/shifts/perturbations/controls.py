"""Control arms: what must be told apart from a shift's own effect."""

from __future__ import annotations

from typing import Final

import numpy as np
import regex

from pytest_emid.shifts.perturbations.tokens import PROTECT, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["normalise", "normalise_only"]

APOSTROPHE: Final = regex.compile(r"['’]")


def normalise(text: str, protect: str) -> str:
    """Lower case, hyphens to spaces, every other mark dropped, single spaces; protected pieces stay, and unless nothing
    is protected lines do.

    The text is left as it is when nothing would remain of it.
    """
    kept: list[str] = []
    for token in tokenize(text, protect):
        if token.kind == "word":
            kept.append(APOSTROPHE.sub("", token.text.lower()).replace("-", " "))
        elif token.kind == "kept":
            kept.append(token.text)
        elif token.kind == "space" or token.text in "-–—":
            space = "\n" if "\n" in token.text and protect != "none" else " "
            if not kept or not kept[-1][-1:].isspace():
                kept.append(space)
            elif space == "\n" and kept[-1] == " ":
                kept[-1] = space
    return "".join(kept).strip() or text


@register_textual("normalise_only", (), options=PROTECT, control=True)
def normalise_only(text: str, severity: int, rng: np.random.Generator, *, protect: str) -> str:
    """Lower-cased and stripped of punctuation: what the published synonym shift does besides synonyms."""
    return normalise(text, protect)
