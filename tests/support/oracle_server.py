"""A server that knows the reference of every clean and every shifted query, and spoils its answers as told."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from scripted_server import ScriptedServer, completion, serving

from pytest_emid.data.dataset import Dataset
from pytest_emid.models.server.content import png

Spoil = Callable[[str, int, str], dict[str, Any]]
"""(`clean` or `shifted`, number of the sample, reference) -> a completion."""

MODEL = "gpt-4o"
SORRY = "Sorry, an error occurred while processing your request. Please try again later."


def said(text: str | None, reason: str = "stop", model: str = MODEL, **more: Any) -> dict[str, Any]:
    message = {name: more.pop(name) for name in ("refusal", "reasoning_content") if name in more}
    return {**completion(text, model, reason, **message), **more}


def two_in_five(number: int) -> bool:
    return number % 5 < 2


def refused_by_status(status: int, message: str) -> dict[str, Any]:
    return {"status": status, "error": {"message": message, "code": status}}


SPOILS: dict[str, Spoil] = {
    "oracle": lambda side, number, reference: said(reference),
    "dated": lambda side, number, reference: said(reference, model="gpt-4o-2024-08-06"),
    "fallback": lambda side, number, reference: said(reference, model="gpt-4o-mini-2024-07-18"),
    "mixed": lambda side, number, reference: said(
        reference,
        model="gpt-4o-2024-05-13" if side == "clean" else "gpt-4o-2024-11-20",
        system_fingerprint=f"fp_{side}",
    ),
    "mixed_within": lambda side, number, reference: said(reference, provider="AB"[number % 2]),
    "refused_both": lambda side, number, reference: (
        said(None, refusal=f"I can't help with picture {number}.") if two_in_five(number) else said(reference)
    ),
    "refused_all": lambda side, number, reference: said(None, refusal=f"I can't help with picture {number}."),
    "empty_both": lambda side, number, reference: said("" if two_in_five(number) else reference),
    "empty_shifted": lambda side, number, reference: said(
        "" if side == "shifted" and two_in_five(number) else reference
    ),
    "truncated": lambda side, number, reference: said(
        f"<think>The question is about a picture. I look at it. It seems that {reference}", "length"
    ),
    "think": lambda side, number, reference: said(
        f"<think>\nThe question is about shape {number}. Red? Blue?\n</think>\n\n"
        f"{reference if side == 'clean' else 'I do not know.'}"
    ),
    "think_well": lambda side, number, reference: said(f"<think>Shape {number}, is it?</think> {reference}"),
    "one_null": lambda side, number, reference: (
        said(None, "length", reasoning_content="Hmm") if number == 7 else said(reference)
    ),
    "one_403": lambda side, number, reference: (
        refused_by_status(403, "Your input was flagged") if number == 7 else said(reference)
    ),
    "one_400": lambda side, number, reference: (
        refused_by_status(400, "bad picture") if number == 7 else said(reference)
    ),
    "apology": lambda side, number, reference: said(SORRY if side == "shifted" and two_in_five(number) else reference),
    "apology_both": lambda side, number, reference: said(SORRY if two_in_five(number) else reference),
}


@contextmanager
def oracle(sides: Iterable[tuple[str, Dataset]]) -> Iterator[ScriptedServer]:
    """The server, while it runs. The system message of a request names who spoils its answer."""
    known = {
        (hashlib.sha256(png(sample.open_image())).digest(), sample.question): (side, number, sample.reference)
        for side, dataset in sides
        for number, sample in enumerate(dataset)
    }

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        system, user = body["messages"]
        picture, question = user["content"]
        raw = base64.b64decode(picture["image_url"]["url"].partition(",")[2])
        return SPOILS[system["content"]](*known[hashlib.sha256(raw).digest(), question["text"]])

    with serving(lambda question, count: None) as server:
        server.by_body = answer
        yield server
