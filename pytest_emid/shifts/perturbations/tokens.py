"""Text in pieces: words, spaces, marks, and pieces that must stay as they are. Joined, the pieces are the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from pytest_emid.information.choices import stated_options
from pytest_emid.shifts.protection import LEVELS, pattern_of

__all__ = ["PROTECT", "RATES", "Token", "count_of", "graphemes", "join", "tokenize"]

PROTECT: Final = {"protect": LEVELS}
"""The option that keeps pieces as they are: image placeholders and template fields, and with `all` also options and
letters of multiple choice, numbers, addresses, formulas and code; a name given to `shifts.protect` keeps more."""

RATES: Final = {"rates": ("standard", "published")}
"""The option that chooses what a level means: the library's rates at levels 1..5, or the published ones at 1..7."""

_CLUSTER: Final = regex.compile(r"\X")
_CODE: Final = (
    r"```[\s\S]{0,4000}?```|`[^`\n]{1,400}`"
    # snake_case, and calls without arguments
    r"|(?<![\w.])[A-Za-z]\w+_\w++|(?<![\w.])[A-Za-z_]\w*+(?:\.\w++)*+\(\)"
)
_LATEX: Final = (
    r"\$\$[^$]{1,2000}\$\$|\$(?![\s$])[^$\n]{1,400}(?<!\s)\$(?!\d)|\\\([\s\S]{1,400}?\\\)|\\\[[\s\S]{1,2000}?\\\]"
    r"|\\begin\{(?P<env>\w+\*?)\}[\s\S]{0,4000}?\\end\{(?P=env)\}"
    r"|\\[A-Za-z]++(?:\[[^\[\]\n]{0,80}\])?(?:\{[^{}\n]{0,200}\})*"
)
_ADDRESS: Final = (
    r"(?:https?|ftp|file)://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}。，、]|www\.[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}。，、]"
    r"|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++"
    r"|(?<![\w.-])(?:[\w-]+\.)+(?:com|org|net|edu|gov|io|ai|dev|info)(?![\w-])(?:/[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}。，、])?"
)
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


@lru_cache(maxsize=3)
def _pattern(level: str) -> regex.Pattern[str]:
    kept = {
        "all": (_CODE, _LATEX, _ADDRESS, _PLACEHOLDER, _NUMBER, _CHOICE),
        "placeholders": (_PLACEHOLDER,),
        "none": (),
    }[level]
    groups = [f"(?P<kept>{'|'.join(kept)})"] if kept else []
    return regex.compile("|".join([*groups, f"(?P<word>{_WORD})", r"(?P<space>\s+)", r"(?P<mark>\X)"]))


def tokenize(text: str, protect: str) -> list[Token]:
    """The pieces of a text in order; `protect` is a value of `PROTECT`, or a name given to `shifts.protect`."""
    level = protect if protect in LEVELS else "all"
    pattern = _pattern(level)
    tokens: list[Token] = []
    start = 0
    for begin, end in _spans(text, protect) if level == "all" else ():
        tokens += (Token(m[0], str(m.lastgroup)) for m in pattern.finditer(text, start, begin))
        tokens.append(Token(text[begin:end], "kept"))
        start = end
    tokens += (Token(m[0], str(m.lastgroup)) for m in pattern.finditer(text, start))
    return tokens if text.isascii() else _mended(tokens, text)


def _spans(text: str, protect: str) -> list[tuple[int, int]]:
    """Where a text is kept whatever stands there: the options of a multiple choice with the line breaks around them,
    which tell where an option ends, and what the user's pattern finds."""
    found = [_with_breaks(text, options[0].start, options[-1].end)] if (options := stated_options(text)) else []
    if protect not in LEVELS:
        found += [m.span() for m in pattern_of(protect).finditer(text) if m.end() > m.start()]
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _with_breaks(text: str, start: int, end: int) -> tuple[int, int]:
    """A span, and the white space on each side of it that holds a line break."""
    before, after = len(text[:start].rstrip()), len(text) - len(text[end:].lstrip())
    return before if "\n" in text[before:start] else start, after if "\n" in text[end:after] else end


def _mended(tokens: list[Token], text: str) -> list[Token]:
    """No piece begins within what a reader calls a character: the digit of a keycap stays with its frame."""
    bounds = {0}
    for cluster in _CLUSTER.finditer(text):
        bounds.add(cluster.end())
    whole: list[Token] = []
    position = 0
    for token in tokens:
        if position in bounds:
            whole.append(token)
        else:
            kinds = (whole[-1].kind, token.kind)
            kind = "kept" if "kept" in kinds else "mark" if kinds[0] == "space" else kinds[0]
            whole[-1] = Token(whole[-1].text + token.text, kind)
        position += len(token.text)
    return whole


def join(tokens: Iterable[Token]) -> str:
    """The text of the pieces."""
    return "".join(token.text for token in tokens)


def graphemes(text: str) -> list[str]:
    """What a reader calls characters (Unicode's extended grapheme clusters): a letter stays with its marks."""
    return [str(cluster) for cluster in _CLUSTER.findall(text)]


def count_of(rate: float, candidates: int) -> int:
    """How many of the candidates a rate means: rounded half up, at least one if there is one."""
    return min(candidates, max(1, int(rate * candidates + 0.5)))
