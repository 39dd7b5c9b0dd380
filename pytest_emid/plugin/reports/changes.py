"""What became of a text: its words, marked as kept, new or gone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

__all__ = ["changes"]

ALIKE: Final = 0.3
"""Below this share of common words the new text is shown whole, as a translation is."""


LONGEST: Final = 1500
"""Words and spaces that are aligned one by one, which takes time with their square: what differs between the first and
the last difference of longer texts is shown as a whole."""


@lru_cache(4096)
def changes(before: str, after: str) -> list[tuple[str, str]]:
    """The new text in pieces, each `same`, `new` or `old` (no longer there)."""
    if not before:
        return [("same", after)]
    a, b = (re.findall(r"\s+|[^\s]+", text) for text in (before, after))
    head = _alike(a, b)
    tail = _alike(a[head:][::-1], b[head:][::-1])
    inner = _aligned(a[head : len(a) - tail], b[head : len(b) - tail])
    kept = _words(b[:head]) + _words(b[len(b) - tail :]) + sum(_words(new) for kind, _, new in inner if kind == "same")
    if kept / max(1, _words(a)) < ALIKE:
        return [("new", after)]
    pieces: list[tuple[str, str]] = []
    for kind, old, new in [("same", [], b[:head]), *inner, ("same", [], b[len(b) - tail :])]:
        if kind == "same" and pieces and pieces[-1][0] == "same":
            pieces[-1] = ("same", pieces[-1][1] + "".join(new))
        else:
            pieces += [("old", "".join(old)), ("same" if kind == "same" else "new", "".join(new))]
    return [piece for piece in pieces if piece[1]]


def _alike(a: Sequence[str], b: Sequence[str]) -> int:
    """How many tokens both begin with."""
    return next((i for i, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def _aligned(a: list[str], b: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """What became of each stretch of tokens: `same` or not, the tokens before, the tokens after."""
    if max(len(a), len(b)) > LONGEST:
        return [("changed", a, b)]
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return [
        ("same" if kind == "equal" else "changed", [] if kind == "equal" else a[i1:i2], b[j1:j2])
        for kind, i1, i2, j1, j2 in matcher.get_opcodes()
    ]


def _words(tokens: Sequence[str]) -> int:
    return sum(not token.isspace() for token in tokens)
