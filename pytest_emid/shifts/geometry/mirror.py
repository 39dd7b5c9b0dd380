"""The picture mirrored, and with it what questions and references say of its sides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageOps

from pytest_emid.errors import ShiftError, brief
from pytest_emid.information.facts.languages import LEXICONS, language_of
from pytest_emid.shifts.registry import register_visual

if TYPE_CHECKING:
    from pytest_emid.data.sample import Sample

__all__ = ["flip", "mirrored_text"]

PAIRS: Final = {
    "horizontal": (("left", "right"), ("leftmost", "rightmost"), ("lefthand", "righthand"), ("east", "west")),
    "vertical": (
        *(("top", "bottom"), ("above", "below"), ("upper", "lower"), ("north", "south")),
        *(("topmost", "bottommost"), ("uppermost", "lowermost")),
    ),
}
"""English words that change places with the picture's sides."""
_BOTH: Final = (
    r"clocks?|watch|read(?:s|ing)?|written|writing|says?|spell\w*|(?<!option['’]s )letters?|number plate"
    r"|(?:counter)?clockwise"
)
UNSURE: Final = {
    "horizontal": re.compile(
        rf"\b(?:{_BOTH}|handed|rights|right (?:now|away|answer|option|choice|angle\w*|one|way|to (?!the\b))"
        r"|turn\w* (?:left|right)|(?:is|that|this|that['’]s|all|be) right\b(?! (?:of|to|side|from|and|or)\b)"
        r"|left[- ]?overs?|left (?:over|behind|out|in|alone|the|his|her|their|its)|(?:has|have|had) left)\b",
        re.IGNORECASE,
    ),
    "vertical": re.compile(
        rf"\b(?:{_BOTH}|up|down|upside|over|under|beneath|underneath|stand\w*|l(?:ying|ies|ay)|fall\w*"
        r"|top (?:hat|speed))\b",
        re.IGNORECASE,
    ),
}
"""Of what a mirror changes more, or where a word is no side."""


def mirrored_text(text: str, axis: str) -> str | None:
    """A text as it is true of the mirrored picture; None where that cannot be told.

    >>> mirrored_text("Is the cup left of the Right lamp?", "horizontal")
    'Is the cup right of the Left lamp?'
    >>> mirrored_text("What does the sign say?", "horizontal") is None, mirrored_text("A red cup.", "vertical")
    (True, 'A red cup.')
    """
    if UNSURE[axis].search(text):
        return None
    code = language_of(text)
    if code not in (None, "en"):
        sides = {side for pair in PAIRS[axis] for side in pair}
        return None if any(m.concept in sides for m in LEXICONS[str(code)].mentions("side", text)) else text
    if code is None and not text.isascii():
        return None
    other = {a: b for pair in PAIRS[axis] for a, b in (pair, pair[::-1])}
    words = "|".join(sorted(other, key=len, reverse=True))

    def swapped(match: re.Match[str]) -> str:
        word, new = match[0], other[match[0].lower()]
        return new.upper() if word.isupper() else new.capitalize() if word[0].isupper() else new

    return re.sub(rf"\b(?:{words})\b", swapped, text, flags=re.IGNORECASE)


def _follow(sample: Sample, question: str, *, axis: str) -> Mapping[str, Any]:
    """Question and references as they are true of the mirrored picture."""
    made = []
    for what, text in (("question", question), *(("reference", reference) for reference in sample.accepted)):
        mirrored = mirrored_text(text, axis)
        if mirrored is None:
            raise ShiftError(
                f"shift flip mirrors the picture of sample {sample.id!r}, and it cannot be told what its {what} "
                f"{brief(text)} becomes: it names sides in a language other than English, or speaks of writing, "
                "clocks, hands or the like. Leave such samples out: dataset.select(ids)."
            )
        made.append(mirrored)
    changes: dict[str, Any] = {} if made[0] == sample.question else {"question": made[0]}
    if tuple(made[1:]) != sample.accepted:
        changes["reference"] = made[1]
        if sample.references:
            changes["references"] = tuple(made[1:])
    return changes


@register_visual("flip", (), options={"axis": tuple(PAIRS)}, follow=_follow)
def flip(image: Image.Image, severity: int, rng: np.random.Generator, *, axis: str) -> Image.Image:
    """Mirrored; questions and references that name sides in English follow, others that do are refused."""
    return ImageOps.mirror(image) if axis == "horizontal" else ImageOps.flip(image)
