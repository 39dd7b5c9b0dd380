"""Token scores from what an OpenAI-compatible server says about its tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pytest_emid.errors import DataError
from pytest_emid.models.base import TokenScores
from pytest_emid.models.server.connection import RequestError

__all__ = ["least_entropy", "token_scores"]


def token_scores(choice: Any, top: int) -> TokenScores:
    """The scores in one choice of a chat completion.

    Args:
        choice: with `logprobs.content`.
        top: how many of the most likely tokens were asked for; 0 leaves the entropies out.

    Raises:
        RequestError: the server told no log-probabilities (fatal: it tells none of other answers either), or some that
            make no sense.
    """
    content = getattr(getattr(choice, "logprobs", None), "content", None)
    if not content:
        raise RequestError(
            "it tells no log-probabilities of its tokens. Leave scores out, or ask a server that does", fatal=True
        )
    try:
        told = tuple(min(float(token.logprob), 0.0) for token in content)
        if top == 0:
            return TokenScores(told, exact=False)
        return TokenScores(told, tuple(_step(token) for token in content), exact=False)
    except (DataError, TypeError, ValueError) as error:
        raise RequestError(f"malformed answer: {error}", malformed=True) from None


def _step(token: Any) -> float:
    likely = [float(entry.logprob) for entry in token.top_logprobs or ()]
    listed = any(entry.token == token.token for entry in token.top_logprobs or ())
    return least_entropy(likely, None if listed else float(token.logprob))


def least_entropy(likely: Sequence[float], other: float | None = None) -> float:
    """The least entropy in nats that a distribution can have of which only the most likely outcomes are known.

    An outcome that is not known is at most as likely as what is left, r, and as the least of the most likely ones, p.
    Together the unknown ones have at least -r log(min(r, p)).

    Args:
        likely: log-probabilities of the most likely outcomes.
        other: log-probability of one further outcome.

    >>> round(least_entropy([math.log(0.5), math.log(0.25)]) / math.log(2), 6)
    1.5
    """
    top = [p for p in (math.exp(min(value, 0.0)) for value in likely) if p > 0.0]
    known = [*top, *([] if other is None else [math.exp(min(other, 0.0))])]
    parts = [-p * math.log(p) for p in known if p > 0.0]
    rest = 1.0 - math.fsum(known)
    if rest > 0.0:
        parts.append(-rest * math.log(min([rest, *top])))
    return max(math.fsum(parts), 0.0)
