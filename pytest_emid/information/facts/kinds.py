"""The kinds of facts that a text states: what it says of each, what contradicts it, and how it is made false.

A kind is one object here with `name`, `found`, `contradicts` and `falsified`, and its line in `KINDS`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import regex

from pytest_emid.information.facts.base import Lexicon, Mention
from pytest_emid.information.facts.polarity import is_negated, negated, sentences

__all__ = ["KINDS", "Facts", "Kind", "Opposed", "Polarity", "Valued"]


class Facts(NamedTuple):
    """What a text says of one kind.

    Attributes:
        concepts: all of them, by their English names.
        bound: noun to the concepts that are said of it, where the language binds them.
    """

    concepts: frozenset[str]
    bound: Mapping[str, frozenset[str]]


NOTHING: Final = Facts(frozenset(), {})


class Kind(Protocol):
    """A kind of fact.

    Attributes:
        name: what reports call it.
        by_embedding: whether a contradiction is told by the contrast of embeddings (`contradictions`) and not here.
        exact: whether two answers to one question that contradict each other cannot both be meant well, so that a
            clean answer bears witness where the reference says nothing: five is not four, but grey may be silver.
    """

    @property
    def name(self) -> str: ...

    @property
    def by_embedding(self) -> bool: ...

    @property
    def exact(self) -> bool: ...

    def found(self, text: str, lexicon: Lexicon | None) -> Facts:
        """What a text says of this kind; without a lexicon only what needs no language."""
        ...

    def contradicts(self, told: Facts, true: Facts) -> bool:
        """Whether an answer's facts cannot hold where those of the reference do."""
        ...

    def falsified(self, text: str, lexicon: Lexicon | None, seed: int) -> str | None:
        """The text with every fact of this kind made false; None where there is none."""
        ...


class Polarity:
    """Whether sentences affirm or deny."""

    name = "polarity"
    by_embedding = True
    exact = False

    def found(self, text: str, lexicon: Lexicon | None) -> Facts:
        if lexicon is None or negated(text, lexicon.code) is None:
            return NOTHING
        told = {"no" if is_negated(sentence, lexicon.code) else "yes" for sentence in sentences(text)}
        return Facts(frozenset(told), {})

    def contradicts(self, told: Facts, true: Facts) -> bool:
        return False

    def falsified(self, text: str, lexicon: Lexicon | None, seed: int) -> str | None:
        return None if lexicon is None else negated(text, lexicon.code)


@dataclass(frozen=True)
class Opposed:
    """Concepts that come in pairs of opposites: an answer contradicts a reference whose opposite it names.

    Each pair is compared by itself, so that `top left` contradicts `top right`; and so is what is said of one noun on
    both sides, whatever else the texts hold. Nothing contradicts a text that names both of a pair.

    Attributes:
        name: what reports call it.
        pairs: the opposites; a concept may stand in several.
        of_noun_before: whether concepts are said of the noun before them (`a dog on the left`), not of the one behind
            them or before a copula (`a large dog`, `the dog is large`).
        exact: as `Kind`.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    of_noun_before: bool = False
    exact: bool = True
    by_embedding: bool = False

    def opposites(self, concept: str) -> list[str]:
        """The opposites of a concept, the first of which stands in for it in a falsified text."""
        return [b for a, b in self.pairs if a == concept] + [a for a, b in self.pairs if b == concept]

    def found(self, text: str, lexicon: Lexicon | None) -> Facts:
        mentions = [] if lexicon is None else lexicon.mentions(self.name, text)
        if lexicon is None or not mentions:
            return NOTHING
        bound: dict[str, set[str]] = {}
        for mention in mentions if lexicon.copula else ():
            noun = _noun_before(text, mention, lexicon) if self.of_noun_before else _noun(text, mention, lexicon, True)
            if noun:
                bound.setdefault(noun, set()).add(mention.concept)
        return _facts(mentions, bound)

    def contradicts(self, told: Facts, true: Facts) -> bool:
        shared = told.bound.keys() & true.bound.keys()
        return self._opposed(told.concepts, true.concepts) or any(
            self._opposed(told.bound[noun], true.bound[noun]) for noun in shared
        )

    def _opposed(self, told: frozenset[str], true: frozenset[str]) -> bool:
        """Whether one names one of a pair, and the other the other."""
        sides = ((told & set(pair), true & set(pair)) for pair in self.pairs)
        return any(len(a) == len(b) == 1 and a != b for a, b in sides)

    def falsified(self, text: str, lexicon: Lexicon | None, seed: int) -> str | None:
        if lexicon is None:
            return None
        known = lexicon.words.get(self.name, {})

        def other(mention: Mention) -> str | None:
            chosen = next((concept for concept in self.opposites(mention.concept) if concept in known), None)
            return None if chosen is None else lexicon.said(self.name, chosen, mention, text)

        return _replaced(text, lexicon.mentions(self.name, text), other)


DIGITS = regex.compile(r"(?<![\p{L}\p{N}.,:/-])\p{Nd}+(?:\.\p{Nd}+)?(?![\p{L}\p{N}/-]|[.,:]\p{N})")
# Numbers are made false by at most this much: a count that is off by ten is no mistake of counting.
NEAR = 3


@dataclass(frozen=True)
class Valued:
    """Concepts that exclude each other: an answer contradicts a reference of which it names no value, but another one.

    Values that are said of one noun on both sides are compared by themselves, whatever else the texts hold.

    Attributes:
        name: what reports call it.
        numeric: whether digits count, in any script.
        exact: as `Kind`.
    """

    name: str
    numeric: bool = False
    exact: bool = True
    by_embedding: bool = False

    def found(self, text: str, lexicon: Lexicon | None) -> Facts:
        mentions = self._mentions(text, lexicon)
        if not mentions:
            return NOTHING
        bound: dict[str, set[str]] = {}
        if lexicon is not None and lexicon.copula:
            for mention in mentions:
                noun = _noun(text, mention, lexicon, said_after=not self.numeric)
                if noun:
                    bound.setdefault(noun, set()).add(mention.concept)
        return _facts(mentions, bound)

    def contradicts(self, told: Facts, true: Facts) -> bool:
        if not told.concepts or not true.concepts:
            return False
        if not told.concepts & true.concepts:
            return True
        return any(not (told.bound[noun] & true.bound[noun]) for noun in told.bound.keys() & true.bound.keys())

    def falsified(self, text: str, lexicon: Lexicon | None, seed: int) -> str | None:
        mentions = self._mentions(text, lexicon)
        draw = zlib.crc32(f"{seed} {self.name} {text}".encode("utf-8", "surrogatepass"))
        chosen: dict[str, str] = {}

        def other(mention: Mention) -> str | None:
            if mention.form < 0:
                true = float(mention.concept)
                if not true.is_integer():
                    return None
                step = 1 + draw % NEAR
                return str(int(true) + step if draw % 2 or true <= NEAR else int(true) - step)
            assert lexicon is not None  # words are only found with one
            if mention.concept not in chosen:
                options = [
                    concept
                    for concept in lexicon.words[self.name]
                    if concept != mention.concept
                    and (not self.numeric or (concept != "0" and abs(int(concept) - int(mention.concept)) <= NEAR))
                ]
                chosen[mention.concept] = options[(draw + 7 * len(chosen)) % len(options)]
            return lexicon.said(self.name, chosen[mention.concept], mention, text)

        return _replaced(text, mentions, other)

    def _mentions(self, text: str, lexicon: Lexicon | None) -> list[Mention]:
        words = [] if lexicon is None else lexicon.mentions(self.name, text)
        if not self.numeric:
            return words
        digits = [Mention(_plain(m.group()), -1, m.start(), m.end()) for m in DIGITS.finditer(text)]
        return sorted(words + digits, key=lambda mention: mention.start)


def _facts(mentions: list[Mention], bound: Mapping[str, set[str]]) -> Facts:
    return Facts(
        frozenset(mention.concept for mention in mentions),
        {noun: frozenset(concepts) for noun, concepts in bound.items()},
    )


def _plain(digits: str) -> str:
    """`12`, `12.0` and digits of other scripts as one number."""
    return f"{float(digits):.12g}"


def _replaced(text: str, mentions: list[Mention], other: Callable[[Mention], str | None]) -> str | None:
    parts, end, changed = [], 0, False
    for mention in mentions:
        word = other(mention)
        if word is not None and word != text[mention.start : mention.end]:
            parts += [text[end : mention.start], word]
            end, changed = mention.end, True
    return "".join([*parts, text[end:]]) if changed else None


WORDS = regex.compile(r"[\p{L}\p{M}]+|[^\s\p{L}\p{M}]")
CLOSE = 3


def _noun(text: str, mention: Mention, lexicon: Lexicon, said_after: bool) -> str | None:
    """The noun that a number or a colour is said of: the next word that is none of the frequent ones, or, where a
    copula stands in front, the word before that."""
    if said_after:
        before = [m.group().casefold() for m in WORDS.finditer(text, max(0, mention.start - 60), mention.start)]
        if len(before) >= 2 and before[-1] in lexicon.linking and before[-2] not in lexicon.frequent:
            return _stem(before[-2], lexicon)
    for m, _ in zip(WORDS.finditer(text, mention.end, min(len(text), mention.end + 60)), range(CLOSE), strict=False):
        word = m.group().casefold()
        if not word[0].isalpha() or word in lexicon.frequent:
            return None
        if not _states(word, lexicon):
            return _stem(word, lexicon)
    return None


SENTENCE_END = regex.compile(r"[.!?\n]")
WINDOW = 80
"""Characters in which the noun is looked for: a long answer must not take the square of its length."""


def _noun_before(text: str, mention: Mention, lexicon: Lexicon) -> str | None:
    """The last word before a mention, in its sentence, that is neither frequent nor itself one of a fact."""
    near = SENTENCE_END.split(text[max(0, mention.start - WINDOW) : mention.start])[-1]
    before = [m.group().casefold() for m in WORDS.finditer(near)]
    nouns = (word for word in reversed(before) if word[0].isalpha() and word not in lexicon.frequent)
    noun = next((word for word in nouns if not _states(word, lexicon)), None)
    return None if noun is None else _stem(noun, lexicon)


@lru_cache(maxsize=65536)
def _states_cached(word: str, code: str) -> bool:
    from pytest_emid.information.facts.languages import LEXICONS

    return word in LEXICONS[code].known


def _states(word: str, lexicon: Lexicon) -> bool:
    """Whether a word is itself one of a fact ("two red cars" are two cars)."""
    return _states_cached(word, lexicon.code)


@lru_cache(maxsize=65536)
def _stem_cached(word: str, plural: str) -> str:
    stem: str = regex.sub(plural, "", word) if plural else word
    return stem


def _stem(word: str, lexicon: Lexicon) -> str:
    return _stem_cached(word, lexicon.plural)


SIDES: Final = (
    ("left", "right"),
    ("above", "below"),
    ("top", "bottom"),
    ("upper", "lower"),
    ("inside", "outside"),
    ("behind", "in front"),
    ("foreground", "background"),
    ("front", "back"),
    ("north", "south"),
    ("east", "west"),
)
COMPARATIVES: Final = (
    ("more", "less"),
    ("larger", "smaller"),
    ("taller", "shorter"),
    ("higher", "lower"),
    ("older", "younger"),
    ("before", "after"),
    ("closer", "farther"),
    ("many", "few"),
    ("first", "last"),
    ("faster", "slower"),
    ("open", "closed"),
    ("indoors", "outdoors"),
    ("day", "night"),
    ("light", "dark"),
    ("large", "small"),
    ("tall", "short"),
    ("near", "far"),
    ("full", "empty"),
    ("same", "different"),
)

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Polarity(),
        Opposed("side", SIDES, of_noun_before=True),
        Opposed("comparative", COMPARATIVES),
        Valued("number", numeric=True),
        Valued("colour", exact=False),
    )
}
"""Name to kind, in the order of reports."""
