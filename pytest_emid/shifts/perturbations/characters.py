"""Slips of single characters: one too many, a wrong one, two in the wrong order, one missing."""

from __future__ import annotations

import unicodedata

import numpy as np

from pytest_emid.shifts.perturbations.letters import PUBLISHED, Letters
from pytest_emid.shifts.perturbations.scripts import letters_of
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES
from pytest_emid.shifts.registry import register_textual

__all__ = ["char_delete", "char_insert", "char_substitute", "char_swap"]


@register_textual("char_insert", options={**RATES, **PROTECT}, variants=PUBLISHED)
def char_insert(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Random letters of the same script added after others."""
    letters = Letters(text, protect)
    draws = rng.random(len(letters.cells))
    able = [position for word in letters.words for position in word if _drawn(letters, position, text, 0.0)]
    for position in letters.choose(able, severity, rates, rng):
        letters.cells[position] += _drawn(letters, position, text, draws[position])
    return str(letters)


@register_textual("char_substitute", options={**RATES, **PROTECT}, variants=PUBLISHED)
def char_substitute(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Letters replaced by random ones of the same script; vowel signs and points stay."""
    letters = Letters(text, protect)
    draws = rng.random(len(letters.cells))
    able = [position for word in letters.words for position in word if _drawn(letters, position, text, 0.0)]
    for position in letters.choose(able, severity, rates, rng):
        cell = letters.cells[position]
        marks = cell[1:] if len(unicodedata.normalize("NFC", cell)) > 1 else ""
        letters.cells[position] = _drawn(letters, position, text, draws[position]) + marks
    return str(letters)


@register_textual("char_swap", options={**RATES, **PROTECT}, variants=PUBLISHED)
def char_swap(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Letters that change places with the next one of the word."""
    letters = Letters(text, protect)
    cells = letters.cells
    able = [position for word in letters.words for position in word[:-1] if cells[position] != cells[position + 1]]
    # From the left: a letter that was just moved to the right does not move again.
    moved = -1
    for position in letters.choose(able, severity, rates, rng):
        if position != moved:
            cells[position], cells[position + 1] = cells[position + 1], cells[position]
            moved = position + 1
    return str(letters)


@register_textual("char_delete", options={**RATES, **PROTECT}, variants=PUBLISHED)
def char_delete(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Letters left out; of every word at least its first stays."""
    letters = Letters(text, protect)
    able = [position for word in letters.words for position in word[1:]]
    for position in letters.choose(able, severity, rates, rng):
        letters.cells[position] = ""
    return str(letters)


def _drawn(letters: Letters, position: int, text: str, draw: float) -> str:
    """A letter of the same script and case that is not the one at a position; empty when there is none."""
    cell = letters.cells[position]
    if unicodedata.category(cell[0])[0] != "L":
        return ""
    lower = cell[0].lower()
    others = [letter for letter in letters_of(cell, text) if letter not in (lower, cell[0])]
    if not others:
        return ""
    letter = others[int(draw * len(others))]
    return letter.upper() if cell[0] != lower else letter
