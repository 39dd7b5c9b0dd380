"""What a completion says: its text, how it ended, what was thought before; or the words of who answered instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pytest_emid.models.base import Outcome
from pytest_emid.models.server.connection import RequestError
from pytest_emid.models.server.refusals import declines, is_refusal

__all__ = ["Said", "choice_of", "instead_of", "said"]

_ENDED: Final = re.compile(
    r"stop(_sequence|_token|_str)?|eos(_token|_found)?|end(_turn|_of_text)?|completed?|finish(ed|_reason_stop)?|none|null"
)
_CUT: Final = re.compile(
    r"length|(finish_reason_)?max(_new|_output)?_tokens|max_length|model_length|model_context_window_exceeded|incomplete"
)
_TOOLS: Final = frozenset(("tool_calls", "tool_call", "tool_use", "function_call"))
_SHOWN: Final = 200


class Said(NamedTuple):
    """The text as it came, how it ended, and the reasoning that was told apart from it."""

    text: str
    outcome: Outcome
    reasoning: str = ""


def choice_of(completion: Any) -> Any:
    """The first choice of a chat completion.

    Raises:
        RequestError: there is none. Many servers and gateways answer HTTP 200 with an error, a page or a stream.
    """
    choices = getattr(completion, "choices", None)
    if choices:
        return choices[0]
    empty = RequestError("malformed answer: it holds no choices", malformed=True, of_server=True)
    raise instead_of(completion) or empty


def instead_of(answer: Any) -> RequestError | None:
    """What came in place of an answer, in its own words; None where it has none."""
    told = _error_of(answer)
    if told is not None:
        message, body = told
        refused = is_refusal(200, body, message)
        return RequestError(
            f"HTTP 200 with an error: {message}", malformed=True, of_server=not refused, refused=refused
        )
    if isinstance(answer, str) and answer.strip():
        return RequestError(_of_text(answer.strip()), malformed=True, of_server=True)
    return None


def said(choice: Any) -> Said:
    """The answer in a choice.

    Raises:
        RequestError: it holds none.
    """
    message, reason = choice.message, choice.finish_reason
    ending = "" if reason is None else str(reason).strip().lower()
    text = _text(getattr(message, "content", None))
    reasoning = next(filter(None, (_text(getattr(message, f, None)) for f in ("reasoning_content", "reasoning"))), "")
    if declines(reason) or getattr(message, "refusal", None):
        return Said(str(getattr(message, "refusal", None) or text or ""), Outcome.REFUSED)
    if _CUT.fullmatch(ending):
        return Said(text or "", Outcome.TRUNCATED, reasoning)
    if ending in _TOOLS:
        raise RequestError(
            f"malformed answer: it calls a tool (finish reason {reason!r}), and none was offered. Switch tools off at "
            "the server",
            malformed=True,
        )
    if text is None and (ending != "stop" or not reasoning):
        raise RequestError(f"malformed answer: it holds no text (finish reason {reason!r})", malformed=True)
    if ending and not _ENDED.fullmatch(ending):
        raise RequestError(f"malformed answer: unknown finish reason {reason!r}", malformed=True)
    return Said(text or "", Outcome.OK, reasoning)


def _text(content: Any) -> str | None:
    """A text, or a list of its parts; None where there is none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        return None
    parts = [part if isinstance(part, str) else _field(part, "text") for part in content]
    return "".join(part for part in parts if isinstance(part, str)) if parts else None


def _field(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _error_of(completion: Any) -> tuple[str, Any] | None:
    """The error that a body holds in place of an answer, in words, and as it came."""
    error = _field(completion, "error")
    if not error and isinstance(_field(completion, "detail"), str):
        error = _field(completion, "detail")
    if not error and _field(completion, "object") == "error":
        error = {"message": _field(completion, "message"), "code": _field(completion, "code")}
    if not error:
        return None
    if not isinstance(error, Mapping):
        message = str(error)
        return message + _address_hint(message), error
    message, code = str(error.get("message") or error), error.get("code")
    raw = _field(error.get("metadata") or {}, "raw")
    message += f" ({code})" if code else ""
    message += f": {raw}" if isinstance(raw, str) and raw.strip() else ""
    return message[:_SHOWN] + _address_hint(message), error


def _address_hint(message: str) -> str:
    unknown = any(word in message.lower() for word in ("unexpected endpoint", "not found", "no route", "unknown path"))
    return " Check base_url: that of most servers ends in /v1" if unknown else ""


def _of_text(body: str) -> str:
    shown = " ".join(body.split())[:_SHOWN]
    if body.startswith(("data:", "event:", ":")):
        return (
            f"it answered with a stream of events, for which it was not asked: {shown!r}. Switch streaming off at the "
            "server, or at the gateway before it"
        )
    if body.startswith("<"):
        return f"it answered HTTP 200 with a page, not with JSON: {shown!r}. Check base_url, and any login before it"
    return f"malformed answer: no JSON of an answer: {shown!r}"
