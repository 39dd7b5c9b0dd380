"""Rows that hold a conversation: each question with the answer that follows it is asked on its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pytest_emid.data.columns import Record
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
    text and at most one picture."""
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
    pictures: list[Any] = []
    places = answered = 0
    for number, turn in enumerate(turns, start=1):
        where = f"{row.where}: entry {number} of {column!r}"
        role, text, shown = _turn(turn, where)
        pictures += shown
        places += text.count(PLACEHOLDER)
        if places > 1 or len(pictures) > 1:
            raise DataError(f"{where} shows a second picture, and a sample has one. Leave the row out: where=...")
        if role in SYSTEM and asked is None:
            before.append(_plain(text))
        elif role in ASKING and asked is None:
            asked = _plain(text)
        elif role in ANSWERING and asked is not None:
            question = "\n\n".join(part for part in (*before, asked) if part)
            held = {"image": pictures[0]} if pictures and is_empty(row.values.get("image")) else {}
            yield {"question": question, "reference": text.strip(), **held}
            asked, answered = None, answered + 1
        else:
            expected = "an answer" if asked is not None else "a question"
            raise DataError(f"{where} is of {role!r}, where {expected} is due. Questions and answers take turns.")
    if not answered or asked is not None:
        problem = "holds no answer" if asked is not None or turns else "is empty"
        raise DataError(f"{row.where}: the list {column!r} {problem}. Add it, or leave the row out.")


def _turn(turn: Any, where: str) -> tuple[str, str, list[Any]]:
    """Who says it, the text, and the pictures in it."""
    if not isinstance(turn, dict):
        raise DataError(f"{where} is a {type(turn).__name__}, not an object.")
    role = turn.get("from", turn.get("role"))
    known = (*ASKING, *ANSWERING, *SYSTEM)
    if not isinstance(role, str) or role.lower() not in known:
        raise DataError(f"{where} is of {role!r}, which is none of {', '.join(known)}.")
    content = turn.get("value", turn.get("content"))
    if isinstance(content, str):
        return role.lower(), content, []
    if not isinstance(content, list):
        raise DataError(f"{where} has no text; its content is {brief(content)}.")
    said: list[str] = []
    shown: list[Any] = []
    for part in content:
        if isinstance(part, str):
            said.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            said.append(part["text"])
        elif isinstance(part, dict) and str(part.get("type", "")).startswith("image"):
            picture = next((part[k] for k in ("image", "image_url", "url", "path") if not is_empty(part.get(k))), None)
            picture = picture.get("url") if isinstance(picture, dict) and "url" in picture else picture
            if picture is not None:
                shown.append(picture)
        else:
            raise DataError(f"{where} holds a part that is neither text nor a picture: {brief(part)}.")
    return role.lower(), "\n".join(said), shown


def _plain(text: str) -> str:
    return text.replace(PLACEHOLDER, "").strip()
