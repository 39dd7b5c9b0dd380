"""Perturbations of whole words."""

from __future__ import annotations

from typing import Final

import numpy as np

from pytest_emid.shifts.perturbations.controls import normalise
from pytest_emid.shifts.perturbations.thesaurus import SOURCES, stop_words, synonyms_from
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES, Token, count_of, join, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["synonym"]

PUBLISHED_LEVELS: Final = (1, 2, 3, 4, 5, 6, 7)
PUBLISHED: Final = {"rates=published": PUBLISHED_LEVELS}
PUBLISHED_RATE: Final = 0.05
"""Published: this share of all words for each level, rounded down, at least one word."""
SYNONYM_RATES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Share of the words that have a synonym, at least one."""


@register_textual("synonym", options={**SOURCES, **RATES, **PROTECT}, variants=PUBLISHED)
def synonym(text: str, severity: int, rng: np.random.Generator, *, source: str, rates: str, protect: str) -> str:
    """Words replaced by synonyms; published rates also lower-case and strip the text, as the published code does."""
    if rates == "published":
        text = normalise(text, protect)
    tokens = tokenize(text, protect)
    look_up = synonyms_from(source)
    draws, priority = rng.random(len(tokens)), rng.permutation(len(tokens))
    options = {
        position: found
        for position, token in enumerate(tokens)
        if token.kind == "word" and token.text.lower() not in stop_words() and (found := look_up(token.text.lower()))
    }
    words = sum(token.kind == "word" for token in tokens)
    if rates == "published":
        count = max(1, int(PUBLISHED_RATE * severity * words))
    else:
        count = count_of(SYNONYM_RATES[severity - 1], len(options))
    for position in sorted(options, key=lambda position: priority[position])[:count]:
        chosen = options[position][int(draws[position] * len(options[position]))]
        tokens[position] = Token(like(chosen, tokens[position].text), "word")
        _agree(tokens, position)
    return join(tokens)


def like(word: str, pattern: str) -> str:
    """The word in the case of another: lower, Title or UPPER."""
    if len(pattern) > 1 and pattern.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if pattern[:1].isupper() else word


def _agree(tokens: list[Token], position: int) -> None:
    """Let an article before the word agree with its new beginning: a picture, an image."""
    if position < 2 or tokens[position - 1].kind != "space" or tokens[position - 2].text.lower() not in ("a", "an"):
        return
    word = tokens[position].text.lower()
    vowel = word[:1] in "aeiou" and not word.startswith(("eu", "one", "uni", "use", "usu", "uti"))
    article = "an" if vowel or word.startswith(("heir", "honest", "hour")) else "a"
    tokens[position - 2] = Token(like(article, tokens[position - 2].text[:1]), "word")
