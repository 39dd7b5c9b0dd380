"""Rows that hold a conversation: each question with the answer that follows it is asked on its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pytest_emid.data.columns import COLUMNS, Record
from pytest_emid.data.options import as_list
from pytest_emid.data.selecting import is_empty
from pytest_emid.errors import DataError, brief

__all__ = ["conversations", "messages", "texts"]

PLACEHOLDER: Final = "<image>"
"""Where LLaVA puts the picture, which models are given apart."""
ASKING: Final = ("human", "user")
ANSWERING: Final = ("gpt", "assistant", "model")
SYSTEM: Final = ("system",)


def conversations(row: Record, turns: list[Any]) -> Iterator[dict[str, Any]]:
    """LLaVA: `[{"from": "human", "value": ...}, {"from": "gpt", "value": ...}]`, or with `role` and `content`."""
    return _pairs(row, "conversations", turns)


def messages(row: Record, turns: list[Any]) -> Iterator[dict[str, Any]]:
    """Chat: `[{"role": "user", "content": ...}, {"role": "assistant", "content": ...}]`; content is text, or parts of
    text and pictures."""
    return _pairs(row, "messages", turns)


def texts(row: Record, turns: list[Any]) -> Iterator[dict[str, Any]]:
    """the_cauldron: `[{"user": ..., "assistant": ..., "source": ...}]`."""
    if not turns:
        raise DataError(f"{row.where}: the list 'texts' is empty. Leave the row out.")
    for number, turn in enumerate(turns, start=1):
        for key in ("user", "assistant"):
            if not isinstance(turn, dict) or not isinstance(turn.get(key), str):
                raise DataError(f"{row.where}: entry {number} of 'texts' has no text {key!r}; it is {brief(turn)}.")
        yield {"question": _plain(turn["user"]), "reference": turn["assistant"].strip()}


def _pairs(row: Record, column: str, turns: list[Any]) -> Iterator[dict[str, Any]]:
    asked: str | None = None
    before: list[str] = []
    answered = places = 0
    told = [_turn(turn, f"{row.where}: entry {number} of {column!r}") for number, turn in enumerate(turns, start=1)]
    place, held = _held(row, [picture for turn in told for picture in turn.pictures])
    several = len(held) > 1
    shows = len(held) or not any(column in row.values for column in COLUMNS["image"])  # else another column holds it
    for number, turn in enumerate(told, start=1):
        where, role = f"{row.where}: entry {number} of {column!r}", turn.role
        places += turn.marked.count(PLACEHOLDER)
        if places > shows:
            raise DataError(
                f"{where} shows picture {places}, and the row holds {len(held) or 'none'}. Add it, or leave the row "
                "out: where=..."
            )
        text = turn.marked.strip() if several else _plain(turn.text)
        if role in SYSTEM and asked is None:
            before.append(text)
        elif role in ASKING and asked is None:
            asked = text
        elif role in ANSWERING and asked is not None:
            question = "\n\n".join(part for part in (*before, asked) if part)
            # a turn is about what was shown so far; rows that say nowhere where pictures go are about all of them
            shown = held[: places or None]
            yield {"question": question, "reference": turn.text.strip(), **({place: shown} if shown else {})}
            asked, answered = None, answered + 1
        else:
            expected = "an answer" if asked is not None else "a question"
            raise DataError(f"{where} is of {role!r}, where {expected} is due. Questions and answers take turns.")
    if not answered or asked is not None:
        problem = "holds no answer" if asked is not None or turns else "is empty"
        raise DataError(f"{row.where}: the list {column!r} {problem}. Add it, or leave the row out.")


class _Turn(NamedTuple):
    """Who says it, the text, the text with the places of pictures, and the pictures in it."""

    role: str
    text: str
    marked: str
    pictures: list[Any]


def _held(row: Record, shown: list[Any]) -> tuple[str, list[Any]]:
    """The pictures of a row, with their column: those in it, else those in the turns."""
    for column in COLUMNS["image"]:
        cell = as_list(row.values.get(column))
        if not is_empty(cell):
            return column, cell if isinstance(cell, list) else [cell]
    return COLUMNS["image"][0], shown


def _turn(turn: Any, where: str) -> _Turn:
    if not isinstance(turn, dict):
        raise DataError(f"{where} is a {type(turn).__name__}, not an object.")
    role = turn.get("from", turn.get("role"))
    known = (*ASKING, *ANSWERING, *SYSTEM)
    if not isinstance(role, str) or role.lower() not in known:
        raise DataError(f"{where} is of {role!r}, which is none of {', '.join(known)}.")
    content = turn.get("value", turn.get("content"))
    if isinstance(content, str):
        return _Turn(role.lower(), content, content, [])
    if not isinstance(content, list):
        raise DataError(f"{where} has no text; its content is {brief(content)}.")
    said: list[str] = []
    marked: list[str] = []
    shown: list[Any] = []
    for part in content:
        if isinstance(part, str):
            said.append(part)
            marked.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            said.append(part["text"])
            marked.append(part["text"])
        elif isinstance(part, dict) and str(part.get("type", "")).startswith("image"):
            picture = next((part[k] for k in ("image", "image_url", "url", "path") if not is_empty(part.get(k))), None)
            picture = picture.get("url") if isinstance(picture, dict) and "url" in picture else picture
            if picture is not None:
                shown.append(picture)
            marked.append(PLACEHOLDER)
        else:
            raise DataError(f"{where} holds a part that is neither text nor a picture: {brief(part)}.")
    text = "\n".join(said)
    return _Turn(role.lower(), text, text if PLACEHOLDER in text else "\n".join(marked), shown)


def _plain(text: str) -> str:
    return text.replace(PLACEHOLDER, "").strip()
