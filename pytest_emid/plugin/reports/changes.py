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


@lru_cache(4096)
def changes(before: str, after: str) -> list[tuple[str, str]]:
    """The new text in pieces, each `same`, `new` or `old` (no longer there)."""
    if not before:
        return [("same", after)]
    a, b = (re.findall(r"\s+|[^\s]+", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if _common(a, matcher.get_matching_blocks()) < ALIKE:
        return [("new", after)]
    pieces = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(b[j1:j2])))
            continue
        pieces.extend(
            (what, piece) for what, piece in (("old", "".join(a[i1:i2])), ("new", "".join(b[j1:j2]))) if piece
        )
    return pieces


def _common(tokens: Sequence[str], blocks: Sequence[difflib.Match]) -> float:
    words = [token for token in tokens if not token.isspace()]
    kept = [t for block in blocks for t in tokens[block.a : block.a + block.size] if not t.isspace()]
    return len(kept) / max(1, len(words))
