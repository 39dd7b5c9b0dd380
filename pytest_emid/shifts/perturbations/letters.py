"""A text as characters of which some may be changed, and how many of them a level changes."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

import numpy as np

from pytest_emid.shifts.perturbations.tokens import count_of, graphemes, tokenize

__all__ = ["CHARACTER_RATES", "PUBLISHED", "PUBLISHED_LEVELS", "Letters"]

CHARACTER_RATES: Final = (0.04, 0.08, 0.12, 0.20, 0.30)
"""Share of the characters in words that are changed, at least one character."""

PUBLISHED_LEVELS: Final = (1, 2, 3, 4, 5, 6, 7)
PUBLISHED: Final = {"rates=published": PUBLISHED_LEVELS}
PUBLISHED_WORD_RATE: Final = 0.05
"""Published: this share of the words for each level, at least one and at most ten words ..."""
PUBLISHED_CHARACTER_RATE: Final = 0.3
"""... and of the characters in each of them, at least one and at most ten."""
PUBLISHED_MOST: Final = 10
PUBLISHED_MIN_LENGTH: Final = 4
"""Words shorter than this are not touched."""


class Letters:
    """A text as graphemes, with the words that they belong to.

    Attributes:
        cells: the graphemes; whatever is not a word (spaces, marks, protected pieces) is one cell a piece.
        words: the positions of the graphemes of each word.
    """

    def __init__(self, text: str, protect: str) -> None:
        self.cells: list[str] = []
        self.words: list[list[int]] = []
        for token in tokenize(text, protect):
            parts = graphemes(token.text) if token.kind == "word" else [token.text]
            if token.kind == "word":
                self.words.append(list(range(len(self.cells), len(self.cells) + len(parts))))
            self.cells.extend(parts)

    def choose(self, able: Collection[int], severity: int, rates: str, rng: np.random.Generator) -> list[int]:
        """The positions to change, in text order. A higher level chooses what a lower one does, and more.

        Args:
            able: the positions that can be changed.
            severity: the level.
            rates: `standard` or `published`.
            rng: used for one permutation of all positions, whatever the level.
        """
        priority = rng.permutation(len(self.cells))
        able = set(able)
        if rates == "standard":
            ordered = sorted(able, key=lambda position: priority[position])
            return sorted(ordered[: count_of(CHARACTER_RATES[severity - 1], len(able))])
        words = [word for word in self.words if len(word) >= PUBLISHED_MIN_LENGTH and able.intersection(word)]
        words.sort(key=lambda word: priority[word[0]])
        count = min(max(1, math.ceil(PUBLISHED_WORD_RATE * severity * len(self.words))), PUBLISHED_MOST)
        chosen: list[int] = []
        for word in words[:count]:
            inside = sorted(able.intersection(word), key=lambda position: priority[position])
            chosen += inside[: min(max(1, math.ceil(PUBLISHED_CHARACTER_RATE * len(word))), PUBLISHED_MOST)]
        return sorted(chosen)

    def __str__(self) -> str:
        return "".join(self.cells)
