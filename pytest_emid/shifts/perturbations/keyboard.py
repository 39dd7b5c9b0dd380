"""Typing errors: a finger on the key beside the right one."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np

from pytest_emid.shifts.perturbations import hangul
from pytest_emid.shifts.perturbations.layouts import LAYOUTS, latin_layout, layout_of, neighbours
from pytest_emid.shifts.perturbations.letters import PUBLISHED, Letters
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES
from pytest_emid.shifts.registry import register_textual

__all__ = ["keyboard"]


@register_textual("keyboard", options={"layout": ("auto", *LAYOUTS), **RATES, **PROTECT}, variants=PUBLISHED)
def keyboard(text: str, severity: int, rng: np.random.Generator, *, layout: str, rates: str, protect: str) -> str:
    """Letters replaced by those of neighbouring keys; layouts by the script of each letter."""
    letters = Letters(text, protect)
    draws = rng.random(len(letters.cells))
    latin = latin_layout(text)  # of the whole text: looked for once, not at each letter
    misses = {
        position: found
        for word in letters.words
        for position in word
        if (found := _misses(letters.cells[position], latin, layout, rates == "published"))
    }
    for position in letters.choose(misses, severity, rates, rng):
        options = misses[position]
        letters.cells[position] = options[int(draws[position] * len(options))]
    return str(letters)


@lru_cache(maxsize=4096)
def _misses(cluster: str, latin: str, layout: str, marks: bool) -> tuple[str, ...]:
    """Every cluster that one missed key makes of this one."""
    composed = unicodedata.normalize("NFC", cluster)
    if hangul.is_syllable(composed):
        return tuple(hangul.misses(composed)) if layout in ("auto", "ko") else ()
    if len(composed) > 1:  # a base with vowel signs or points, each typed with a key of its own
        return tuple(
            cluster[:place] + other + cluster[place + 1 :]
            for place, char in enumerate(cluster)
            for other in _near(char, latin, layout, marks=False)
        )
    near = _near(composed, latin, layout, marks)
    if not near:  # an accented letter without a key: the key of its base is missed, and the accent kept if it can be
        decomposed = unicodedata.normalize("NFD", composed)
        base, accents = decomposed[0], decomposed[1:]
        carried = (unicodedata.normalize("NFC", other + accents) for other in _near(base, latin, layout, False))
        near = [other if len(other) == 1 else other[0] for other in carried]
    if marks and composed.swapcase() != composed and len(composed.swapcase()) == 1:
        near = [*near, *(other.swapcase() for other in near)]  # the published errors may also miss the shift key
    return tuple(near)


def _near(char: str, latin: str, layout: str, marks: bool) -> list[str]:
    keys = layout_of(char, latin) if layout == "auto" else layout
    return list(neighbours(char, keys, marks)) if keys else []
