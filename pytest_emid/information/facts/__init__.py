"""Facts that a text states in so many words: polarity, sides, comparisons, numbers, colours.

Sentence encoders hardly tell a sentence from its negation, left from right or three from four. These rules do, in the
languages that have a list of words (`LEXICONS`); anywhere else nothing is checked, and nothing is claimed. They know
words, not grammar: what a list does not hold is not seen.
"""

from __future__ import annotations

from functools import lru_cache

from pytest_emid.errors import EstimationError
from pytest_emid.information.facts.base import Lexicon
from pytest_emid.information.facts.kinds import KINDS, Facts
from pytest_emid.information.facts.languages import LEXICONS, language_of
from pytest_emid.information.facts.polarity import negated

__all__ = ["KINDS", "LEXICONS", "Facts", "contradicts", "facts_of", "falsified", "language_of", "negated", "takes_back"]


@lru_cache(maxsize=16384)
def facts_of(text: str, language: str | None = None) -> dict[str, Facts]:
    """What a text states, by kind; kinds of which it says nothing are left out.

    Args:
        text: in any language; without a list of words for it only digits are found.
        language: its code; None finds it out (`language_of`).

    Raises:
        EstimationError: a language without a list of words.

    >>> found = facts_of("There are two red cars on the left.")
    >>> {kind: sorted(facts.concepts) for kind, facts in found.items()}
    {'polarity': ['yes'], 'side': ['left'], 'number': ['2'], 'colour': ['red']}
    >>> found["number"].bound
    {'car': frozenset({'2'})}
    """
    lexicon = _lexicon(text, language)
    stated = {name: kind.found(text, lexicon) for name, kind in KINDS.items()}
    return {name: facts for name, facts in stated.items() if facts.concepts}


@lru_cache(maxsize=16384)
def contradicts(answer: str, reference: str) -> frozenset[str]:
    """The kinds of facts in which an answer contradicts its reference, by the words alone.

    Both must state facts of the kind. Polarity is not among them: it takes embeddings
    (`pytest_emid.information.guards.contradictions`). The two texts may be in different languages.

    >>> sorted(contradicts("Two cats on the right.", "The three cats are on the left."))
    ['number', 'side']
    >>> sorted(contradicts("Die Katze ist links.", "The cat is on the right.")), sorted(contradicts("2", "two"))
    (['side'], [])
    """
    told, true = facts_of(answer), facts_of(reference)
    return frozenset(kind for kind in told.keys() & true.keys() if KINDS[kind].contradicts(told[kind], true[kind]))


@lru_cache(maxsize=16384)
def takes_back(answer: str, before: str, reference: str) -> frozenset[str]:
    """The kinds in which an answer contradicts the answer given before, where the reference settles nothing.

    One of the two is false then. Only kinds whose words are exact count, and nothing does that the reference bears
    out, or that was wrong before.

    >>> sorted(takes_back("I see five dogs.", "I see four dogs.", "Dogs are playing."))
    ['number']
    >>> sorted(takes_back("I see five dogs.", "I see four dogs.", "Five dogs are playing."))
    []
    """
    told, true = facts_of(answer), facts_of(reference)
    settled = {kind for kind in told.keys() & true.keys() if told[kind].concepts & true[kind].concepts}
    wrong = contradicts(before, reference) | contradicts(answer, reference)
    return frozenset(kind for kind in contradicts(answer, before) if KINDS[kind].exact) - settled - wrong


def falsified(text: str, kind: str, seed: int = 0, language: str | None = None) -> str | None:
    """The text with every fact of one kind made false, the same for the same seed; None where it states none.

    Raises:
        EstimationError: an unknown kind, or a language without a list of words.

    >>> falsified("The cat is on the left.", "side"), falsified("It is a cat.", "side")
    ('The cat is on the right.', None)
    """
    if kind not in KINDS:
        raise EstimationError(f"kind: {kind!r} is unknown. The kinds of facts are {', '.join(KINDS)}.")
    return KINDS[kind].falsified(text, _lexicon(text, language), seed)


def _lexicon(text: str, language: str | None) -> Lexicon | None:
    code = language if language is not None else language_of(text)
    if code is None:
        return None
    if code not in LEXICONS:
        raise EstimationError(
            f"language: {code!r} has no list of words. There are lists for {', '.join(LEXICONS)}; "
            "texts in other languages are not checked."
        )
    return LEXICONS[code]
