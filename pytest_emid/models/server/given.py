"""How likely a server finds a given answer: the log-probabilities of a prompt that goes on with it (vLLM's way)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pytest_emid.errors import DataError
from pytest_emid.models.base import TokenScores
from pytest_emid.models.server.connection import RequestError
from pytest_emid.models.server.spending import tokens

__all__ = ["refusal", "requests", "scores"]

OWN: Final = ("prompt_logprobs", "continue_final_message", "add_generation_prompt")
"""What no other request holds, so that a server which refuses it names it."""
LEAVE: Final = "Leave likelihood out of emid_measures, or ask a server that does, such as vLLM"
NONE: Final = "it tells no log-probabilities of a given text (prompt_logprobs)"


def requests(request: Mapping[str, Any], text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request for an answer becomes two: one that ends where the answer would begin, one that goes on with `text`."""
    plain = {name: value for name, value in request.items() if name not in ("logprobs", "top_logprobs")}
    limit = next((name for name in ("max_tokens", "max_completion_tokens") if name in plain), "max_tokens")
    plain[limit] = 1
    said = {"role": "assistant", "content": text.encode("utf-8", "replace").decode("utf-8")}
    # one token beside the prompt's own: what some servers take none for is nothing
    asked = {"prompt_logprobs": 1, "add_generation_prompt": False, "continue_final_message": True}
    body = {**plain.get("extra_body", {}), **asked}
    return plain, {**plain, "messages": [*plain["messages"], said], "extra_body": body}


def refusal(fault: RequestError) -> RequestError:
    """The fault of a request of these; fatal where the server knows no such request."""
    said = str(fault)
    return RequestError(f"{NONE}: {said}. {LEAVE}", fatal=True) if any(name in said for name in OWN) else fault


def scores(prompt: Any, whole: Any, text: str) -> TokenScores:
    """The scores of the tokens that stand behind the prompt.

    Args:
        prompt: the completion that tells how many tokens the prompt has.
        whole: the completion with the log-probabilities of the prompt and the text behind it.
        text: what stands there.

    Raises:
        RequestError: there are none, or they are not of the text (fatal); or they make no sense.
    """
    told = getattr(whole, "prompt_logprobs", None)
    length = tokens(getattr(prompt, "usage", None), "prompt_tokens")
    if not isinstance(told, list) or not told or length is None:
        raise RequestError(f"{NONE}. {LEAVE}", fatal=True)
    try:
        # the token that is there comes first, then the most likely one
        answer = [next(iter(entry.values())) for entry in told[length:]]
        read = "".join(str(token["decoded_token"]) for token in answer)
        found = tuple(min(float(token["logprob"]), 0.0) for token in answer)
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise RequestError(f"malformed answer: {type(error).__name__}: {error}", malformed=True) from None
    if not _is(read, text):
        raise RequestError(
            f"it does not go on with a given answer (continue_final_message): behind the prompt it reads "
            f"{read[:60]!r}, and {text[:60]!r} was given. {LEAVE}",
            fatal=True,
        )
    try:
        return TokenScores(found, exact=False)
    except DataError as error:
        raise RequestError(f"malformed answer: {error}", malformed=True) from None


def _is(read: str, text: str) -> bool:
    """Whether tokens spell a text. White space may be lost in them, and parts of letters cannot be read."""
    a, b = ("".join(some.split()) for some in (read, text))
    if "\ufffd" not in a:
        return a == b
    return [c for c in a if c.isascii()] == [c for c in b if c.isascii()]
