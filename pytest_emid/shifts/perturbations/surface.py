"""How words are set: their case, and the marks between them."""

from __future__ import annotations

from typing import Final

import numpy as np

from pytest_emid.shifts.perturbations.letters import PUBLISHED
from pytest_emid.shifts.perturbations.scripts import script_of
from pytest_emid.shifts.perturbations.tokens import PROTECT, RATES, Token, count_of, join, tokenize
from pytest_emid.shifts.registry import register_textual

__all__ = ["case", "punctuation"]

CASE_RATES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Share of the words that the form changes, at least one."""
MARK_RATES: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Share of the words that a mark is put after, at least one."""
PUBLISHED_RATE: Final = 0.05
"""Published: this share of the words for each level."""
MARKS: Final = ".,!?;:"
_MARKS_OF: Final = {
    "CJK": "。，！？；：",
    "HIRAGANA": "。、！？",
    "KATAKANA": "。、！？",
    "ARABIC": ".،!؟؛:",
    "DEVANAGARI": "।,!?;:",
}


@register_textual("case", options={"form": ("upper", "lower", "title", "random"), **PROTECT})
def case(text: str, severity: int, rng: np.random.Generator, *, form: str, protect: str) -> str:
    """Words in another case: CAPITALS, or lower, Title or RaNdOm case."""
    tokens = tokenize(text, protect)
    priority = rng.permutation(len(tokens))
    coins = rng.random(len(text))
    changed: dict[int, str] = {}
    start = 0
    for position, token in enumerate(tokens):
        if token.kind == "word":
            word = _in_form(token.text, form, coins[start : start + len(token.text)])
            if word != token.text:
                changed[position] = word
        start += len(token.text)
    count = count_of(CASE_RATES[severity - 1], len(changed))
    for position in sorted(changed, key=lambda position: priority[position])[:count]:
        tokens[position] = Token(changed[position], "word")
    return join(tokens)


def _in_form(word: str, form: str, coins: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    if form == "random":
        return "".join(c.upper() if coin < 0.5 else c.lower() for c, coin in zip(word, coins, strict=True))
    return {"upper": word.upper, "lower": word.lower, "title": word.capitalize}[form]()


@register_textual("punctuation", options={**RATES, **PROTECT}, variants=PUBLISHED)
def punctuation(text: str, severity: int, rng: np.random.Generator, *, rates: str, protect: str) -> str:
    """Marks put after words at random (AEDA), of the kind that the script uses."""
    tokens = tokenize(text, protect)
    words = [position for position, token in enumerate(tokens) if token.kind == "word"]
    draws, order = rng.random(len(tokens)), rng.permutation(len(words))
    rate = PUBLISHED_RATE * severity if rates == "published" else MARK_RATES[severity - 1]
    for index in order[: count_of(rate, len(words))]:
        position = words[int(index)]
        marks = _MARKS_OF.get(script_of(tokens[position].text), MARKS)
        tokens[position] = Token(tokens[position].text + marks[int(draws[position] * len(marks))], "word")
    return join(tokens)
