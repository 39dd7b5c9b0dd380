"""The options of a multiple choice as a question states them: one a line or in a row, `A. a dog` or `(a) a dog`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import regex

__all__ = ["StatedOption", "stated_options"]

MARK: Final = regex.compile(
    r"(?:^|(?<=[\s,;，；。？：]))"
    r"(?:[(\[（](?P<a>[A-Za-z])[)\]）][.:：]?\s*|(?P<b>[A-Za-z])(?:[).:\]]\s+|[．、：）]\s*))(?=\S)"
)
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class StatedOption(NamedTuple):
    """One option.

    Attributes:
        letter: as a capital.
        text: what stands under it.
        start: where its letter, or the bracket before it, begins in the question.
        end: where its text ends.
    """

    letter: str
    text: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def stated_options(question: str) -> tuple[StatedOption, ...]:
    r"""The options that a question states, from A without a gap; none where there are not at least two.

    Letters that begin a line go before letters within one. The text of an option ends where the next one begins, and
    that of the last one with its line, or where earlier options have several lines, with its paragraph.

    >>> [(o.letter, o.text) for o in stated_options("What is it?\nA. a dog\nB. a cat\nAnswer with the letter.")]
    [('A', 'a dog'), ('B', 'a cat')]
    >>> [o.text for o in stated_options("Which one? (a) red (b) dark blue")], stated_options("Plan B. or C. maybe")
    (['red', 'dark blue'], ())
    """
    marks = list(MARK.finditer(question))
    in_lines = [m for m in marks if not question[question.rfind("\n", 0, m.start()) + 1 : m.start()].strip()]
    run = _run(in_lines) or _run(marks)
    ends = [m.start() for m in run[1:]]
    if not run:
        return ()
    several = any("\n" in question[m.end() : end].strip() for m, end in zip(run, ends, strict=False))
    ends.append(_end(question, run[-1].end(), "\n\n" if several else "\n"))
    texts = [question[m.end() : end].rstrip() for m, end in zip(run, ends, strict=True)]
    if not all(texts):
        return ()
    return tuple(
        StatedOption(_letter(m).upper(), text, m.start(), m.end() + len(text))
        for m, text in zip(run, texts, strict=True)
    )


def _run(marks: Sequence[Any]) -> list[Any]:
    """The longest run A, B, ... of marks, the last of equals; letters that are not next belong to an option's text."""
    best: list[Any] = []
    for start, first in enumerate(marks):
        if _letter(first).upper() != "A":
            continue
        style, run = _style(first), [first]
        for mark in marks[start + 1 :]:
            letter = _letter(mark)
            if _style(mark) != style:
                continue
            if letter.upper() == "A" or len(run) == len(LETTERS):
                break  # another list begins
            if letter.upper() == LETTERS[len(run)]:
                run.append(mark)
        if len(run) >= max(2, len(best)):
            best = run
    return best


def _letter(mark: Any) -> str:
    return str(mark["a"] or mark["b"])


def _style(mark: Any) -> tuple[bool, str]:
    """Capital or not, and what is written around the letter: the letters of one list are written alike."""
    return _letter(mark).isupper(), mark[0].strip().replace(_letter(mark), "")


def _end(question: str, start: int, stop: str) -> int:
    found = question.find(stop, start)
    return len(question) if found < 0 else found
