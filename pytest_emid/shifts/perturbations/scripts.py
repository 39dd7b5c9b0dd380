"""Scripts: which one a letter is written in, and the letters that it has."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["ALPHABETS", "letters_of", "script_of"]

ALPHABETS: Final[dict[str, str]] = {
    "LATIN": "abcdefghijklmnopqrstuvwxyz",
    "GREEK": "αβγδεζηθικλμνξοπρστυφχψω",
    "CYRILLIC": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "ARABIC": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "HEBREW": "אבגדהוזחטיכלמנסעפצקרשת",
    "DEVANAGARI": "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
    "HANGUL": (
        "가거고구그기나너노누느니다더도두드디라러로루르리마머모무므미바버보부브비사서소수스시아어오우으이자저조주즈지"
    ),
    "HIRAGANA": ("あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"),
    "KATAKANA": ("アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"),
    "CJK": (
        "的一是在不了有和人这中大为上个国我以要他时来用们生到作地"
        "于出就分对成会可主发年动同工也能下过子说产种面而方后多定"
        "行学法所民得经十三之进着等部度家"
    ),
}
"""Script to its letters: for abugidas the consonants, for Korean simple syllables, for Chinese frequent characters."""


@lru_cache(maxsize=4096)
def script_of(char: str) -> str:
    """The script of a letter as the first word of its Unicode name, such as `LATIN`; empty for what has no name."""
    return unicodedata.name(char[:1], "").partition(" ")[0] if char else ""


def letters_of(char: str, text: str) -> str:
    """The letters of a character's script; of a script without a list here, those that the text has."""
    script = script_of(char)
    if script in ALPHABETS:
        return ALPHABETS[script]
    return _letters_in(text, script)


@lru_cache(maxsize=32)
def _letters_in(text: str, script: str) -> str:
    return "".join(dict.fromkeys(c for c in text if script_of(c) == script and unicodedata.category(c)[0] == "L"))
