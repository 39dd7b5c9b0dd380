"""A connection to an OpenAI-compatible server: the client, what its errors mean, and a key that never leaks."""

from __future__ import annotations

import base64
import importlib
import os
import warnings
import weakref
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pytest_emid.errors import BudgetError, ModelError
from pytest_emid.models.backend import deadline, redirects
from pytest_emid.models.backend.secret import (
    Address,
    Scrubber,
    Secret,
    conceal,
    conceal_address,
    quieten,
    split_address,
)
from pytest_emid.models.server import retries as tried_again

__all__ = ["BudgetError", "RequestError", "Server"]


class RequestError(Exception):
    """Why a request failed.

    Attributes:
        fatal: no other request can succeed either (no such model, no access).
        of_server: the server failed, not the request: many of these in a row mean that it is down.
        refused: the server refused the content, which is an answer.
        malformed: an answer came and makes no sense: asking again may help.
    """

    def __init__(
        self,
        text: str,
        *,
        fatal: bool = False,
        of_server: bool = False,
        refused: bool = False,
        malformed: bool = False,
    ) -> None:
        super().__init__(text)
        self.fatal, self.of_server, self.refused, self.malformed = fatal, of_server, refused, malformed


class Server:
    """Where requests go.

    Args:
        base_url: such as `http://localhost:8000/v1`; None is OpenAI's own service, or `OPENAI_BASE_URL`. A user and a
            password in it (`http://user:password@host/v1`) go into a header, and stand in no address from then on.
        api_key: the key itself; better left to `api_key_env`. White space around it is left out, with a warning.
        api_key_env: the environment variable that holds the key. A server at a `base_url` may need none.
        timeout: seconds for one attempt: until it is connected, until the server says something, and for the answer
            as a whole.
        retries: further attempts after a failure that may pass (connection, timeout, 408, 409, 429, 5xx), with
            growing random pauses, or those that the server asks for.

    A server that does not answer is given up after `(retries + 1) * timeout` seconds and the pauses between: at most
    8 seconds each, or what the server asks for, up to a minute.

    A redirect to another server is not followed: it would get the pictures.

    Raises:
        ModelError: impossible settings, an address that is none.
    """

    base_url: str | None = None  # until it is known to be one

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
        retries: int = 4,
    ) -> None:
        api_key, base_url = conceal(api_key), conceal_address(base_url)  # a traceback may print this frame
        if not timeout > 0:
            raise ModelError(f"timeout is {timeout}; it must be above 0 seconds.")
        if retries < 0:
            raise ModelError(f"retries is {retries}; it must be at least 0.")
        base_url = conceal_address((base_url or os.environ.get("OPENAI_BASE_URL") or "").rstrip("/") or None)
        if base_url is not None and "?" in base_url:
            raise ModelError(
                "base_url holds a query, which no request would keep, and which messages would show. Leave out what "
                f"follows the question mark; a key goes into the environment variable {api_key_env}."
            )
        if base_url is not None and not _is_address(base_url):
            shown = "" if isinstance(base_url, Secret) else f" {base_url!r}"
            raise ModelError(f"base_url{shown} is no address of a server. Give one such as 'http://localhost:8000/v1'.")
        self._address = None if base_url is None else split_address(base_url)
        self.base_url = None if self._address is None else self._address.url
        self.timeout = timeout
        self.retries = retries
        self._api_key_env = api_key_env
        self._given = api_key

    def __repr__(self) -> str:
        return f"Server({self.name!r})"

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.base_url or "OpenAI"

    @cached_property
    def _secret(self) -> Secret:
        given = conceal(self._given or os.environ.get(self._api_key_env)) or Secret()
        key = Secret(given.strip())
        where = "that was given" if self._given else f"in the environment variable {self._api_key_env}"
        if not key:
            if self.base_url is None:
                raise ModelError(
                    f"no API key: the environment variable {self._api_key_env} is not set. Set it, or give base_url= "
                    "of a server that needs none."
                )
            return Secret("none")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ModelError(
                f"the API key {where} holds white space, or characters that no request can carry. Copy it again: a key "
                "is one word of letters, digits and signs."
            )
        if key != given:
            warnings.warn(
                f"the API key {where} begins or ends with white space, such as a line's end, which is left out. "
                "Store it without.",
                stacklevel=2,
            )
        return key

    @cached_property
    def _scrubber(self) -> Scrubber:
        """Of the key, and of what the address held before its `@`: a password, or a token in place of the user."""
        texts = [self._secret]
        if self._address is not None and any(self._address.said):
            _, user, password, said = self._address
            header = base64.b64encode(f"{user}:{password}".encode()).decode()
            texts += [password or user, said[1] or said[0], Secret(header)]
        return quieten(texts)

    @cached_property
    def client(self) -> Any:
        """The `openai` client.

        Raises:
            ModelError: `openai` is not installed, or there is no key.
        """
        try:
            openai = importlib.import_module("openai")
        except ImportError as error:
            raise ModelError(
                "asking a server needs the openai package. Install it: pip install 'pytest-emid[openai]'."
            ) from error
        hooks = deadline.hooks(self.timeout)
        hooks["response"].append(redirects.hook())
        hooks["request"].append(tried_again.hook())
        http = openai.DefaultHttpxClient(timeout=self.timeout, event_hooks=hooks, auth=_credentials(self._address))
        _ = self._scrubber.scrub("")  # made, also for what the client logs, before there is a request
        try:
            client = openai.OpenAI(
                api_key=self._secret,
                base_url=self.base_url,
                timeout=self.timeout,
                max_retries=self.retries,
                http_client=http,
            )
        except Exception as error:  # the frames that it passed hold the key
            raise ModelError(f"{self.name}: the openai client cannot be made: {self._said(error)}.") from None
        weakref.finalize(client, http.close)
        return client

    def abandon(self) -> None:
        """Cut requests under way short. The next use connects anew."""
        if "client" in self.__dict__:
            self.client.close()
            del self.client

    def scrub(self, text: str) -> str:
        """The text without the key and the address's password, whoever put them there, in whatever form."""
        return self._scrubber.scrub(text)

    def explain(self, error: Exception, model: str) -> NoReturn:
        """Raise the `fault`."""
        raise self.fault(error, model) from None

    def fault(self, error: Exception, model: str) -> RequestError:
        """What an exception of the client stands for, without the key or the cause."""
        openai = importlib.import_module("openai")
        said = self._said(error)
        if isinstance(error, openai.APITimeoutError):
            return RequestError(f"no answer within {self.timeout:g} s", of_server=True)
        if isinstance(error, openai.APIConnectionError):
            cause = self._said(error.__cause__) if isinstance(error.__cause__, Exception) else said
            return RequestError(f"no connection: {cause}", of_server=True)
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return RequestError(f"no access: {said}. Check the key in {self._api_key_env}", fatal=True)
        if isinstance(error, openai.NotFoundError):
            return RequestError(f"no such model or address: {said}. Check model {model!r} and base_url", fatal=True)
        if isinstance(error, openai.APIStatusError):
            elsewhere = error.response.headers.get(redirects.ELSEWHERE)
            if elsewhere is not None:
                return RequestError(
                    f"HTTP {error.status_code}: it sends requests on to another server, {self.scrub(elsewhere)}, which "
                    "is not followed, for that one would get the pictures. If it is the right one, give its address as "
                    "base_url",
                    fatal=True,
                )
            if error.status_code < 500 and error.status_code not in (408, 409, 429):
                refused = "content_filter" in said or "content_policy" in said
                return RequestError(f"HTTP {error.status_code}: {said}", refused=refused)
            return RequestError(f"HTTP {error.status_code}: {said}", of_server=True)
        if isinstance(error, ValueError):  # the body is no JSON
            return RequestError(f"malformed answer: {said}", malformed=True, of_server=True)
        return RequestError(said, of_server=True)

    def _said(self, error: BaseException) -> str:
        """What an exception says: secrets go first, for a cut could leave a part of one."""
        return self.scrub(_said(error))[:300]


def _credentials(address: Address | None) -> tuple[str, str] | None:
    return None if address is None or not any(address.said) else (address.user, address.password)


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _said(error: BaseException) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, Mapping) and isinstance(body.get("message"), str):
        code = body.get("code")
        text = body["message"] + (f" ({code})" if isinstance(code, str) else "")
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())
