"""Reading errors: a scanner takes a character for one that looks like it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Final

import numpy as np

from pytest_emid.shifts.perturbations import hangul
from pytest_emid.shifts.perturbations.letters import PUBLISHED, Letters
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES
from pytest_emid.shifts.registry import register_textual

__all__ = ["ocr"]

# Characters of a group are taken for each other.
_DATA: Final = "alike.txt"


@register_textual("ocr", options={**RATES, **PROTECT}, variants=PUBLISHED)
def ocr(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Characters replaced by what they look like, as a scanner misreads them."""
    letters = Letters(text, protect)
    draws = rng.random(len(letters.cells))
    misread = {
        position: found for word in letters.words for position in word if (found := _misread(letters.cells[position]))
    }
    for position in letters.choose(misread, severity, rates, rng):
        options = misread[position]
        letters.cells[position] = options[int(draws[position] * len(options))]
    return str(letters)


@lru_cache(maxsize=4096)
def _misread(cluster: str) -> tuple[str, ...]:
    """What a cluster can be taken for; its vowel signs and points stay."""
    syllable = unicodedata.normalize("NFC", cluster)  # some file systems and keyboards store its parts
    if hangul.is_syllable(syllable):
        return tuple(hangul.replaced(syllable, lambda jamo: _alike().get(jamo, ())))
    first, rest = cluster[0], cluster[1:]
    return tuple(other + rest for other in _alike().get(first, ()) if len(other) == 1 or not rest)


@lru_cache(maxsize=1)
def _alike() -> dict[str, tuple[str, ...]]:
    """Each character to what it is taken for, in a fixed order."""
    table: dict[str, dict[str, None]] = {}
    text = resources.files("pytest_emid.shifts.perturbations").joinpath(_DATA).read_text(encoding="utf-8")
    for line in text.splitlines():
        for group in line.split() if not line.startswith("#") else ():
            one, equals, two = group.partition("=")
            for char in one:
                table.setdefault(char, {}).update(dict.fromkeys([two] if equals else one.replace(char, "")))
    return {char: tuple(others) for char, others in table.items()}
