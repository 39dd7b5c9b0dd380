"""Texts as pixels, in the font that Pillow brings."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, Final

from PIL import ImageFont

__all__ = ["LINES", "font", "missing", "plain", "wrapped"]

LINES: Final = 6
"""Lines of a text at most."""
_NEVER: Final = "\uffff"
"""No font has it: it is drawn as what stands for any letter that is missing."""


@lru_cache(maxsize=64)
def font(size: int) -> Any:
    """The font in pixels; laid out by FreeType alone, whatever else Pillow was built with."""
    return ImageFont.load_default(size).font_variant(layout_engine=ImageFont.Layout.BASIC)  # type: ignore[union-attr]


@lru_cache(maxsize=4096)
def _has(character: str) -> bool:
    letters = font(24)
    return bool(
        character.isspace()
        or letters.getmask(character).getbbox() is None
        or (bytes(letters.getmask(character)) != bytes(letters.getmask(_NEVER)))
    )


def plain(text: str) -> str:
    """The text without accents that the font does not have.

    >>> plain("Eine größere Tür, 猫")
    'Eine grossere Tur, 猫'
    """
    return "".join(
        character if _has(character) or missing(bare := _bare(character)) else bare
        for character in unicodedata.normalize("NFC", text)
    )


def _bare(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character.replace("ß", "ss").replace("ẞ", "SS"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def missing(text: str) -> str:
    """The characters of a text that the font does not have.

    >>> missing("A red cup"), missing("猫")
    ('', '猫')
    """
    return "".join(dict.fromkeys(character for character in text if not _has(character)))


def wrapped(text: str, size: int, width: float) -> list[str]:
    """A text in lines of at most so many pixels, broken between words, at most `LINES`; a longer word is a line."""
    letters, lines = font(size), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or letters.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines[:LINES]
