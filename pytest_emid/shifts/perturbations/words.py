"""Perturbations of whole words."""

from __future__ import annotations

from typing import Final

import numpy as np

from pytest_emid.shifts.perturbations.controls import normalise
from pytest_emid.shifts.perturbations.letters import PUBLISHED
from pytest_emid.shifts.perturbations.relations import denies, sides
from pytest_emid.shifts.perturbations.thesaurus import SOURCES, stop_words, synonyms_from
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES, Token, count_of, join, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["synonym", "word_delete", "word_insert", "word_swap"]

PUBLISHED_RATE: Final = 0.05
"""Published: this share of all words for each level, rounded down, at least one word."""
SYNONYM_RATES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Share of the words that have a synonym, at least one."""
WORD_RATES: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Share of the words, at least one, that are inserted, swapped or deleted."""


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
    count = _count(tokens, severity) if rates == "published" else count_of(SYNONYM_RATES[severity - 1], len(options))
    for position in sorted(options, key=lambda position: priority[position])[:count]:
        chosen = options[position][int(draws[position] * len(options[position]))]
        tokens[position] = Token(like(chosen, tokens[position].text), "word")
        _agree(tokens, position)
    return join(tokens)


@register_textual("word_insert", options={**SOURCES, **RATES, **PROTECT}, variants=PUBLISHED)
def word_insert(text: str, severity: int, rng: np.random.Generator, *, source: str, rates: str, protect: str) -> str:
    """Words inserted at random places: synonyms of the text's words, or where none is known the words again."""
    tokens = tokenize(normalise(text, protect) if rates == "published" else text, protect)
    words = _words(tokens)
    if not words:
        return text
    look_up = synonyms_from(source)
    spaced = any(token.kind == "space" for token in tokens) or len(words) == 1
    sources = [p for p in words if tokens[p].text.lower() not in stop_words() and look_up(tokens[p].text.lower())]
    draws = rng.random((len(words), 3))
    inserted: dict[int, list[str]] = {}
    for of, which, where in draws[: _number(tokens, severity, rates)]:
        pool = sources or words
        word = tokens[pool[int(of * len(pool))]].text.lower()
        others = look_up(word) if sources else (word,)
        place = words[int(where * len(words))]
        inserted.setdefault(place, []).append(others[int(which * len(others))])
    for place, extra in inserted.items():
        tokens[place] = Token((" " if spaced else "").join([tokens[place].text, *extra]), "word")
    return join(tokens)


@register_textual("word_swap", options={**RATES, **PROTECT}, variants=PUBLISHED)
def word_swap(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Pairs of words that change places, on one side of a relation; no word moves twice."""
    tokens = tokenize(normalise(text, protect) if rates == "published" else text, protect)
    side = sides(tokens)
    waiting = [int(position) for position in rng.permutation(_words(tokens))]
    pairs = []
    # Drawn apart from one another: a word that moved twice could end where it was, and a level undo a lower one.
    while waiting:
        one = waiting.pop(0)
        others = (p for p in waiting if side[p] == side[one] and tokens[p].text != tokens[one].text)
        if (other := next(others, None)) is not None:
            waiting.remove(other)
            pairs.append((one, other))
    for one, other in pairs[: _number(tokens, severity, rates)]:
        tokens[one], tokens[other] = tokens[other], tokens[one]
    return join(tokens)


@register_textual("word_delete", options={**RATES, **PROTECT}, variants=PUBLISHED)
def word_delete(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Words left out, but none that denies; at least one stays."""
    tokens = tokenize(normalise(text, protect) if rates == "published" else text, protect)
    words = _words(tokens)
    order = [words[int(index)] for index in rng.permutation(len(words))]
    order = [position for position in order if not denies(tokens[position].text)]
    for position in order[: min(_number(tokens, severity, rates), len(words) - 1)]:
        tokens[position] = Token("", "word")
        # One of the spaces around it goes too: the one before, or at the beginning the one after; no line is joined.
        for beside in (position - 1, position + 1):
            near = tokens[beside] if 0 <= beside < len(tokens) else Token("", "mark")
            if near.kind == "space" and near.text and "\n" not in near.text:
                tokens[beside] = Token("", "space")
                break
    return join(tokens) if text[:1].isspace() else join(tokens).lstrip(" \t\u3000")


def _words(tokens: list[Token]) -> list[int]:
    return [position for position, token in enumerate(tokens) if token.kind == "word"]


def _count(tokens: list[Token], severity: int) -> int:
    """Published: how many words a level means, rounded down."""
    return max(1, int(PUBLISHED_RATE * severity * len(_words(tokens))))


def _number(tokens: list[Token], severity: int, rates: str) -> int:
    if rates == "published":
        return _count(tokens, severity)
    return count_of(WORD_RATES[severity - 1], len(_words(tokens)))


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
