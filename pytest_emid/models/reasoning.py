"""What a model thought before it answered is no part of its answer: it is told apart when an answer is read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pytest_emid.models.base import Outcome, Response

__all__ = ["spoken"]

_FORMS: Final = (
    re.compile(r"\s*(?:<(think|thinking)>)?(.*?)</(?:think|thinking)>", re.DOTALL),
    re.compile(r"\s*(?:(\[THINK\]))?(.*?)\[/THINK\]", re.DOTALL),
    re.compile(r"\s*(?:(◁think▷))?(.*?)◁/think▷", re.DOTALL),
)
_OPEN: Final = re.compile(r"\s*(?:<(?:think|thinking)>|\[THINK\]|◁think▷)(.*)", re.DOTALL)


def spoken(response: Response) -> Response:
    """The response whose text is the answer alone; what was thought before it joins `reasoning`.

    An answer is kept as it came, in caches and packs, so that another way to read it asks nothing anew. Templates that
    open the thought in the prompt leave an answer that only closes it. One that was never closed holds no answer: what
    was cut off stays TRUNCATED, and what was not is EMPTY.

    >>> spoken(Response("<think>Two dogs, or three?</think> Two.")).text
    'Two.'
    """
    if response.outcome not in (Outcome.OK, Outcome.TRUNCATED):
        return response
    text, thought = _parted(response.text)
    if thought is None:
        return response
    return replace(response, text=text, reasoning="\n".join(filter(None, (response.reasoning, thought))))


def _parted(text: str) -> tuple[str, str | None]:
    """A text without the thoughts that it begins with, and these; None where it begins with none."""
    thoughts: list[str] = []
    found = True
    while found:
        found = False
        for form in _FORMS:
            match = form.match(text)
            if match is not None and (match[1] or not thoughts):
                thoughts.append(match[2].strip())
                text, found = text[match.end() :].strip(), True
                break
    unfinished = _OPEN.match(text)
    if unfinished is not None:
        thoughts.append(unfinished[1].strip())
        text = ""
    return text, "\n".join(thoughts) if thoughts else None
