"""Languages with a list of words, and which one a text is written in. A language is one file and one line here."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

import regex

from pytest_emid.information.facts.arabic import ARABIC
from pytest_emid.information.facts.base import Lexicon
from pytest_emid.information.facts.chinese import CHINESE
from pytest_emid.information.facts.english import ENGLISH
from pytest_emid.information.facts.german import GERMAN
from pytest_emid.information.facts.greek import GREEK
from pytest_emid.information.facts.hindi import HINDI
from pytest_emid.information.facts.korean import KOREAN

__all__ = ["LEXICONS", "language_of"]

LEXICONS: Final[dict[str, Lexicon]] = {
    lexicon.code: lexicon for lexicon in (ENGLISH, GERMAN, CHINESE, KOREAN, GREEK, ARABIC, HINDI)
}
"""Code to words; English first."""

# Languages without a list of words that share the script, or words, of one that has it: (script, frequent words or
# letters of their own). A text of theirs is not taken for the other.
STRANGERS: Final = {
    "fr": ("Latin", "le la les un une des est sont dans et il y a pas ne que qui avec sur pour du au ce cette une l d"),
    "es": ("Latin", "el la los las un una es son en y que no con por para del al se su hay de está una lo"),
    "it": ("Latin", "il la lo gli le un una è sono nel e che non con per del della di c'è ci si su al"),
    "pt": ("Latin", "o a os as um uma é são em e que não com por para do da de há no na se está ao"),
    "nl": ("Latin", "de het een is zijn in en van niet met op voor dat die er te aan ook naar geen wordt"),
    "fa": ("Arabic", "است در از که را این آن با یک و به های می شود دارد نیست"),
    "ur": ("Arabic", "ہے ہیں میں کے کی کا اور سے پر ایک نہیں یہ کو ہوا"),
    "mr": ("Devanagari", "आहे आहेत मध्ये आणि चा ची चे एक नाही या हा ही हे ला"),
    "ne": ("Devanagari", "छ छन् मा र को का की एक छैन यो त्यो हरू गर्दै"),
}
KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’]\p{L}+)?")
SCRIPTS = ("Latin", "Han", "Hangul", "Greek", "Arabic", "Devanagari")
LETTERS = {script: regex.compile(rf"\p{{Script={script}}}") for script in SCRIPTS}
# A text of more words than this must hold its share of frequent words: a name or two do not make a language.
FEW_WORDS = 4
SHARE = 0.15


@lru_cache(maxsize=8192)
def language_of(text: str) -> str | None:
    """The language of a text, of those with a list of words; None where it is another one, or cannot be told.

    By the script of most letters, and within a script by which language's words come up most. Deterministic; a text of
    digits alone has no language.

    >>> language_of("The cat is on the left."), language_of("Die Katze ist links."), language_of("猫在左边。")
    ('en', 'de', 'zh')
    >>> language_of("Le chat est à gauche.") is None, language_of("12") is None
    (True, True)
    """
    counts = Counter({script: len(pattern.findall(text)) for script, pattern in LETTERS.items()})
    script, letters = counts.most_common(1)[0]
    if not letters or (script == "Han" and KANA.search(text)):
        return None
    words = [word.casefold() for word in WORD.findall(text)]
    known = [lexicon for lexicon in LEXICONS.values() if lexicon.script == script]
    others = [set(frequent.split()) for other, frequent in STRANGERS.values() if other == script]
    if len(known) == 1 and not others:
        return known[0].code
    hits = {lexicon.code: sum(word in lexicon.known for word in words) for lexicon in known}
    ranked = sorted(hits, key=lambda code: -hits[code])
    best = hits[ranked[0]]
    theirs = LEXICONS[ranked[0]].known
    # Words that only another language has speak against it; what both have ("no", "in") speaks for neither.
    strange = max((sum(word in frequent and word not in theirs for word in words) for frequent in others), default=0)
    if strange and strange >= best:
        return None
    if len(known) == 1:
        # Where nothing speaks against it, the only language of a script is taken for it.
        return known[0].code
    if best == 0 or best == hits[ranked[1]]:
        return None
    return ranked[0] if len(words) <= FEW_WORDS or best >= SHARE * len(words) else None
