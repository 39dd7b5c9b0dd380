"""WordNet through nltk or wn, where the user has installed one of them and downloaded its data."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pytest_emid.errors import ShiftError

__all__ = ["synonyms"]


@lru_cache(maxsize=65536)
def synonyms(word: str) -> tuple[str, ...]:
    """Every lemma of every synset of a lower-case word, sorted, as the published code takes them; no inflection.

    Raises:
        ShiftError: neither nltk's nor wn's data is there.
    """
    lemmas = _nltk(word)
    if lemmas is None:
        lemmas = _wn(word)
    if lemmas is None:
        raise ShiftError(
            "source=wordnet needs WordNet's data. Run `pip install nltk && python -m nltk.downloader wordnet`, or "
            "`pip install wn && python -m wn download oewn:2024`, or use source=builtin."
        )
    clean = {lemma.replace("_", " ").lower() for lemma in lemmas}
    return tuple(sorted(clean - {word}))


def _nltk(word: str) -> list[str] | None:
    """None when nltk or its data is not there."""
    try:
        from nltk.corpus import wordnet
    except ImportError:
        return None
    corpus: Any = wordnet
    try:
        return [str(lemma.name()) for synset in corpus.synsets(word) for lemma in synset.lemmas()]
    except LookupError:  # how nltk says that the data is not downloaded
        return None


def _wn(word: str) -> list[str] | None:
    """None when wn or an English lexicon is not there."""
    try:
        import wn
    except ImportError:
        return None
    if not wn.lexicons(lang="en"):
        return None
    return [str(lemma) for synset in wn.synsets(word, lang="en") for lemma in synset.lemmas()]
