"""Clients that somebody else made: of Azure, of a gateway, with certificates; also those whose methods are async."""

from __future__ import annotations

import inspect
from collections.abc import Sized
from typing import Any

from pytest_emid.errors import ModelError
from pytest_emid.models.backend.loops import LOOP

__all__ = ["address_of", "adopted"]


def address_of(client: Any, *instead: Sized | None) -> str:
    """Where a client sends its requests.

    Args:
        client: of the `openai` package.
        instead: what the client has already, and what nobody else may give: key, address, headers, query.

    Raises:
        ModelError: it is no such client, or something else was given along with it.
    """
    if not hasattr(client, "chat") or not hasattr(client, "base_url"):
        raise ModelError(
            f"client is a {type(client).__name__}; give a client of the openai package, such as "
            "openai.AzureOpenAI(...)."
        )
    if any(instead):
        raise ModelError(
            "client= has its own address, key, headers and query: leave base_url, api_key, default_headers and "
            "default_query out, and set them where the client is made."
        )
    return str(client.base_url)


def adopted(client: Any, timeout: float, retries: int) -> Any:
    """The same client with this timeout and these retries; an async one can be used as if it were not."""
    own = client.with_options(timeout=timeout, max_retries=retries)
    return _Waiting(own) if inspect.iscoroutinefunction(client.close) else own


class _Waiting:
    """Waits for what an async client's methods return."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        return _Waiting(getattr(self._thing, name))

    def __call__(self, *args: Any, **options: Any) -> Any:
        made = self._thing(*args, **options)
        return LOOP.run(_awaited(made)) if inspect.isawaitable(made) else made


async def _awaited(made: Any) -> Any:
    return await made
