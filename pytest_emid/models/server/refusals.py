"""Refusals, in the shapes in which servers, filters and gateways put them; a refusal is an answer, not a failure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

__all__ = ["declines", "is_refusal"]

_REASONS: Final = re.compile(
    r"content.?(?:filter|policy)|refus|safety|blocklist|prohibited|spii|recitation|guardrail|moderat|sensitive|flagged",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    r"""content[\ _-]?(?:filter|policy|management|moderation)
      | invalid_prompt | prompt_blocked | blocked_by_ | (?:prompt|request|input|response|image)\W+(?:was\W+)?blocked\ by
      | guardrail | moderation_(?:blocked|failed) | moderation\ (?:system|flag|policy|filter)
      | data_?inspection_?failed | inappropriate\ content | sensitive_content
      | (?:usage|safety|use)\ polic(?:y|ies) | safety\ (?:system|filter|setting)
      | (?:input|prompt|request|content|image|message|text|picture|output)s?\b [^.]{0,40} \bflagged
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ACCOUNT: Final = re.compile(
    r"\b(?:account|organi[sz]ation|key|subscription)\b[^.]{0,40}\b(?:flagged|suspend|disabled|block)"
)
"""Who is flagged himself has no access."""


def declines(reason: object) -> bool:
    """Whether a finish reason says that a filter, or the model, declined: also Gemini's, Claude's and Azure's.

    >>> declines("content_filter: sexual"), declines("SAFETY"), declines("stop")
    (True, True, False)
    """
    return isinstance(reason, str) and _REASONS.search(reason) is not None


def is_refusal(status: int, body: Any, text: str = "") -> bool:
    """Whether an error says that this question is declined for what it holds, rather than that it is a bad request.

    Args:
        status: of HTTP; only what blames the request can be one.
        body: of the error, decoded where it was JSON.
        text: the client's words for it.

    >>> is_refusal(403, {"message": "Your input was flagged", "metadata": {"reasons": ["sexual"]}})
    True
    >>> is_refusal(403, {"message": "Your account was flagged and has no access to this model"})
    False
    """
    if not (status == 200 or 400 <= status < 500) or status in (401, 404, 408, 409, 429):
        return False
    said = f"{json.dumps(body, default=str) if body is not None else ''} {text}"
    return _WORDS.search(said) is not None and _ACCOUNT.search(said) is None
