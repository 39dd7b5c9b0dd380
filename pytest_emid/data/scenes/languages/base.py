"""What a language of the questions is: forms of nouns, and templates per kind of question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Forms", "Language", "Subject"]

Forms = Mapping[str, str]
"""Grammatical forms by name (case, article, particle, or an adjective that agrees); each language names its own."""


class Subject(NamedTuple):
    """What a question speaks of: a shape by its name (`by="shape"`), or whatever has a colour (`by="color"`)."""

    by: str
    name: str


@dataclass(frozen=True)
class Language:
    """The questions about scenes in one language.

    Attributes:
        code: ISO 639-1, as in `scenes:de`.
        name: in English, as the paper's scenarios call it.
        shapes: shape to the forms of its noun.
        colors: colour to the forms of its adjective.
        colored: the forms of "the <colour> shape"; colours' forms stand in braces.
        templates: kind of question to its wordings. The same position asks the same in every language. `{a[...]}`
            and `{b[...]}` are forms of the first and second subject. Where a subject is a bare colour (the kind
            `shape`, which asks for the noun), they are forms of the adjective.
    """

    code: str
    name: str
    shapes: Mapping[str, Forms]
    colors: Mapping[str, Forms]
    colored: Forms
    templates: Mapping[str, tuple[str, ...]]

    def ask(self, kind: str, template: int, subjects: tuple[Subject, ...]) -> str:
        """The question in logical (typing) order of characters, whatever the script's direction."""
        forms = [self.colors[s.name] if kind == "shape" else self.forms(s) for s in subjects]
        return self.templates[kind][template].format(**dict(zip(("a", "b"), forms, strict=False)))

    def forms(self, subject: Subject) -> Forms:
        """The forms of a definite noun phrase."""
        if subject.by == "shape":
            return self.shapes[subject.name]
        color = self.colors[subject.name]
        return {form: phrase.format(**color) for form, phrase in self.colored.items()}
