"""A connection to an OpenAI-compatible server: the client, what its errors mean, and a key that never leaks."""

from __future__ import annotations

import importlib
import os
import weakref
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, NoReturn

from pytest_emid.errors import BudgetError, ModelError
from pytest_emid.models import deadline

__all__ = ["BudgetError", "RequestError", "Server"]

HIDDEN: Final = "***"


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
        base_url: such as `http://localhost:8000/v1`; None is OpenAI's own service, or `OPENAI_BASE_URL`.
        api_key: the key itself; better left to `api_key_env`.
        api_key_env: the environment variable that holds the key. A server at a `base_url` may need none.
        timeout: seconds for one attempt: until it is connected, until the server says something, and for the answer
            as a whole.
        retries: further attempts after a failure that may pass (connection, timeout, 408, 409, 429, 5xx), with
            growing random pauses, or those that the server asks for.

    A server that does not answer is given up after `(retries + 1) * timeout` seconds and the pauses between: at most
    8 seconds each, or what the server asks for, up to a minute.

    Raises:
        ModelError: impossible settings.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
        retries: int = 4,
    ) -> None:
        if timeout <= 0:
            raise ModelError(f"timeout is {timeout}; it must be above 0 seconds.")
        if retries < 0:
            raise ModelError(f"retries is {retries}; it must be at least 0.")
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or "").rstrip("/") or None
        if self.base_url is not None and "?" in self.base_url:
            raise ModelError(
                "base_url holds a query, which no request would keep, and which messages would show. Leave out what "
                f"follows the question mark; a key goes into the environment variable {api_key_env}."
            )
        self.timeout = timeout
        self.retries = retries
        self._api_key_env = api_key_env
        self._given = _Secret(api_key)

    def __repr__(self) -> str:
        return f"Server({self.name!r})"

    @property
    def name(self) -> str:
        """What messages call it. Credentials in the address are left out."""
        if self.base_url is None:
            return "OpenAI"
        scheme, _, rest = self.base_url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"

    @cached_property
    def _secret(self) -> _Secret:
        key = self._given.reveal() or os.environ.get(self._api_key_env)
        if not key:
            if self.base_url is None:
                raise ModelError(
                    f"no API key: the environment variable {self._api_key_env} is not set. Set it, or give base_url= "
                    "of a server that needs none."
                )
            key = "none"
        return _Secret(key)

    @cached_property
    def _password(self) -> _Secret:
        credentials = (self.base_url or "").partition("://")[2].partition("/")[0].rpartition("@")[0]
        return _Secret(credentials.partition(":")[2])

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
        http = openai.DefaultHttpxClient(timeout=self.timeout, event_hooks=deadline.hooks(self.timeout))
        client = openai.OpenAI(
            api_key=self._secret.reveal(),
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=self.retries,
            http_client=http,
        )
        weakref.finalize(client, http.close)
        return client

    def abandon(self) -> None:
        """Cut requests under way short. The next use connects anew."""
        if "client" in self.__dict__:
            self.client.close()
            del self.client

    def scrub(self, text: str) -> str:
        """The text without the key and the address's password, whoever put them there."""
        for secret in (self._secret.reveal(), self._password.reveal()):
            text = text.replace(secret, HIDDEN) if len(secret) > 4 else text
        return text

    def explain(self, error: Exception, model: str) -> NoReturn:
        """Raise the `RequestError` that an exception of the client stands for, without the key or the cause."""
        openai = importlib.import_module("openai")
        said = self.scrub(_said(error))
        if isinstance(error, openai.APITimeoutError):
            raise RequestError(f"no answer within {self.timeout:g} s", of_server=True) from None
        if isinstance(error, openai.APIConnectionError):
            cause = self.scrub(_said(error.__cause__)) if isinstance(error.__cause__, Exception) else said
            raise RequestError(f"no connection: {cause}", of_server=True) from None
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            raise RequestError(f"no access: {said}. Check the key in {self._api_key_env}", fatal=True) from None
        if isinstance(error, openai.NotFoundError):
            raise RequestError(
                f"no such model or address: {said}. Check model {model!r} and base_url", fatal=True
            ) from None
        if isinstance(error, openai.APIStatusError):
            if error.status_code < 500 and error.status_code not in (408, 409, 429):
                refused = "content_filter" in said or "content_policy" in said
                raise RequestError(f"HTTP {error.status_code}: {said}", refused=refused) from None
            raise RequestError(f"HTTP {error.status_code}: {said}", of_server=True) from None
        if isinstance(error, ValueError):  # the body is no JSON
            raise RequestError(f"malformed answer: {said}", malformed=True, of_server=True) from None
        raise RequestError(said, of_server=True) from None


class _Secret:
    """A string that does not show in representations, logs and tracebacks."""

    def __init__(self, value: str | None) -> None:
        self._reveal: Callable[[], str] = lambda: value or ""  # a closure shows no value

    def __repr__(self) -> str:
        return HIDDEN

    def reveal(self) -> str:
        return self._reveal()


def _said(error: BaseException) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, Mapping) and isinstance(body.get("message"), str):
        code = body.get("code")
        text = body["message"] + (f" ({code})" if isinstance(code, str) else "")
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]
