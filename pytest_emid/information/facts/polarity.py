"""Yes and no: every sentence of a text turned into its opposite."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import regex

from pytest_emid.information.facts.base import Lexicon
from pytest_emid.information.facts.languages import LEXICONS, language_of

__all__ = ["is_negated", "negated", "sentences"]

# Text and the white space behind it, turn by turn; Chinese full stops are followed by none.
BREAK = regex.compile(r"(?<=[.!?।؟][\"'”’)*]*)(\s+)|(?<=[。！？])(\s*)|(\n+)")


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the white space that follows it: joined, they are the text.

    >>> sentences("One. Two?  Three")
    ['One. ', 'Two?  ', 'Three']
    """
    ends = [m.end() for m in BREAK.finditer(text)]
    bounds = [0, *(end for end in dict.fromkeys(ends) if 0 < end < len(text)), len(text)]
    return [text[a:b] for a, b in pairwise(bounds) if a < b]


@lru_cache(maxsize=16384)
def negated(text: str, language: str | None = None) -> str | None:
    """The text with every sentence turned into its opposite, as far as the rules of its language go.

    A negated sentence loses its negation; any other one is negated at its first auxiliary or verb that the language
    lists; `Yes` and `No` in front change places. Sentences without any of these stay. None where nothing changed, or
    where the language has no rules: then polarity cannot be checked.

    >>> negated("There is a cat. It is not black."), negated("No, I cannot see a cat."), negated("Red")
    ('There is no cat. It is black.', 'Yes, I can see a cat.', None)
    """
    code = language or language_of(text)
    if code is None or code not in LEXICONS:
        return None
    lexicon = LEXICONS[code]
    turned = "".join(_turned(sentence, lexicon) for sentence in sentences(text))
    return turned if turned != text else None


def is_negated(sentence: str, language: str) -> bool:
    """Whether a sentence holds a negation that the language lists."""
    return _compiled(LEXICONS[language].negation.marks).search(sentence) is not None


def _turned(sentence: str, lexicon: Lexicon) -> str:
    rules = lexicon.negation
    head, rest, said_no = _answer_turned(sentence, lexicon)
    if _compiled(rules.marks).search(rest):
        for pattern, replacement in rules.remove:
            rest = _compiled(pattern).sub(replacement, rest)
        return head + rest
    if said_no:
        # What follows a "No," is judged by itself: "No, it is red." tells what is so.
        return head + rest
    for pattern, replacement in rules.add:
        found: str = _compiled(pattern).sub(replacement, rest, count=1)
        if found != rest:
            return head + found
    return head + rest


def _answer_turned(sentence: str, lexicon: Lexicon) -> tuple[str, str, bool]:
    """The turned answer in front of a sentence, what follows it, and whether the answer was no."""
    for yes, no in lexicon.negation.answers:
        # A "no" that no comma follows belongs to its noun or verb ("No dog is here.").
        for word, other, after in ((no, yes, r"(?=\s*(?:\p{P}|$))"), (yes, no, r"(?![\w\p{M}])")):
            m = _compiled(rf"(?i)^(\W*){regex.escape(word)}{after}").match(sentence)
            if m:
                turned = other if sentence[m.end(1)].isupper() else other.lower()
                return f"{m.group(1)}{turned}", sentence[m.end() :], word == no
    return "", sentence, False


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern)
