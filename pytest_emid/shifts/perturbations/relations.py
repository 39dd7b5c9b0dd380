"""Which words may change places, or go, without a question asking the opposite.

"Is the cat left of the dog?" asks something else when its two names are exchanged, and "Which one is not red?" when its
denial is lost. So words stay on their side of a word that relates, and words that deny stay where they are. In English
and German, which mark relations by order, these are prepositions, sides and `than`, forms in -ing, and verbs between a
subject and an object with an article; in other languages no word moves in a sentence that names a side or compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import regex

from pytest_emid.information.facts.languages import LEXICONS
from pytest_emid.information.facts.polarity import is_negated
from pytest_emid.shifts.perturbations.thesaurus import stop_words
from pytest_emid.shifts.perturbations.tokens import Token

__all__ = ["denies", "sides"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RELATING: Final = _words(
    "left right above below beneath under underneath over behind before after front inside outside within in into "
    "on onto off upon atop beside beyond across along against around through toward towards from to by than as like "
    "north south east west near nearer nearest close closer farther further "
    "links rechts über unter hinter vor oberhalb unterhalb auf neben als zwischen nördlich südlich östlich westlich "
    "an aus durch gegen"
)
"""English and German words between two names that do not mean the same when these are exchanged."""
ARTICLES: Final = _words(
    "the a an this that these those his her its their my your our every each some any no which what whose "
    "der die das den dem des ein eine einen einem einer eines welche welcher welches welchen"
)
NO_FORM: Final = _words(
    "thing something anything nothing everything ring king string wing spring ceiling morning evening during clothing "
    "building painting drawing being bring sing"
)
"""English words in -ing that are no forms of verbs."""
REVERSING: Final = _words(
    "except excluding excluded but unlike least fewest false incorrect wrong untrue impossible unlikely "
    "außer ausgenommen falsch falsche falschen unmöglich"
)
ORDERED: Final = ("more", "less", "larger", "smaller", "taller", "shorter", "higher", "lower", "older", "younger",
                  "before", "after", "closer", "farther", "faster", "slower")  # fmt: skip
"""Comparatives, by their English names."""
SENTENCE_END: Final = ".!?;。！？；؟।"
THAN_ZH: Final = "比"


@lru_cache(maxsize=4096)
def denies(word: str) -> bool:
    """Whether without a word a question would ask the opposite: `not`, `except`, `least`."""
    lower = word.lower()
    codes = [code for code, lexicon in LEXICONS.items() if regex.search(rf"\p{{Script={lexicon.script}}}", word)]
    return lower in REVERSING or any(is_negated(f"{word} ", code) for code in codes)


def sides(tokens: Sequence[Token]) -> dict[int, int]:
    """The position of each word to its side: words of one side may change places.

    Sentences without a relation are one side together; each part of one that has a relation is a side of its own.
    """
    side: dict[int, int] = {}
    last = 0
    for sentence in _sentences(tokens):
        words = [position for position in sentence if tokens[position].kind == "word"]
        fixed = _frozen("".join(tokens[position].text for position in sentence)) and set(words)
        relating = fixed or {p for i, p in enumerate(words) if _relates(tokens, words, i)}
        if relating:
            last += 1
        here = last if relating else 0
        for position in words:
            if position in relating or denies(tokens[position].text):
                side[position] = -position - 1  # alone
                if position in relating:
                    last += 1
                    here = last
            else:
                side[position] = here
    return side


def _sentences(tokens: Sequence[Token]) -> Iterator[list[int]]:
    """The positions of each sentence; a line ends one."""
    sentence: list[int] = []
    for position, token in enumerate(tokens):
        sentence.append(position)
        ends = token.kind == "mark" and token.text in SENTENCE_END
        if ends or "\n" in token.text:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _relates(tokens: Sequence[Token], words: Sequence[int], index: int) -> bool:
    word = tokens[words[index]].text.lower()
    if word in RELATING or (len(word) > 4 and word.endswith("ing") and word.isascii() and word not in NO_FORM):
        return True
    if word in stop_words() or word in ARTICLES or index + 1 == len(words):
        return False
    # a verb: what follows it has an article, and so has what came before
    beside = tokens[words[index + 1]].text.lower() in ARTICLES
    return beside and any(tokens[position].text.lower() in ARTICLES for position in words[:index])


@lru_cache(maxsize=4096)
def _frozen(sentence: str) -> bool:
    """Whether a sentence in another language than English and German names a side or compares."""
    if sentence.isascii():
        return False
    if THAN_ZH in sentence:
        return True
    for code, lexicon in LEXICONS.items():
        if code in ("en", "de") or not regex.search(rf"\p{{Script={lexicon.script}}}", sentence):
            continue
        if lexicon.mentions("side", sentence):
            return True
        if any(mention.concept in ORDERED for mention in lexicon.mentions("comparative", sentence)):
            return True
    return False
