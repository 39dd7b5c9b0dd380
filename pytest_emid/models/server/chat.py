"""A model behind an OpenAI-compatible server: OpenAI, vLLM, SGLang, llama.cpp, `transformers serve`."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from threading import Event, Lock
from typing import Any, Final

from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError, ModelError
from pytest_emid.models.backend.checkpoint import digest_of, plain
from pytest_emid.models.backend.secret import conceal, conceal_address, conceal_values
from pytest_emid.models.base import Outcome, Response, Served, TokenScores
from pytest_emid.models.server import given
from pytest_emid.models.server.connection import RequestError, Server
from pytest_emid.models.server.content import content_of
from pytest_emid.models.server.logprobs import token_scores
from pytest_emid.models.server.parallel import Work, in_parallel
from pytest_emid.models.server.patience import LONGEST
from pytest_emid.models.server.reading import choice_of, said
from pytest_emid.models.server.served import is_version_of, names_of, served_by
from pytest_emid.models.server.spending import Spending, Usage, tokens

__all__ = ["OpenAIServerModel"]

DEFAULT_MAX_TOKENS: Final = 512
OTHER: Final = "max_completion_tokens"
"""What some servers call the limit of tokens; they say so."""
PAUSE: Final = 0.5
"""Seconds before a malformed answer is asked again; the pause doubles up to sixteenfold."""
_OWN: Final = {
    "logprobs": "scores=",
    "max_completion_tokens": "max_tokens=",
    "max_tokens": "max_tokens=",
    "messages": "system=",
    "model": "model=",
    "n": "draws=",
    "seed": "seed=",
    "stream": "",
    "temperature": "temperature=",
    "top_logprobs": "top_logprobs=",
}
"""What a request sets already, and the argument that it is set by."""


class OpenAIServerModel:
    """A multimodal LLM behind the chat completions of an OpenAI-compatible server.

    Args:
        model: the model's name on the server.
        base_url: such as `http://localhost:8000/v1`; None is OpenAI's own service.
        revision: what exactly the server runs: a commit, an image tag, a date. Answers are kept under it wherever the
            server is. Without one, the server's address stands for it.
        system: a system message before the question.
        max_tokens: an answer that reaches it is TRUNCATED. None leaves the limit to the server.
        temperature: 0 is greedy. None leaves it out, for models that take none.
        seed: sent to the server when given.
        draws: answers drawn to each query. The first is what is measured; two or more let the bounds on EMID allow for
            how random answers are. Needs a temperature above 0.
        generation: further parameters of the request, such as `{"top_p": 0.9, "presence_penalty": 0.5}`.
        scores: whether answers carry the log-probabilities of their tokens (`Response.scores`), as the server says
            them, and lower bounds on the steps' entropies from its most likely tokens. Servers that do not tell them
            cannot be asked for them. Kept answers that lack them are asked again.
        top_logprobs: how many of the most likely tokens to ask for; 0 leaves the entropies out. Servers limit it.
        detail: OpenAI's `low` or `high`; None leaves it out.
        concurrency: requests at a time.
        timeout, retries, patience, wait, api_key, api_key_env, default_headers, default_query, client: see `Server`.
        prices: (prompt, completion) per million tokens, in any unit.
        budget: in the unit of the prices; without prices, in tokens. All processes of a run under pytest-xdist share
            it, through `spending`.
        served_as: the name, or the names, under which the server may say that it answers, where it is another one than
            `model`. A date or a revision may follow any of them; whatever else follows a name is another model.
        any_version: whether answers of several dated versions, configurations (`system_fingerprint`) or providers may
            be compared as those of one model. Else no gate passes on such a comparison.
        name: what reports call it.

    Pictures go as PNG of exactly the pixels that were hashed: no resizing, no lossy re-encoding.

    Raises:
        ModelError: impossible settings.
        UnavailableError: while answering: no access, no such model, a server that is down.
        BudgetError: the budget is spent.

    Example:
        >>> from pytest_emid import models
        >>> models.OpenAIServerModel("some/model", base_url="http://localhost:8000/v1", revision="cc594898").name
        'some/model'
    """

    likelihoods = True

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        revision: str | None = None,
        system: str = "",
        max_tokens: int | None = DEFAULT_MAX_TOKENS,
        temperature: float | None = 0.0,
        seed: int | None = None,
        draws: int = 1,
        generation: Mapping[str, Any] | None = None,
        scores: bool = False,
        top_logprobs: int = 5,
        detail: str | None = None,
        concurrency: int = 8,
        timeout: float = 120.0,
        retries: int = 4,
        patience: float = LONGEST,
        wait: float = 0.0,
        api_key: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        client: Any = None,
        prices: tuple[float, float] | None = None,
        budget: float | None = None,
        served_as: str | Sequence[str] | None = None,
        any_version: bool = False,
        name: str | None = None,
    ) -> None:
        api_key, base_url = conceal(api_key), conceal_address(base_url)  # a traceback may print this frame
        default_headers, default_query = conceal_values(default_headers), conceal_values(default_query)
        if max_tokens is not None and max_tokens < 1:
            raise ModelError(f"max_tokens is {max_tokens}; it must be at least 1.")
        if concurrency < 1:
            raise ModelError(f"concurrency is {concurrency}; it must be at least 1.")
        if temperature is not None and not temperature >= 0:
            raise ModelError(f"temperature is {temperature}; it must be at least 0.")
        if draws < 1:
            raise ModelError(f"draws is {draws}; it must be at least 1.")
        if draws > 1 and temperature == 0:
            raise ModelError(
                f"draws is {draws}, but at temperature 0 answers to a query are alike. Raise it, or draw 1."
            )
        if top_logprobs < 0:
            raise ModelError(f"top_logprobs is {top_logprobs}; it must be at least 0.")
        if budget is not None and not budget >= 0:
            raise ModelError(f"budget is {budget}; it must be at least 0, or None for none.")
        if prices is not None and not (len(prices) == 2 and all(price >= 0 for price in prices)):
            raise ModelError(
                f"prices are {prices!r}; give two, of a million prompt and completion tokens: (0.15, 0.60)."
            )
        if own := sorted(_OWN.keys() & (generation or {}).keys()):
            by = ", ".join(sorted({_OWN[name] for name in own} - {""}))
            advice = f"Give {by} instead." if by else "Leave it out."
            raise ModelError(f"generation cannot hold {', '.join(own)}: every request has its own. {advice}")
        self.model = model
        self.name = name or model
        self.server = Server(
            base_url,
            api_key=api_key,
            api_key_env=api_key_env,
            timeout=timeout,
            retries=retries,
            patience=patience,
            wait=wait,
            default_headers=default_headers,
            default_query=default_query,
            client=client,
        )
        self._limit = "max_completion_tokens" if self.server.base_url is None else "max_tokens"
        self.revision = revision
        self.system = system
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.seed = seed
        self.draws = draws
        self.generation = dict(generation or {})
        self.scores = scores
        self.top_logprobs = top_logprobs
        self.detail = detail
        self.concurrency = concurrency
        self.prices = prices
        self.budget = budget
        self.served_as = names_of(served_as)
        self.any_version = any_version
        self.usage = Usage()
        self.spending = Spending()
        self._counting = Lock()

    def __repr__(self) -> str:
        return f"OpenAIServerModel({self.model!r}, base_url={self.server.name!r})"

    def redrawn(self, number: int) -> OpenAIServerModel:
        """The same model giving draw `number` to each query; 0 is its own. Usage and budget are shared."""
        other = copy.copy(self)
        other.__dict__.pop("fingerprint", None)
        other.seed = None if self.seed is None else self.seed + number
        return other

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything that decides an answer besides the query. The key and the transport are not part of it."""
        return {
            "kind": "openai-server",
            "model": self.model,
            "revision": self.revision,
            "server": self.server.name if self.revision is None else None,
            "system": self.system,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "generation": plain(self.generation, "generation"),
            "detail": self.detail,
            **self.server.told,
            # the name may be an alias that is moved to another model
            **(
                {"served_as": self.served_as[0] if len(self.served_as) == 1 else sorted(self.served_as)}
                if self.served_as
                else {}
            ),
        }

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over `identity`; the server is not asked for it."""
        return digest_of(self.identity)

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Ask, `concurrency` at a time, and yield answers as they arrive.

        A request that fails after its retries is a FAILED response. When as many requests as go at a time have
        failed in a row because of the server, it is taken to be down.

        Raises:
            UnavailableError: no access, no such model, another model, or a server that is down.
            BudgetError: the budget is spent; requests under way are still yielded.
        """
        return in_parallel(self, [partial(self._answer, sample) for sample in samples])

    def score(self, samples: Sequence[Sample], texts: Sequence[str]) -> Iterator[tuple[int, TokenScores | Response]]:
        """Yield (position, scores of the tokens, no end token) of each text as the answer; or a FAILED response.

        Two requests a text, of which each is answered by one token: how long the prompt is, and what it is followed by.
        Needs a server that tells `prompt_logprobs` and knows `continue_final_message`, such as vLLM.

        Raises:
            ModelError: another number of texts than samples.
            UnavailableError, BudgetError: as `respond`; or the server tells no such log-probabilities.
        """
        if len(samples) != len(texts):
            raise ModelError(f"there are {len(texts)} texts for {len(samples)} samples; give one for each.")
        works = [partial(self._given, sample, text) for sample, text in zip(samples, texts, strict=True)]
        for position, response in in_parallel(self, works):
            yield position, response if response.scores is None else response.scores

    def is_spent(self) -> bool:
        """Whether nothing more may be asked."""
        if self.budget is None:
            return False
        return self.spending.total() >= self.budget

    def spent(self) -> str:
        """What was, in words."""
        usage = self.usage
        tokens = f"{usage.prompt_tokens} prompt and {usage.completion_tokens} completion tokens"
        told = tokens if self.prices is None else f"{tokens}, cost {usage.cost:.4g}"
        return f"{told}; {self.spending.total():.4g} in all processes of this run" if self.spending.shared else told

    def ask(self, work: Work, stop: Event) -> Response:
        """One question. The client retries what HTTP calls a failure; an answer that makes no sense is asked again."""
        for attempt in range(self.server.retries + 1):
            try:
                return self._once(work)
            except RequestError as error:
                if error.refused:
                    return Response("", Outcome.REFUSED, error=str(error))
                if not error.malformed or attempt == self.server.retries or stop.is_set():
                    raise
            stop.wait(min(16 * PAUSE, PAUSE * 2**attempt) * random.uniform(0.75, 1.0))
        raise AssertionError

    def _once(self, work: Work) -> Response:
        try:
            return work(self.server.client)
        except (DataError, RequestError):
            raise
        except Exception as error:
            fault = self.server.fault(error, self.model)
        if self.has_renamed_limit(fault):
            return self._once(work)
        raise fault

    def has_renamed_limit(self, fault: RequestError) -> bool:
        """Whether a server asks for the limit of tokens under its newer name; from now on it is sent under this one."""
        asked = self._limit != OTHER and self._limit in str(fault) and OTHER in str(fault)
        self._limit = OTHER if asked else self._limit
        return asked

    def _answer(self, sample: Sample, client: Any) -> Response:
        return self._read(client.chat.completions.create(**self._request(sample)))

    def _given(self, sample: Sample, text: str, client: Any) -> Response:
        """A text with its scores as the answer."""
        first, second = given.requests(self._request(sample), text)
        prompt = client.chat.completions.create(**first)
        try:
            whole = client.chat.completions.create(**second)
        except Exception as error:
            raise given.refusal(self.server.fault(error, self.model)) from None
        for completion in (prompt, whole):
            self._account(completion)
        return Response(text, scores=given.scores(prompt, whole, text))

    def _request(self, sample: Sample) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [{"role": "user", "content": content_of(sample, self.detail)}]
        if self.system:
            messages.insert(0, {"role": "system", "content": self.system})
        return {
            "model": self.model,
            "messages": messages,
            **({} if self.temperature is None else {"temperature": self.temperature}),
            **({} if self.max_tokens is None else {self._limit: self.max_tokens}),
            **({} if self.seed is None else {"seed": self.seed}),
            **({"logprobs": True, "top_logprobs": self.top_logprobs} if self.scores else {}),
            **({"extra_body": self.generation} if self.generation else {}),
        }

    def _read(self, completion: Any) -> Response:
        """The answer in a completion, which the client does not validate.

        Raises:
            RequestError: it makes no sense, or comes from another model.
        """
        try:
            return self._response(completion)
        except DataError:
            raise
        except RequestError as error:
            error.args = (self.server.scrub(str(error)),)
            raise
        except Exception as error:
            said = self.server.scrub(f"{type(error).__name__}: {error}")
            raise RequestError(f"malformed answer: {said}", malformed=True, of_server=True) from None

    def _response(self, completion: Any) -> Response:
        choice = choice_of(completion)
        served = self._account(completion)
        text, outcome, reasoning = said(choice)
        # A gateway that echoes a request's headers must not bring the key into caches and reports.
        text, reasoning = self.server.scrub(text).strip(), self.server.scrub(reasoning).strip()
        if outcome is Outcome.REFUSED:
            return Response(text, outcome, served=served)
        entropy = 0.0 if self.temperature == 0 else None
        scores = token_scores(choice, self.top_logprobs) if self.scores and text else None
        return Response(text, outcome, entropy=entropy, scores=scores, served=served, reasoning=reasoning)

    def _account(self, completion: Any) -> Served | None:
        """Who answered, once it is known to be the right one, and its tokens are counted."""
        served = served_by(completion, self.server.scrub)
        self._check_model("" if served is None else served.model)
        self._count(getattr(completion, "usage", None))
        return served

    def _check_model(self, said: str) -> None:
        """Servers may add a date or revision to a model's name; another name is another model."""
        expected = self.served_as or (self.model,)
        if said and not any(is_version_of(name, said) for name in expected):
            raise RequestError(
                f"it answers as {said!r}, another model than {' or '.join(map(repr, expected))}. "
                f"Give served_as={said!r} if they are the same",
                fatal=True,
            )

    def _count(self, usage: Any) -> None:
        prompt, completion = (tokens(usage, f"{kind}_tokens") for kind in ("prompt", "completion"))
        if self.budget is not None and (prompt is None or completion is None):
            raise RequestError(
                "it does not tell how many tokens its answers take, so a budget cannot be kept. Leave budget out, or "
                "ask a server that tells",
                fatal=True,
            )
        prompt, completion = prompt or 0, completion or 0
        spent = float(prompt + completion)
        if self.prices is not None:
            spent = (prompt * self.prices[0] + completion * self.prices[1]) / 1e6
        with self._counting:
            self.usage.requests += 1
            self.usage.prompt_tokens += prompt
            self.usage.completion_tokens += completion
            self.usage.cost += spent if self.prices is not None else 0.0
        if self.budget is not None:
            self.spending.add(spent)
