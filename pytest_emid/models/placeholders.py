"""Where a question has its picture: datasets write `<image>` (LLaVA) or `<image 1>` (MMMU) where it belongs."""

from __future__ import annotations

import re
from typing import Final

from pytest_emid.errors import DataError

__all__ = ["around_picture", "without_places"]

_PLACE: Final = re.compile(r"\s*<image(?:[ _](\d+))?>\s*")


def around_picture(question: str, sample: str = "") -> tuple[str, str]:
    """The texts before and after a question's picture; without a place for it, the picture comes first.

    Args:
        question: as the dataset has it.
        sample: whose question it is, for the error.

    Raises:
        DataError: it has places for several pictures, and a sample has one.

    >>> around_picture("<image>\\nWhat is it?")
    ('', 'What is it?')
    >>> around_picture("Look at <image 1>. What is it?")
    ('Look at', '. What is it?')
    """
    places = list(_PLACE.finditer(question))
    asked = {match[1] for match in places if match[1]}
    bare = sum(match[1] is None for match in places)
    count = max(len(asked) + bare, max(map(int, asked), default=0))
    if count > 1:
        whose = f"sample {sample!r}" if sample else "a question"
        raise DataError(
            f"{whose} asks about {count} pictures ({question[:80]!r}), and a sample has one. Join them into one "
            "picture, or leave the sample out."
        )
    if not places:
        return "", question
    first, last = places[0], places[-1]
    before = question[: first.start()]
    after = "".join([question[first.end() : last.start()], " "]) if last is not first else ""
    return before, without_places(after) + question[last.end() :]


def without_places(question: str) -> str:
    """A question without places for pictures, for prompts that have their own."""
    return _PLACE.sub(" ", question).strip() if _PLACE.search(question) else question
