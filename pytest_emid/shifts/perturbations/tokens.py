"""Text in pieces: words, spaces, marks, and pieces that must stay as they are. Joined, the pieces are the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

__all__ = ["PROTECT", "RATES", "Token", "count_of", "graphemes", "join", "tokenize"]

PROTECT: Final = {"protect": ("all", "placeholders", "none")}
"""The option that keeps pieces as they are: image placeholders and template fields, and with `all` also numbers and
the letters of multiple choice."""

RATES: Final = {"rates": ("standard", "published")}
"""The option that chooses what a level means: the library's rates at levels 1..5, or the published ones at 1..7."""

_PLACEHOLDER: Final = (
    r"<[^<>\s]+(?:\s\d+)?>|<(?i:img|image|video)\s[^<>]*>|\[(?i:img|image|video)(?:[ _-]?\d+)?\]|\{\{?\w+\}?\}"
)
# With a unit or an ending that is written without a space: 12kg, 3rd.
_NUMBER: Final = r"(?<![\p{L}\p{M}\p{N}])\p{Nd}++(?:[.,:/]\p{Nd}++)*+(?:\p{Latin}{1,3}(?![\p{L}\p{M}\p{N}]))?"
# One capital letter by itself; not "I", and not the article "A" before a word, unless the word is "or" or "and".
# A small letter only as in (a) or a), or as in "a." where a line begins.
_CHOICE: Final = (
    r"(?<![\p{L}\p{M}\p{N}'’])"
    r"(?:[B-HJ-Z]|A(?!\s+(?!(?:or|and)\b)\p{Ll})|[a-zA-Z](?=\))|(?<=^|\n)[a-zA-Z](?=[.:]\s))"
    r"(?![\p{L}\p{M}\p{N}'’])"
)
# An ideograph is a word by itself: Chinese is written without spaces.
_WORD: Final = r"\p{Han}|(?:(?!\p{Han})[\p{L}\p{M}\p{N}\u200c\u200d])+(?:['’-](?:(?!\p{Han})[\p{L}\p{M}\p{N}])+)*"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text; `kind` is `word`, `space`, `mark` or `kept`."""

    text: str
    kind: str


@lru_cache(maxsize=8)
def _pattern(protect: str) -> regex.Pattern[str]:
    kept = {"all": (_PLACEHOLDER, _NUMBER, _CHOICE), "placeholders": (_PLACEHOLDER,), "none": ()}[protect]
    groups = [f"(?P<kept>{'|'.join(kept)})"] if kept else []
    return regex.compile("|".join([*groups, f"(?P<word>{_WORD})", r"(?P<space>\s+)", r"(?P<mark>\X)"]))


def tokenize(text: str, protect: str) -> list[Token]:
    """The pieces of a text in order; `protect` is one of the values of `PROTECT`."""
    return [Token(match[0], str(match.lastgroup)) for match in _pattern(protect).finditer(text)]


def join(tokens: Iterable[Token]) -> str:
    """The text of the pieces."""
    return "".join(token.text for token in tokens)


def graphemes(text: str) -> list[str]:
    """What a reader calls characters (Unicode's extended grapheme clusters): a letter stays with its marks."""
    return [str(cluster) for cluster in regex.findall(r"\X", text)]


def count_of(rate: float, candidates: int) -> int:
    """How many of the candidates a rate means: rounded half up, at least one if there is one."""
    return min(candidates, max(1, int(rate * candidates + 0.5)))
