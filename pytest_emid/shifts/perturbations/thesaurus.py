"""Synonyms: the shipped thesaurus, or WordNet where the user has its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import resources
from typing import Final

__all__ = ["SOURCES", "stop_words", "synonyms_from"]

SOURCES: Final = {"source": ("builtin", "wordnet")}
"""The option that chooses the thesaurus."""

_DATA: Final = "thesaurus_en.txt"
_VOWELS: Final = frozenset("aeiou")
_DOUBLING: Final = ("begin", "put", "run", "sit", "split")
"""Verbs that double their last letter before -ing though their past form does not show it."""


def synonyms_from(source: str) -> Callable[[str], tuple[str, ...]]:
    """A function from a lower-case word to its synonyms in a fixed order, inflected like it; empty when it has none.

    Raises:
        ShiftError: `wordnet` is asked for and neither nltk's nor wn's data is there.
    """
    if source == "wordnet":
        from pytest_emid.shifts.perturbations import wordnet

        return wordnet.synonyms
    return _builtin_synonyms


def _builtin_synonyms(word: str) -> tuple[str, ...]:
    base, possessive = (word[:-2], word[-2:]) if word.endswith(("'s", "’s")) else (word, "")
    return tuple(other + possessive for other in _table().get(base, ()))


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    """Every form of every word to the same form of its synonyms.

    On a line every word may be replaced by the others, or after `part>` the first word only.
    """
    table: dict[str, dict[str, None]] = {}
    for part, words in _lines():
        if part != "stop":
            paradigms = [_forms(part.rstrip(">"), word) for word in words]
            for paradigm in paradigms[:1] if part.endswith(">") else paradigms:
                for slot, form in enumerate(paradigm):
                    others = (other[slot] for other in paradigms if other[slot] != form)
                    table.setdefault(form.lower(), {}).update(dict.fromkeys(others))
    return {form: tuple(others) for form, others in table.items()}


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Words that carry structure rather than meaning; they are never replaced."""
    return frozenset(word for part, words in _lines() if part == "stop" for word in words)


def _lines() -> Iterator[tuple[str, list[str]]]:
    text = resources.files("pytest_emid.shifts.perturbations").joinpath(_DATA).read_text(encoding="utf-8")
    for line in text.splitlines():
        part, *words = line.partition("#")[0].split() or [""]
        if words:
            yield part, words


def _forms(part: str, word: str) -> tuple[str, ...]:
    """The forms of a word in a fixed order of slots: noun 2, verb 5, any other part of speech 1."""
    base, *irregular = word.replace("_", " ").split("/")
    if part == "noun":
        return (base, irregular[0] if irregular else _add_s(base))
    if part == "verb":
        verb, *particle = base.split(" ")
        past, participle = irregular or (_add_ed(base), _add_ed(base))
        return (
            base,
            " ".join([_add_s(verb), *particle]),
            participle,
            past,
            " ".join([_add_ing(verb, past), *particle]),
        )
    return (base,)


def _add_s(word: str) -> str:
    if word.endswith("y") and word[-2] not in _VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _add_ed(word: str) -> str:
    if word.endswith("e"):
        return word + "d"
    return word[:-1] + "ied" if word.endswith("y") and word[-2] not in _VOWELS else word + "ed"


def _add_ing(word: str, past: str) -> str:
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")):
        return word[:-1] + "ing"
    doubled = past.startswith(word + word[-1]) or word in _DOUBLING
    return word + (word[-1] if doubled else "") + "ing"
