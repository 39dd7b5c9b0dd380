r"""Options and short answers, however they are dressed up: one parser for metrics, shifts and comparisons.

A format is no answer: `B`, `(B)`, `**B**` and `The answer is B.` say the same, and a change from one to another is no
loss. `short_answer` undresses an answer, by these rules in this order; whatever is not short (more than 8 words or 60
characters, or several sentences) is free text, and only white space at its ends is taken off.

| rule | written | read as |
| --- | --- | --- |
| white space, Unicode NFKC | `" Ｂ "` | `B` |
| markup and quotes around all of it | `**B**` `*B*` `` `B` `` `"B"` `«B»` `$B$` `\boxed{B}` | `B` |
| a lead-in | `Answer: B` `The answer is B.` `Option B` `Antwort: B` `答案是B` | `B` |
| brackets around all of it | `(B)` `[B]` `{B}` | `B` |
| a full stop at the end | `B.` `Yes.` `是。` | `B` `Yes` `是` |
| a letter with a bracket or colon | `B)` `B:` `b` | `B` |
| a number, in figures of any script | `12.0` `12.` `1,000` `१२` `+3` `−3` | `12` `12` `1000` `12` `3` `-3` |
| a number, in a word | `twelve` `zwölf` `三` | `12` `12` `3` |
| with options: a letter and its text | `B) a cat` `(B) a cat` | `B` |
| with options: the text of one of them | `A cat.` | `B` |
| with options: a letter before an explanation, or the only one said | `B. It is a cat, as...` | `B` |

Left as it is: `007` (leading zeros tell it apart), `1.000` (a thousand in some languages), `12 %`, `B or C`, `I think
it is B` without options. `equal_answers` compares what is left without case, articles and punctuation, as
`companions.normalise_answer` does, numbers by their value.

>>> {short_answer(text) for text in ("B", "(B)", "**B**", "Answer: B", "The answer is B.", "B.", "b)", "'B'", "[B]:")}
{'B'}
>>> [short_answer(text) for text in ("12.0", "12.", "1,000", "twelve", "१२", "007", "1.000", "12 %", "−3")]
['12', '12', '1000', '12', '12', '007', '1.000', '12 %', '-3']
>>> [short_answer(text, ["a dog", "a cat"]) for text in ("B) a cat", "A cat.", "B. It has whiskers, so it is no dog.")]
['B', 'B', 'B']
>>> short_answer("B or C"), short_answer("I see a cat. It is black.")
('B or C', 'I see a cat. It is black.')
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import regex

from pytest_emid.errors import EstimationError
from pytest_emid.information.companions import check_texts, normalise_answer
from pytest_emid.information.facts.languages import LEXICONS

__all__ = ["answer_key", "equal_answers", "one_wording", "short_answer"]

WORDS, CHARACTERS = 8, 60
AROUND: Final = (
    r"\*{1,3}(?P<inner>[^*]+)\*{1,3}",
    r"_{1,3}(?P<inner>[^_]+)_{1,3}",
    r"`+(?P<inner>[^`]+)`+",
    r"\"(?P<inner>[^\"]+)\"",
    r"'(?P<inner>[^']+)'",
    r"“(?P<inner>[^”]+)”",
    r"‘(?P<inner>[^’]+)’",
    r"„(?P<inner>[^“”]+)[“”]",
    r"«(?P<inner>[^»]+)»",
    r"「(?P<inner>[^」]+)」",
    r"\$+(?P<inner>[^$]+)\$+",
    r"\\boxed\{(?P<inner>[^{}]+)\}",
    r"\\text\{(?P<inner>[^{}]+)\}",
    r"\((?P<inner>[^()]+)\)",
    r"\[(?P<inner>[^\[\]]+)\]",
    r"\{(?P<inner>[^{}]+)\}",
)
WRAPPED: Final = tuple(regex.compile(pattern) for pattern in AROUND)
NAMES = (
    r"(?:(?:so|thus|hence|therefore),?\s+)?(?:(?:the|my)\s+)?(?:(?:final|correct|right|best)\s+)?"
    r"(?:answer|option|choice)|(?:die\s+)?(?:richtige\s+)?antwort|(?:正确)?答案|回答|정답|답변|답|"
    r"(?:η\s+)?(?:σωστή\s+)?απάντηση|الإجابة|الجواب|(?:सही\s+)?उत्तर|जवाब"
)
LEAD: Final = regex.compile(
    rf"(?:\#+\s*)?[*_]*(?:{NAMES})[*_]*\s*"
    r"(?:(?:(?:is|ist|would be|είναι|هي|هو)(?![\w\p{M}])|是|은|는)\s*:?|[:：=])[*_]*\s*"
    r"(?P<inner>\S.*)",
    regex.IGNORECASE | regex.DOTALL,
)
NAMED: Final = regex.compile(r"(?:option|choice|answer)\s+(?P<inner>[(\[]?[A-Za-z][)\]]?)", regex.IGNORECASE)
STOPS = ".。।"
LETTER: Final = regex.compile(r"(?P<inner>[A-Za-z])\s*[):.]?")
MARKED: Final = regex.compile(r"[*_]*(?:[(\[]\s*(?P<a>[A-Za-z])\s*[)\]]|(?P<b>[A-Za-z])\s*[):.])[*_]*(?:\s|[:.]|$)")
NUMBER: Final = regex.compile(r"(?P<sign>[+-]?)(?P<whole>\p{Nd}{1,3}(?:,\p{Nd}{3})+|\p{Nd}+)(?:\.(?P<rest>\p{Nd}*))?")
SENTENCE_END: Final = regex.compile(r"[.!?。！？।؟]\s+\S|\n\s*\S|[。！？]\S")
SAID: Final = regex.compile(
    rf"(?:{NAMES})\s*(?:is|ist|:|：|是)\s*[*_]*[(\[]?(?P<inner>[A-Za-z])(?![\w\p{{M}}'’])", regex.IGNORECASE
)
NUMBER_WORDS: Final[dict[str, str]] = {
    form.casefold(): value
    for lexicon in LEXICONS.values()
    for value in lexicon.words.get("number", {})
    # "null" is no zero where answers are data
    if value != "0" or lexicon.code == "en"
    for form in lexicon.forms("number", value)
}


def short_answer(text: str, options: Sequence[str] | None = None) -> str:
    """An answer without its dress; the rules stand at the top of this module.

    Args:
        text: what the model said, or a reference.
        options: the texts of a multiple choice in the order of their letters A, B, ...; then the letter of the option
            that the answer names is returned, where it names exactly one.

    Raises:
        EstimationError: more than 26 options, options of the same text, or an answer that is no text.
    """
    check_texts("text", [text])
    if options is None:
        return _short(text)
    check_texts("options", options)
    return _chosen(text, _letters(tuple(options))) or _short(text)


def answer_key(text: str, options: Sequence[str] | None = None) -> str:
    """What two answers have in common exactly where they are equal; empty where nothing is said.

    >>> answer_key("The answer is 12.0."), answer_key("Red."), answer_key("?")
    ('12', 'red', '')
    """
    if options is None and isinstance(text, str):
        return _key(text)
    return _compared(short_answer(text, options))


def equal_answers(a: str, b: str, options: Sequence[str] | None = None) -> bool:
    """Whether two answers say the same, whatever their format; an answer that says nothing equals none.

    >>> equal_answers("(B)", "b."), equal_answers("Answer: **12.0**", "twelve"), equal_answers("-3", "3")
    (True, True, False)
    """
    key = answer_key(a, options)
    return bool(key) and key == answer_key(b, options)


def one_wording(answers: Sequence[str], *known: Sequence[str], key: Callable[[str], str] = answer_key) -> list[str]:
    """The answers, each in the wording of the first known text that it equals: equal answers share one vector.

    Args:
        answers: to be embedded.
        known: wordings, in the order of preference: the references, then the clean answers.
        key: what equal answers have in common (a hook for another normalisation); answers without a key stay.

    Returns:
        One text an answer; an answer that equals no known one stays as it is.

    >>> one_wording(["(B)", "Blue.", "a cat"], ["B", "C"], ["blue", "b"])
    ['B', 'blue', 'a cat']
    """
    wording: dict[str, str] = {}
    for texts in known:
        check_texts("known", texts)
        for text in dict.fromkeys(texts):
            wording.setdefault(key(text), text)
    check_texts("answers", answers)
    keys = {answer: key(answer) for answer in dict.fromkeys(answers)}
    return [wording.get(keys[answer], answer) if keys[answer] else answer for answer in answers]


@lru_cache(maxsize=16384)
def _key(text: str) -> str:
    return _compared(_short(text))


def _compared(short: str) -> str:
    return short if NUMBER.fullmatch(short) else normalise_answer(short)


@lru_cache(maxsize=16384)
def _short(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    while True:
        inner = _undressed(plain)
        if inner == plain:
            break
        plain = inner
    if not _is_short(plain):
        return text.strip()
    letter = LETTER.fullmatch(plain)
    if letter:
        return str(letter["inner"]).upper()
    return _number(plain.replace("−", "-")) or plain


def _undressed(plain: str) -> str:
    """One layer less."""
    for pattern in WRAPPED:
        m = pattern.fullmatch(plain)
        if m and _is_short(m["inner"]):
            return str(m["inner"]).strip()
    m = LEAD.fullmatch(plain) or NAMED.fullmatch(plain.rstrip(STOPS))
    if m and _is_short(m["inner"]):
        return str(m["inner"]).strip()
    if _is_short(plain) and plain.rstrip(STOPS + ":"):
        return plain.rstrip(STOPS).rstrip() if plain[-1] in STOPS else _without_colon(plain)
    return plain


def _without_colon(plain: str) -> str:
    """`(B):` loses its colon, `Note:` does not: something was to follow."""
    return plain[:-1].rstrip() if plain.endswith((")" + ":", "]" + ":")) else plain


def _is_short(text: str) -> bool:
    plain = text.strip()
    return len(plain) <= CHARACTERS and len(plain.split()) <= WORDS and SENTENCE_END.search(plain) is None


def _number(plain: str) -> str | None:
    word = NUMBER_WORDS.get(plain.casefold())
    if word is not None:
        return word
    m = NUMBER.fullmatch(plain)
    if m is None:
        return None
    whole = "".join(str(unicodedata.digit(figure)) for figure in m["whole"] if figure != ",")
    rest = "".join(str(unicodedata.digit(figure)) for figure in m["rest"] or "")
    if (whole.startswith("0") and whole != "0") or (rest == "000" and len(whole) <= 3):
        return None
    rest = rest.rstrip("0")
    value = f"{whole}.{rest}" if rest else whole
    return f"-{value}" if m["sign"] == "-" and value != "0" else value


@lru_cache(maxsize=4096)
def _letters(options: tuple[str, ...]) -> dict[str, str]:
    """What stands for an option, letter or normalised text, to its letter."""
    if not 2 <= len(options) <= 26:
        raise EstimationError(f"options: there are {len(options)}. A multiple choice has 2 to 26.")
    letters = {chr(ord("A") + i): option for i, option in enumerate(options)}
    by_text: dict[str, str] = {}
    for letter, option in letters.items():
        key = answer_key(option)
        if key in by_text:
            raise EstimationError(
                f"options: {by_text[key]} and {letter} are the same answer, {option[:60]!r}. Give options that differ."
            )
        by_text[key] = letter
    # A letter goes before a text: the option "A" of another letter cannot be named by its text.
    return {**by_text, **{f"letter {letter}": letter for letter in letters}}


def _chosen(text: str, letters: dict[str, str]) -> str | None:
    short = _short(text)
    if LETTER.fullmatch(short) and f"letter {short}" in letters:
        return short
    named = letters.get(short if NUMBER.fullmatch(short) else normalise_answer(short))
    if named is not None:
        return named
    plain = unicodedata.normalize("NFKC", text).strip()
    lead = LEAD.fullmatch(plain)
    marked = MARKED.match(str(lead["inner"]) if lead else plain)
    said = {m["inner"].upper() for m in SAID.finditer(plain)}
    if marked:
        said.add((marked["a"] or marked["b"]).upper())
    known = [letter for letter in said if f"letter {letter}" in letters]
    return known[0] if len(known) == 1 and len(said) == 1 else None
