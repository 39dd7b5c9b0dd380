"""What a language tells of facts: the words of each kind, and how a sentence is negated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import regex

__all__ = ["Forms", "Lexicon", "Mention", "Negation", "Rewrite"]

Forms = Mapping[str, str]
"""A concept, by its English name, to its forms, separated by spaces (a `_` within a form stands for a space).

Forms of concepts of one kind are aligned where they inflect (`rot rote roten`, `grün grüne grünen`), so that a word
can be exchanged for another one in the same form; a concept with fewer forms answers with its last one.
"""

Rewrite = tuple[str, str]
"""A regular expression and what stands in its place, as `regex.sub` takes them."""


class Mention(NamedTuple):
    """A word of a text that names a concept."""

    concept: str
    form: int
    start: int
    end: int


@dataclass(frozen=True)
class Negation:
    """How a sentence says no.

    Attributes:
        answers: pairs of affirmative and negative answers, such as `("Yes", "No")`.
        marks: a regular expression that is found in negated sentences only.
        remove: rewrites that take a negation away; all are applied, in order.
        add: rewrites that negate; the first that changes the sentence is applied, once.
    """

    answers: tuple[tuple[str, str], ...]
    marks: str
    remove: tuple[Rewrite, ...]
    add: tuple[Rewrite, ...]


@dataclass(frozen=True)
class Lexicon:
    """The words of one language that state facts.

    Attributes:
        code: ISO 639-1, as in `scenes:de`.
        script: Unicode script that it is written in, as `regex` names it.
        common: frequent words, separated by spaces, that tell it from other languages of the script.
        words: kind of fact (see `kinds`) to its concepts.
        negation: how sentences are negated.
        before: what must stand before a word, as a regular expression of width zero.
        after: what must follow a word, likewise; a kind of its own in `after_kind` goes first.
        after_kind: kind to what must follow its words.
        plural: endings, as a regular expression, that nouns lose before they are compared.
        copula: words between a noun and what is said of it (`the car is red`), separated by spaces; empty where
            numbers and colours are not bound to nouns.
        noun_first: whether a colour follows its noun.
    """

    code: str
    script: str
    common: str
    words: Mapping[str, Forms]
    negation: Negation
    before: str = r"(?<![\w\p{M}])"
    after: str = r"(?![\w\p{M}])"
    after_kind: Mapping[str, str] = field(default_factory=dict)
    plural: str = ""
    copula: str = ""
    noun_first: bool = False

    @cached_property
    def frequent(self) -> frozenset[str]:
        """The frequent words, case folded."""
        return frozenset(self.common.casefold().split())

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word of the language that is listed here, case folded."""
        forms = " ".join(forms for concepts in self.words.values() for forms in concepts.values())
        answers = " ".join(answer for pair in self.negation.answers for answer in pair)
        return self.frequent | frozenset(f"{forms} {answers}".replace("_", " ").casefold().split())

    @cached_property
    def linking(self) -> frozenset[str]:
        """The copulas, case folded."""
        return frozenset(self.copula.casefold().split())

    @cached_property
    def _patterns(self) -> dict[str, tuple[Any, dict[str, tuple[str, int]]]]:
        found: dict[str, tuple[Any, dict[str, tuple[str, int]]]] = {}
        for kind, concepts in self.words.items():
            index: dict[str, tuple[str, int]] = {}
            for concept in concepts:
                for position, form in enumerate(self.forms(kind, concept)):
                    index.setdefault(form.lower(), (concept, position))
            choice = "|".join(regex.escape(form) for form in sorted(index, key=lambda form: (-len(form), form)))
            after = self.after_kind.get(kind, self.after)
            found[kind] = (regex.compile(f"{self.before}(?:{choice})(?:{after})", regex.IGNORECASE), index)
        return found

    def forms(self, kind: str, concept: str) -> list[str]:
        """The forms of a concept."""
        return [form.replace("_", " ") for form in self.words[kind][concept].split()]

    def mentions(self, kind: str, text: str) -> list[Mention]:
        """Where `text` names concepts of a kind, in order."""
        if kind not in self.words:
            return []
        pattern, index = self._patterns[kind]
        return [Mention(*index[m.group().lower()], m.start(), m.end()) for m in pattern.finditer(text)]

    def said(self, kind: str, concept: str, like: Mention, text: str) -> str:
        """Another concept of the kind in the form, and with the capital, of the mention that it replaces."""
        forms = self.forms(kind, concept)
        form = forms[min(like.form, len(forms) - 1)]
        return form[:1].upper() + form[1:] if text[like.start].isupper() else form
