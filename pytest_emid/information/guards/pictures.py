"""A guard against answers that follow from the question alone: a model to which the pictures do not matter.

No shift of the pictures takes anything from a model that never looks at them: everything is retained. Information
given the question is nothing for such a model, but questions are held against answers by regression, and where nearly
every question is another one a language prior is not told from sight. Where one question is asked of several pictures
whose references differ the two part: a language prior says the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_emid.errors import EstimationError
from pytest_emid.information.companions import check_texts, normalise_answer

__all__ = ["is_prior", "picture_changes"]

FEWEST_QUESTIONS: Final = 5
"""Questions that must be asked of several pictures; with fewer, information given the question tells by itself."""
FEWEST: Final = 20
"""Comparisons that it takes."""
FARTHEST: Final = 16
"""Samples with the same question among which another reference is looked for: the cost stays linear."""
NEVER: Final = 0.02
"""A model whose answers change in no larger share: now and then a server answers the same query in two ways."""


def picture_changes(
    questions: Sequence[str], pictures: Sequence[str], answers: Sequence[str], references: Sequence[str]
) -> float | None:
    """How often the answer to the same question is another one of another picture, whose reference is another one.

    Each sample is compared with the next one that asks the same of another picture and has another reference; texts
    are compared in the form of an exact match. It says nothing of whether answers are right.

    Args:
        questions, pictures, answers, references: (n,) texts; `pictures` are digests, empty where there is none.

    Returns:
        A share from 0 (a language prior that always says the same) to 1. None where fewer than five questions, or
        twenty comparisons, can tell.

    Raises:
        EstimationError: other lengths, or what is no text.

    >>> asked = [f"What is in room {i // 4}?" for i in range(40)]
    >>> shown = [f"{i}.png" for i in range(40)]
    >>> true = [f"object {i % 4}" for i in range(40)]
    >>> picture_changes(asked, shown, true, true)
    1.0
    >>> prior = picture_changes(asked, shown, [f"object {i // 4}" for i in range(40)], true)
    >>> prior, is_prior(prior)
    (0.0, True)
    >>> picture_changes(true, shown, true, true) is None  # one reference a question
    True
    """
    columns = {"questions": questions, "pictures": pictures, "answers": answers, "references": references}
    for name, texts in columns.items():
        check_texts(name, texts)
        if len(texts) != len(questions):
            raise EstimationError(f"{name}: {len(texts)} for {len(questions)} questions. Give one per sample.")
    true, told = ([normalise_answer(text) for text in texts] for texts in (references, answers))
    places: dict[str, list[int]] = defaultdict(list)
    for i, (question, picture) in enumerate(zip(questions, pictures, strict=True)):
        if picture:
            places[normalise_answer(question)].append(i)
    found = [pairs for same in places.values() if (pairs := list(_pairs(same, pictures, true)))]
    changes = [told[i] != told[j] for pairs in found for i, j in pairs]
    return None if len(found) < FEWEST_QUESTIONS or len(changes) < FEWEST else sum(changes) / len(changes)


def is_prior(changes: float | None) -> bool:
    """Whether answers stay as they are whatever the picture.

    >>> is_prior(None), is_prior(0.5)
    (False, False)
    """
    return changes is not None and changes <= NEVER


def _pairs(places: Sequence[int], pictures: Sequence[str], true: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Each of these samples with the next one, in a ring, that has another picture and another reference."""
    for place, i in enumerate(places):
        for step in range(1, min(len(places), FARTHEST + 1)):
            j = places[(place + step) % len(places)]
            if pictures[i] != pictures[j] and true[i] != true[j]:
                yield i, j
                break
