"""Korean syllables: their parts, the keys that type them (two-set keyboard), and what replaces a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from pytest_emid.shifts.perturbations.layouts import neighbours

__all__ = ["is_syllable", "misses", "replaced"]

_FIRST: Final = 0xAC00
_LAST: Final = 0xD7A3
_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS: Final = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_PARTS: Final = (_INITIALS, _VOWELS, _FINALS)


def is_syllable(cluster: str) -> bool:
    """Whether a cluster is one precomposed Korean syllable."""
    return len(cluster) == 1 and _FIRST <= ord(cluster) <= _LAST


def misses(syllable: str) -> list[str]:
    """Every syllable that one missed key makes of this one. Compound vowels and finals, which take two keys, stay."""
    return replaced(syllable, lambda jamo: neighbours(jamo, "ko"))


def replaced(syllable: str, alternatives: Callable[[str], Iterable[str]]) -> list[str]:
    """Every syllable in which the initial, the vowel or the final is replaced by one of its alternatives."""
    code = ord(syllable) - _FIRST
    places = (code // 588, code % 588 // 28, code % 28)
    found = []
    for part, jamo in enumerate(_PARTS):
        for other in alternatives(jamo[places[part]]):
            if other in jamo:
                initial, vowel, final = (jamo.index(other) if part == i else place for i, place in enumerate(places))
                found.append(chr(_FIRST + 588 * initial + 28 * vowel + final))
    return found
