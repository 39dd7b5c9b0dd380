"""Typing errors and the like: perturbations of single characters."""

from __future__ import annotations

import math
import unicodedata
from typing import Final

import numpy as np

from pytest_emid.shifts.perturbations import hangul
from pytest_emid.shifts.perturbations.layouts import LAYOUTS, layout_of, neighbours
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES, clusters, count_of, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["keyboard"]

CHARACTER_RATES: Final = (0.04, 0.08, 0.12, 0.20, 0.30)
"""Share of the characters in words that are changed, at least one character."""

PUBLISHED_LEVELS: Final = (1, 2, 3, 4, 5, 6, 7)
PUBLISHED_WORD_RATE: Final = 0.05
"""Published: this share of the words for each level, at least one and at most ten words ..."""
PUBLISHED_CHARACTER_RATE: Final = 0.3
"""... and of the characters in each of them, at least one and at most ten."""
PUBLISHED_WORDS: Final = 10
PUBLISHED_MIN_LENGTH: Final = 4
"""Words shorter than this are not touched."""
PUBLISHED: Final = {"rates=published": PUBLISHED_LEVELS}


class Letters:
    """A text as grapheme clusters of which some are candidates for change, with the words they belong to."""

    def __init__(self, text: str, protect: str) -> None:
        self.cells: list[str] = []
        self.words: list[list[int]] = []
        """The positions of the clusters of each word."""
        for token in tokenize(text, protect):
            parts = clusters(token.text) if token.kind == "word" else [token.text]
            if token.kind == "word":
                self.words.append(list(range(len(self.cells), len(self.cells) + len(parts))))
            self.cells.extend(parts)

    def choose(self, able: set[int], severity: int, rates: str, rng: np.random.Generator) -> list[int]:
        """The positions to change, in text order. A higher level chooses what a lower one does, and more.

        Args:
            able: the positions that can be changed.
            severity: the level.
            rates: `standard` or `published`.
            rng: used for one permutation of all positions, whatever the level.
        """
        priority = rng.permutation(len(self.cells))
        if rates == "standard":
            ordered = sorted(able, key=lambda position: priority[position])
            return sorted(ordered[: count_of(CHARACTER_RATES[severity - 1], len(able))])
        words = [word for word in self.words if len(word) >= PUBLISHED_MIN_LENGTH and able.intersection(word)]
        words.sort(key=lambda word: priority[word[0]])
        count = min(max(1, math.ceil(PUBLISHED_WORD_RATE * severity * len(self.words))), PUBLISHED_WORDS)
        chosen: list[int] = []
        for word in words[:count]:
            inside = sorted(able.intersection(word), key=lambda position: priority[position])
            chosen += inside[: min(max(1, math.ceil(PUBLISHED_CHARACTER_RATE * len(word))), PUBLISHED_WORDS)]
        return sorted(chosen)


@register_textual("keyboard", options={"layout": ("auto", *LAYOUTS), **RATES, **PROTECT}, variants=PUBLISHED)
def keyboard(text: str, severity: int, rng: np.random.Generator, *, layout: str, rates: str, protect: str) -> str:
    """Letters replaced by those of neighbouring keys; layouts by the script of each letter."""
    letters = Letters(text, protect)
    draws = rng.random(len(letters.cells))
    misses = {}
    for word in letters.words:
        for position in word:
            options = _misses(letters.cells[position], text, layout, rates == "published")
            if options:
                misses[position] = options
    for position in letters.choose(set(misses), severity, rates, rng):
        options = misses[position]
        letters.cells[position] = options[int(draws[position] * len(options))]
    return "".join(letters.cells)


def _misses(cluster: str, text: str, layout: str, marks: bool) -> list[str]:
    """Every cluster that one missed key makes of this one."""
    if hangul.is_syllable(cluster):
        return hangul.misses(cluster) if layout in ("auto", "ko") else []
    composed = unicodedata.normalize("NFC", cluster)
    if len(composed) > 1:  # a base with vowel signs or points, each typed with a key of its own
        return [
            cluster[:place] + other + cluster[place + 1 :]
            for place, char in enumerate(cluster)
            for other in _near(char, text, layout, marks=False)
        ]
    near = _near(composed, text, layout, marks)
    if not near:  # an accented letter without a key: the key of its base is missed, and the accent kept if it can be
        decomposed = unicodedata.normalize("NFD", composed)
        base, accents = decomposed[0], decomposed[1:]
        carried = (unicodedata.normalize("NFC", other + accents) for other in _near(base, text, layout, False))
        near = [other if len(other) == 1 else other[0] for other in carried]
    if marks and composed.swapcase() != composed and len(composed.swapcase()) == 1:
        near = [*near, *(other.swapcase() for other in near)]  # the published errors may also miss the shift key
    return near


def _near(char: str, text: str, layout: str, marks: bool) -> list[str]:
    keys = layout_of(char, text) if layout == "auto" else layout
    return list(neighbours(char, keys, marks)) if keys else []
