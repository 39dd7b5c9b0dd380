"""One model behind several servers: requests are spread, and those of a server that fails go elsewhere."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Condition, Event
from typing import Any, Final

from pytest_emid.errors import DataError, ModelError
from pytest_emid.models.backend.secret import conceal, conceal_address, conceal_values
from pytest_emid.models.base import Outcome, Response
from pytest_emid.models.server import retries as tried_again
from pytest_emid.models.server.chat import OpenAIServerModel
from pytest_emid.models.server.connection import RequestError, Server
from pytest_emid.models.server.parallel import Work
from pytest_emid.models.server.patience import asked_for

__all__ = ["Endpoint", "Fleet", "OpenAIFleetModel"]

PAUSE: Final = 0.5
"""Seconds before a request that failed everywhere is tried again; doubles up to sixteenfold."""
RESTS_AFTER: Final = 3
"""Failures in a row after which a server is rested."""
LONGEST_REST: Final = 60.0
"""Seconds; also the longest pause that a server can ask for."""


class OpenAIFleetModel(OpenAIServerModel):
    """A multimodal LLM that several OpenAI-compatible servers run, such as the replicas of a cluster.

    Args:
        model: the model's name, the same on every server.
        base_url: the servers, such as `["http://gpu1:8000/v1", "http://gpu2:8000/v1"]`.
        revision: what exactly all of them run: a commit, an image tag, a date. Answers are kept under it, whichever
            server gave them, and under the same key as those of an `OpenAIServerModel` of this revision: servers can
            come and go, and nothing is asked again.
        concurrency: requests at a time, per server.
        timeout: seconds for one attempt.
        retries: attempts beyond one at each server, before a question has FAILED.
        wait, api_key, api_key_env, default_headers, default_query: see `Server`; they go to every server.
        options: all others of `OpenAIServerModel`.

    A request goes to the server with the fewest under way, and waits when all are full. Where it fails because of the
    server, it is tried at another at once. A server that failed three times in a row is rested for a second (longer
    each time, or as it asks with Retry-After), then tried with single requests until it answers again.

    Raises:
        ModelError: no server, one twice, or no revision.
        UnavailableError: while answering: no access, no such model or another one at any server; all are down.
        BudgetError: the budget is spent.

    Example:
        >>> from pytest_emid import models
        >>> urls = [f"http://gpu{number}:8000/v1" for number in range(3)]
        >>> len(models.OpenAIFleetModel("some/model", base_url=urls, revision="cc594898").fleet.endpoints)
        3
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: Sequence[str],
        revision: str | None = None,
        concurrency: int = 8,
        timeout: float = 120.0,
        retries: int = 4,
        wait: float = 0.0,
        api_key: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        api_key = conceal(api_key)  # a traceback may print this frame
        base_url = conceal_address(base_url if isinstance(base_url, str) else list(base_url))
        default_headers, default_query = conceal_values(default_headers), conceal_values(default_query)
        urls = [base_url] if isinstance(base_url, str) else list(base_url)
        if not urls:
            raise ModelError(f"model {model!r} has no server. Give their addresses: base_url=['http://gpu1:8000/v1'].")
        if not revision:
            raise ModelError(
                f"model {model!r} on {len(urls)} servers needs a revision=: what exactly all of them run, such as a "
                "commit or an image tag. Answers are kept under it, whichever server gave them."
            )
        super().__init__(
            model,
            base_url=urls[0],
            revision=revision,
            concurrency=concurrency,
            timeout=timeout,
            retries=retries,
            **options,
        )
        self.fleet = Fleet(
            urls,
            concurrency,
            timeout,
            retries,
            wait=wait,
            api_key=api_key,
            api_key_env=api_key_env,
            default_headers=default_headers,
            default_query=default_query,
        )
        self.server = self.fleet
        self.concurrency = concurrency * len(urls)

    def __repr__(self) -> str:
        return f"OpenAIFleetModel({self.model!r}, base_url={[e.server.name for e in self.fleet.endpoints]!r})"

    def ask(self, work: Work, stop: Event) -> Response:
        """One question, wherever it is answered."""
        tried: Counter[Endpoint] = Counter()
        last: RequestError | None = None
        left = self.fleet.retries + len(self.fleet.endpoints)
        while left:
            left -= 1
            endpoint = self.fleet.take(tried, stop)
            if endpoint is None:
                break
            tried[endpoint] += 1
            try:
                with self.fleet.using(endpoint, self.model) as client:
                    return work(client)
            except RequestError as error:
                if self.has_renamed_limit(error):
                    tried[endpoint] -= 1
                    left += 1
                    continue
                if error.refused:
                    return Response("", Outcome.REFUSED, error=str(error))
                last = _at(endpoint, error)
                if error.fatal or not (error.of_server or error.malformed):
                    raise last from None
            rounds = min(tried[each] for each in self.fleet.endpoints)
            if rounds:
                stop.wait(_pause(rounds - 1))
        raise last or self.fleet.down()


class Endpoint:
    """A server of a fleet, and how it is doing.

    Attributes:
        server: the connection; its client tries once.
        open: requests under way.
        failures: in a row.
        rests: in a row.
        ready_at: until then it rests.
        problem: the last failure, in words.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.open = 0
        self.failures = 0
        self.rests = 0
        self.ready_at = 0.0
        self.problem = ""

    @property
    def is_ailing(self) -> bool:
        """Whether it failed too often to be given more than one request at a time."""
        return self.failures >= RESTS_AFTER


class Fleet(Server):
    """Several servers that the loop which asks takes for one."""

    def __init__(self, urls: Sequence[str], concurrency: int, timeout: float, retries: int, **key: Any) -> None:
        super().__init__(urls[0], timeout=timeout, retries=retries, **key)
        self.endpoints = [Endpoint(Server(url, timeout=timeout, retries=0, **key)) for url in urls]
        names = [endpoint.server.name for endpoint in self.endpoints]
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ModelError(f"{', '.join(twice)} is given twice. Give every server once; concurrency= loads it more.")
        self._concurrency = concurrency
        self._changed = Condition()

    @property
    def name(self) -> str:
        names = [endpoint.server.name for endpoint in self.endpoints]
        return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} more servers"

    @property
    def client(self) -> Any:
        """The first server's, once all could be made."""
        clients = [endpoint.server.client for endpoint in self.endpoints]
        return clients[0]

    def abandon(self) -> None:
        """Requests under way end by themselves, within the timeout: their clients try once."""

    def scrub(self, text: str) -> str:
        for endpoint in self.endpoints:
            text = endpoint.server.scrub(text)
        return text

    def down(self) -> RequestError:
        """The error of a request that no server was left for."""
        problems = "; ".join(f"{each.server.name}: {each.problem}" for each in self.endpoints if each.problem)
        return RequestError(problems or "no server is left", of_server=True, may_load=True)

    def take(self, tried: Mapping[Endpoint, int], stop: Event) -> Endpoint | None:
        """A server with room: the one where this request failed least, and among those the least busy.

        Returns:
            None where the run stops, or where every server is ailing and none has come back for as long as a request
            to a single server would be tried again.
        """
        hopeless_at: float | None = None
        with self._changed:
            while not stop.is_set():
                now = time.monotonic()
                ready = [each for each in self.endpoints if each.ready_at <= now and each.open < self._room(each)]
                if ready:
                    chosen = min(ready, key=lambda each: (tried.get(each, 0), each.open))
                    chosen.open += 1
                    return chosen
                if not all(each.is_ailing for each in self.endpoints):
                    hopeless_at = None
                elif hopeless_at is None:
                    hopeless_at = now + sum(_pause(attempt) for attempt in range(self.retries))
                elif now >= hopeless_at:
                    return None
                rests = [each.ready_at - now for each in self.endpoints if each.ready_at > now]
                self._changed.wait(min([0.2, *rests]))  # nobody wakes the waiting when a run stops
        return None

    @contextmanager
    def using(self, endpoint: Endpoint, model: str) -> Iterator[Any]:
        """The server's client; what goes wrong with it is a `RequestError`, and counts against the server."""
        asked_for = 0.0
        try:
            try:
                yield endpoint.server.client
            except (RequestError, DataError):
                raise
            except Exception as error:
                asked_for = _retry_after(error)
                endpoint.server.explain(error, model)
        except RequestError as error:
            endpoint.problem = str(error)
            self._let_go(endpoint, failed=error.of_server or error.malformed, asked_for=asked_for)
            raise
        except BaseException:
            self._let_go(endpoint, failed=False)
            raise
        self._let_go(endpoint, failed=False)

    def _room(self, endpoint: Endpoint) -> int:
        return 1 if endpoint.is_ailing else self._concurrency

    def _let_go(self, endpoint: Endpoint, failed: bool, asked_for: float = 0.0) -> None:
        with self._changed:
            now = time.monotonic()
            endpoint.open -= 1
            if failed:
                tried_again.note()
                endpoint.failures += 1
                rest = asked_for
                # those that were under way together fail together, and rest it once
                if endpoint.is_ailing and endpoint.ready_at <= now:
                    rest = max(rest, min(LONGEST_REST, 2 * PAUSE * 2.0 ** min(endpoint.rests, 10)))
                    endpoint.rests += 1
                endpoint.ready_at = max(endpoint.ready_at, now + rest * random.uniform(1.0, 1.25))
            else:
                endpoint.failures = endpoint.rests = 0
            self._changed.notify_all()


def _at(endpoint: Endpoint, error: RequestError) -> RequestError:
    return RequestError(
        f"{endpoint.server.name}: {error}",
        fatal=error.fatal,
        of_server=error.of_server,
        malformed=error.malformed,
        may_load=error.may_load,
    )


def _pause(attempt: int) -> float:
    return min(16 * PAUSE, PAUSE * 2.0**attempt) * random.uniform(0.75, 1.0)


def _retry_after(error: Exception) -> float:
    """Seconds that the server asks to be left alone."""
    return min(LONGEST_REST, asked_for(getattr(getattr(error, "response", None), "headers", {})))
