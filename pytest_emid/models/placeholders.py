"""Where a question has its pictures: datasets write `<image>` (LLaVA) or `<image 1>` (MMMU) where one belongs."""

from __future__ import annotations

import re
from typing import Final

from pytest_emid.errors import DataError

__all__ = ["arranged", "without_places"]

_PLACE: Final = re.compile(r"\s*<image(?:[ _]([1-9]\d*))?>\s*")


def arranged(question: str, pictures: int = 1, sample: str = "") -> list[str | int]:
    """A question as texts and pictures, by number from 0, in the order in which a model is to be given them.

    Pictures without a place come first. `<image>` is the next one that no number names; further mentions of one of
    several are words (`image 1`).

    Args:
        question: as the dataset has it.
        pictures: how many there are.
        sample: whose question it is, for the error.

    Raises:
        DataError: it has places for more pictures than there are.

    >>> arranged("<image>\\nWhat is it?")
    [0, 'What is it?']
    >>> arranged("Look at <image 1> and <image 2>. Is <image 1> red?", 2)
    ['Look at', 0, 'and', 1, '. Is image 1 red?']
    """
    places = list(_PLACE.finditer(question))
    asked = {int(match[1]) for match in places if match[1]}
    bare = sum(match[1] is None for match in places)
    count = max(len(asked) + bare, max(asked, default=0))
    if count > pictures:
        whose = f"sample {sample!r}" if sample else "a question"
        what = "a picture" if count == 1 else f"{count} pictures"
        raise DataError(
            f"{whose} asks about {what} ({question[:80]!r}), and it has {pictures or 'none'}. Give it all of them "
            "(Sample.images, or a list in the column of the picture), or leave it out."
        )
    free = [number for number in range(pictures) if number + 1 not in asked]
    unplaced, free = free[: len(free) - bare], free[len(free) - bare :]
    parts: list[str | int] = list(unplaced)
    shown = set(unplaced)
    text, end = "", 0
    for match in places:
        text += question[end : match.start()]
        end = match.end()
        number = int(match[1]) - 1 if match[1] else free.pop(0)
        if number in shown:
            text += " " if pictures == 1 else f" image {number + 1} "
            continue
        parts += [text, number]
        text = ""
        shown.add(number)
    parts.append(text + question[end:])
    return [part for part in parts if part != ""]


def without_places(question: str) -> str:
    """A question without places for pictures, for prompts that have their own."""
    return _PLACE.sub(" ", question).strip() if _PLACE.search(question) else question
