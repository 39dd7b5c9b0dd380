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
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pytest_emid.errors import BudgetError, ModelError
from pytest_emid.models.backend import deadline, redirects
from pytest_emid.models.backend.secret import (
    Address,
    Scrubber,
    Secret,
    conceal,
    conceal_address,
    conceal_values,
    names_a_secret,
    quieten,
    split_address,
)
from pytest_emid.models.server import clients
from pytest_emid.models.server import retries as tried_again
from pytest_emid.models.server.patience import LONGEST, OBEYED, Patience, asked_for, leaves_long_waits
from pytest_emid.models.server.proxies import proxy_before
from pytest_emid.models.server.refusals import is_refusal

__all__ = ["BudgetError", "RequestError", "Server"]


class RequestError(Exception):
    """Why a request failed.

    Attributes:
        fatal: no other request can succeed either (no such model, no access).
        of_server: the server failed, not the request: many of these in a row mean that it is down.
        refused: the server refused the content, which is an answer.
        malformed: an answer came and makes no sense: asking again may help.
        asks_for: seconds that the server asks to be left alone, where they are more than the client waits by itself.
        may_load: the server is not there, or says that it is not ready: it may be starting.
    """

    def __init__(
        self,
        text: str,
        *,
        fatal: bool = False,
        of_server: bool = False,
        refused: bool = False,
        malformed: bool = False,
        asks_for: float = 0.0,
        may_load: bool = False,
    ) -> None:
        super().__init__(text)
        self.fatal, self.of_server, self.refused, self.malformed = fatal, of_server, refused, malformed
        self.asks_for, self.may_load = asks_for, may_load


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

        patience: seconds that a question waits in all for a server which asks for more than a minute (Retry-After).
        wait: seconds that a server is waited for which is not there, or not ready (502, 503, 504), until it has
            answered for the first time: one that loads its model. `--emid-wait-for-server` sets it.
        default_headers, default_query: sent along with every request, such as `{"api-key": "..."}` and
            `{"api-version": "2025-01-01"}`. Values whose names speak of a key, a token or the like never show.
        client: an `openai` client of one's own, such as `AzureOpenAI(...)`, in place of address, key, headers and
            query. Its proxies, certificates and redirects are its own. One that is async is used from one event loop.

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
        patience: float = LONGEST,
        wait: float = 0.0,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        client: Any = None,
    ) -> None:
        api_key, base_url = conceal(api_key), conceal_address(base_url)  # a traceback may print this frame
        default_headers, default_query = conceal_values(default_headers), conceal_values(default_query)
        if client is not None:
            base_url = conceal_address(clients.address_of(client, api_key, base_url, default_headers, default_query))
        if not timeout > 0:
            raise ModelError(f"timeout is {timeout}; it must be above 0 seconds.")
        if retries < 0:
            raise ModelError(f"retries is {retries}; it must be at least 0.")
        base_url = conceal_address((base_url or os.environ.get("OPENAI_BASE_URL") or "").rstrip("/") or None)
        if base_url is not None and "?" in base_url:
            base_url, default_query = _without_query(base_url, default_query)
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
        self.patience = Patience(patience, wait)
        self.default_headers, self.default_query = default_headers, default_query
        self._own_client = client

    def __repr__(self) -> str:
        return f"Server({self.name!r})"

    @property
    def told(self) -> dict[str, dict[str, str]]:
        """Headers and query that are no secrets: they may decide which model answers."""
        named = {"headers": self.default_headers, "query": self.default_query}
        shown = {kind: {k: str(v) for k, v in own.items() if not names_a_secret(k)} for kind, own in named.items()}
        return {kind: values for kind, values in shown.items() if values}

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.base_url or "OpenAI"

    @cached_property
    def _secret(self) -> Secret:
        if self._own_client is not None:
            return Secret(getattr(self._own_client, "api_key", None) or "none")
        given = conceal(self._given or os.environ.get(self._api_key_env)) or Secret()
        key = Secret(given.strip())
        where = "that was given" if self._given else f"in the environment variable {self._api_key_env}"
        if not key:
            if self.base_url is None:
                if any(map(names_a_secret, self.default_headers)):
                    return Secret("none")
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
        for named in (self.default_headers, self.default_query):
            texts += [value for name, value in named.items() if names_a_secret(name)]
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
        _ = self._scrubber.scrub("")  # made, also for what the client logs, before there is a request
        if self._own_client is not None:
            return clients.adopted(self._own_client, self.timeout, self.retries)
        hooks = deadline.hooks(self.timeout)
        hooks["response"] += [redirects.hook(), leaves_long_waits()]
        hooks["request"].append(tried_again.hook())
        http = openai.DefaultHttpxClient(timeout=self.timeout, event_hooks=hooks, auth=_credentials(self._address))
        try:
            client = openai.OpenAI(
                api_key=self._secret,
                base_url=self.base_url,
                timeout=self.timeout,
                max_retries=self.retries,
                http_client=http,
                **{kind: own for kind in ("default_headers", "default_query") if (own := getattr(self, kind))},
            )
        except Exception as error:  # the frames that it passed hold the key
            raise ModelError(f"{self.name}: the openai client cannot be made: {self._said(error)}.") from None
        weakref.finalize(client, http.close)
        return client

    def abandon(self) -> None:
        """Cut requests under way short. The next use connects anew."""
        if "client" in self.__dict__ and self._own_client is None:
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
        begun = type(error.__cause__).__name__ == "ReadTimeout"  # while an answer was read: no timeout by its type
        if isinstance(error, openai.APITimeoutError) or begun:
            return RequestError(f"no answer within {self.timeout:g} s{self._through()}", of_server=True)
        if isinstance(error, openai.APIConnectionError):
            cause = self._said(error.__cause__) if isinstance(error.__cause__, Exception) else said
            return RequestError(f"no connection{self._through()}: {cause}", of_server=True, may_load=True)
        if isinstance(error, openai.APIStatusError):
            return self._of_status(error, said, model)
        if isinstance(error, ValueError):  # the body is no JSON
            return RequestError(f"malformed answer: {said}", malformed=True, of_server=True)
        return RequestError(said, of_server=True)

    def _of_status(self, error: Any, said: str, model: str) -> RequestError:
        status, headers = error.status_code, error.response.headers
        if is_refusal(status, error.body, str(error)):
            return RequestError(f"HTTP {status}: {said}", refused=True)
        if status in (401, 403):
            return RequestError(f"no access: {said}. Check the key in {self._api_key_env}", fatal=True)
        if status == 404:
            return RequestError(f"no such model or address: {said}. Check model {model!r} and base_url", fatal=True)
        elsewhere = headers.get(redirects.ELSEWHERE)
        if elsewhere is not None:
            return RequestError(
                f"HTTP {status}: it sends requests on to another server, {self.scrub(elsewhere)}, which is not "
                "followed, for that one would get the pictures. If it is the right one, give its address as base_url",
                fatal=True,
            )
        if status == 407:
            return RequestError(f"no access{self._through()}: {said}", fatal=True)
        if status < 500 and status not in (408, 409, 429):
            return RequestError(f"HTTP {status}: {said}{_remedy(said)}")
        asks_for = seconds if (seconds := asked_for(headers)) > OBEYED else 0.0
        if asks_for > self.patience.longest:
            said += (
                f". It asks to be left alone for {asks_for:.0f} s; {self.patience.longest:g} s are granted (patience=)"
            )
        elif asks_for:
            said += f". It asks to be left alone for {asks_for:.0f} s"
        if status in (502, 503, 504):
            said += self._through(" (sent{})")
        return RequestError(
            f"HTTP {status}: {said}", of_server=True, asks_for=asks_for, may_load=status in (502, 503, 504)
        )

    def _through(self, form: str = "{}") -> str:
        """The proxy that stands between, in words."""
        proxy = None if self._own_client is not None else proxy_before(self.base_url or "https://api.openai.com")
        return "" if proxy is None else form.format(f" through {proxy}")

    def _said(self, error: BaseException) -> str:
        """What an exception says: secrets go first, for a cut could leave a part of one."""
        return self.scrub(_said(error))[:300]


def _credentials(address: Address | None) -> tuple[str, str] | None:
    return None if address is None or not any(address.said) else (address.user, address.password)


def _remedy(said: str) -> str:
    """What to do about a parameter that a model does not take."""
    if "temperature" in said and ("nsupported" in said or "not support" in said):
        return ". Leave it out: temperature=None"
    if "max_tokens" in said and ("nsupported" in said or "not support" in said):
        return ". Leave it out: max_tokens=None"
    return ""


def _without_query(address: Secret | str, query: Mapping[str, Secret]) -> tuple[str, dict[str, Secret]]:
    """An address without its query, which goes to the others; as it is where the query may hold a secret."""
    parts = urlsplit(address)
    own = parse_qsl(parts.query, strict_parsing=False)
    if not own or any(names_a_secret(name) for name, _ in own):
        return address, dict(query)
    bare = conceal_address(urlunsplit(parts._replace(query="")).rstrip("/"))
    return bare, {**conceal_values(dict(own)), **query}


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
