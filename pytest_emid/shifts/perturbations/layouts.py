"""Keyboards: which keys lie next to which, for several languages."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from pytest_emid.shifts.perturbations.scripts import script_of

__all__ = ["LAYOUTS", "latin_layout", "layout_of", "neighbours"]

# Each layout: its rows from the top without and with the shift key. A blank is a key without a character of interest.
# Upper-case letters follow from lower-case ones.
_ROWS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "en": (("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"), ("!@#$%^&*()_+", "", "", "")),
    "de": (("1234567890ß", "qwertzuiopü+", "asdfghjklöä#", "yxcvbnm,.-"), ('!"§$%&/()=?', "", "", "")),
    "fr": (("&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "wxcvbn,;:!"), ("1234567890", "", "", "")),
    "el": (("1234567890-=", " ςερτυθιοπ[]", "ασδφγηξκλ '", "ζχψωβνμ,./"), ("!@#$%^&*()_+", "", "", "")),
    "ru": (("1234567890-=", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю."), ('!"№;%:?*()_+', "", "", "")),
    "ar": (
        ("1234567890-=", "ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤر ىةوزظ"),
        ("!@#$%^&*)(_+", "     إ", "     أ", "     آ"),
    ),
    "hi": (
        ("1234567890-", "ौैाीूबहगदजड", "ोे िुपरकतचट", " ंमनवलस  य"),
        ("", "औऐआईऊभङघधझढ", "ओएअइउफ खथछठ", " ँण   शष"),
    ),
    "ko": (
        ("1234567890-=", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ"),
        ("!@#$%^&*()_+", "ㅃㅉㄸㄲㅆ   ㅒㅖ", "", ""),
    ),
}
LAYOUTS: Final = tuple(_ROWS)
"""The languages whose layouts are known, as ISO 639-1 codes."""

_INDENTS: Final = (-0.5, 0.0, 0.25, 0.75)
"""How far each row is indented, in keys."""
_REACH: Final = 1.3
"""Keys whose centres are at most this far apart, in keys, are neighbours: those beside, above and below."""
_GERMAN: Final = frozenset("äöüßÄÖÜẞ")
_TYPED_ON: Final = {"GREEK": "el", "CYRILLIC": "ru", "ARABIC": "ar", "DEVANAGARI": "hi", "HANGUL": "ko"}


def latin_layout(text: str) -> str:
    """The layout of the Latin letters of a text: German beside umlauts, else English."""
    return "de" if not _GERMAN.isdisjoint(text) else "en"


def layout_of(char: str, latin: str) -> str:
    """The layout on which a character is typed, by its script; `latin` is that of Latin letters. Empty when no layout
    has the script.
    """
    script = script_of(char)
    return latin if script == "LATIN" else _TYPED_ON.get(script, "")


@lru_cache(maxsize=4096)
def neighbours(char: str, layout: str, marks: bool = False) -> tuple[str, ...]:
    """The characters a finger hits when it misses the key of `char`, in a fixed order.

    Args:
        char: one character; an upper-case letter has upper-case neighbours.
        layout: one of `LAYOUTS`.
        marks: whether digits and punctuation count. Without them a neighbour is of the same class: letter for
            letter, vowel sign for vowel sign, so that what is written stays well-formed.
    """
    keys = _keys(layout)
    lower = char.lower()
    if lower not in keys or (not marks and _class(char) == "other"):
        return ()
    column, row, layer = keys[lower]
    near = [
        other
        for other, (x, y, z) in keys.items()
        if other != lower
        and (((x - column) ** 2 + (y - row) ** 2 <= _REACH**2 and z == layer) or (x, y) == (column, row))
        and (marks or _class(other) == _class(lower))
    ]
    if char != lower:
        near = [other.upper() if len(other.upper()) == 1 else other for other in near]
    return tuple(dict.fromkeys(near))


@lru_cache(maxsize=len(LAYOUTS))
def _keys(layout: str) -> dict[str, tuple[float, int, int]]:
    """Column, row and layer of each character."""
    keys: dict[str, tuple[float, int, int]] = {}
    for layer, rows in enumerate(_ROWS[layout]):
        for row, characters in enumerate(rows):
            for column, char in enumerate(characters):
                if char != " ":
                    keys.setdefault(char, (column + _INDENTS[row], row, layer))
    return keys


def _class(char: str) -> str:
    """Characters that may stand for each other without breaking a syllable."""
    code = ord(char)
    if 0x0904 <= code <= 0x0914:
        return "devanagari vowel"
    if 0x093E <= code <= 0x094C:
        return "devanagari vowel sign"
    if 0x0900 <= code <= 0x0903:
        return "devanagari nasal"
    if 0x314F <= code <= 0x3163:
        return "hangul vowel"
    return "letter" if unicodedata.category(char).startswith("L") else "other"
