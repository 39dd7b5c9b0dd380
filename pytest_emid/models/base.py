"""What a model is to this package: something that answers questions about pictures, and can be named."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError
from pytest_emid.models.scores import TokenScores

__all__ = [
    "Model",
    "Outcome",
    "Response",
    "Served",
    "TokenScores",
    "Traits",
    "asked_under",
    "redrawn",
    "tokens_used",
    "traits_of",
]


CLEAN: Final = "clean"
"""The scenario of the set that was not shifted."""


class Outcome(StrEnum):
    """How an answer ended. A failure is an outcome, never a text.

    Example:
        >>> Outcome("refused") is Outcome.REFUSED
        True
    """

    OK = "ok"
    EMPTY = "empty"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Served:
    """Who a server says that answered; what it does not tell is empty.

    Attributes:
        model: the model's name, often with its date, such as `gpt-4o-2024-08-06`.
        fingerprint: of its configuration (`system_fingerprint`).
        provider: who ran it, behind a router of requests.

    >>> print(Served("gpt-4o-2024-08-06", provider="Azure"))
    gpt-4o-2024-08-06 (provider Azure)
    """

    model: str = ""
    fingerprint: str = ""
    provider: str = ""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not isinstance(value, str):
                raise DataError(f"who served an answer is told in strings; {f.name} is a {type(value).__name__}.")

    def __str__(self) -> str:
        told = ", ".join(f"{f.name} {value}" for f in fields(self)[1:] if (value := getattr(self, f.name)))
        return " ".join([self.model or "no name", *([f"({told})"] if told else [])])

    def to_dict(self) -> dict[str, str]:
        """Plain types; what is not told is left out."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Served:
        """The inverse of `to_dict`.

        Raises:
            DataError: not in its form.
        """
        if not isinstance(data, Mapping) or not set(data) <= {f.name for f in fields(cls)}:
            raise DataError(
                f"who served an answer is told by model, fingerprint and provider, not by {str(data)[:80]}."
            )
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Response:
    """What the model answered for one sample.

    Attributes:
        text: the answer; empty when it failed.
        outcome: how it ended. OK with a text that is empty, or white space only, is EMPTY.
        error: for a failure, what went wrong.
        entropy: H(P_theta(.|x)) in nats where the backend knows it, else None: 0.0 for greedy decoding; for a drawn
            answer the sum of its steps' entropies, which is unbiased (see `TokenScores.path_entropy`).
        scores: of the answer's tokens, where they were asked for.
        served: who a server says that answered; None where nobody says. It is no part of what the answer is: responses
            that differ in it alone are equal.
        reasoning: what was thought before the answer, where that is told apart; see `models.reasoning`.

    Raises:
        DataError: a text or an error that is no string, an unknown outcome, an entropy that is not finite or below 0.

    Example:
        >>> Response("A cat.").outcome.value
        'ok'
        >>> Response("", Outcome.FAILED, error="the server is down").error
        'the server is down'
    """

    text: str
    outcome: Outcome = Outcome.OK
    error: str = ""
    entropy: float | None = None
    scores: TokenScores | None = None
    served: Served | None = field(default=None, compare=False)
    reasoning: str = ""

    def __post_init__(self) -> None:
        for name, value in (("text", self.text), ("error", self.error), ("reasoning", self.reasoning)):
            if not isinstance(value, str):
                raise DataError(f"a response's {name} is a string, not a {type(value).__name__}: {str(value)[:80]!r}.")
        # "failed" is equal to Outcome.FAILED, and not the same: it would pass for an answer.
        if not isinstance(self.outcome, Outcome):
            if self.outcome not in list(Outcome):
                raise DataError(f"a response's outcome is one of {', '.join(Outcome)}, not {self.outcome!r}.")
            object.__setattr__(self, "outcome", Outcome(self.outcome))
        if self.outcome is Outcome.OK and not self.text.strip():
            object.__setattr__(self, "outcome", Outcome.EMPTY)
        if not isinstance(self.served, Served | None):
            raise DataError(f"who served a response is a Served or None, not a {type(self.served).__name__}.")
        if self.entropy is not None:
            number = isinstance(self.entropy, int | float | np.number)
            if not number or not math.isfinite(self.entropy) or self.entropy < 0:
                raise DataError(f"a response's entropy is a finite number of nats from 0 up, not {self.entropy!r}.")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model can do beyond answering, as `traits_of` reads it from attributes of the same names.

    Attributes:
        scores: promises `Response.scores` with every answer but refusals and empty ones, so that kept answers
            without them are asked again. It is no part of the fingerprint, for the answers are the same.
        top_logprobs: how many of the most likely tokens a server is asked for; above 0, scores come with entropies.
        likelihoods: has `score(samples, texts)`, which yields (position, `TokenScores`) of each text as the answer,
            or (position, FAILED `Response`) where there are none.
        draws: how many answers to draw to each query; the first is measured.
        ephemeral: keeps answers no longer than this process.
        by_id: answers follow from the samples' ids, whatever is asked about them.
        replays: gives answers of an earlier run or a recording, and asks nobody.
        prices: of a million prompt and completion tokens.
        spending: what was spent, and what may be (`models.server.spending.Spending`).
        any_version: answers of several versions, configurations or providers count as those of one model; else no gate
            passes where `Response.served` differs within a comparison.
        trust_remote_code: runs code that came with the checkpoint.

    Example:
        >>> Traits(draws=5).by_id
        False
    """

    scores: bool = False
    top_logprobs: int = 0
    likelihoods: bool = False
    draws: int = 1
    ephemeral: bool = False
    by_id: bool = False
    replays: bool = False
    prices: tuple[float, float] | None = None
    spending: Any = None
    any_version: bool = False
    trust_remote_code: bool = False


def traits_of(backend: object) -> Traits:
    """The traits of a model or an encoder; what it says nothing of has its default.

    Example:
        >>> class Coin:
        ...     name, fingerprint, draws = "coin", "1", 5
        >>> traits_of(Coin()).draws
        5
    """
    told: dict[str, Any] = {f.name: getattr(backend, f.name, f.default) for f in fields(Traits)}
    prices = told["prices"]
    return Traits(
        **{
            **told,
            "scores": bool(told["scores"]),
            "draws": max(int(told["draws"]), 1),
            "prices": None if prices is None else (float(prices[0]), float(prices[1])),
        }
    )


def tokens_used(model: object) -> tuple[float, float]:
    """Prompt and completion tokens that a model has used in this process, as far as its `usage` counts them.

    Example:
        >>> class Free:
        ...     name, fingerprint = "free", "1"
        >>> tokens_used(Free())
        (0.0, 0.0)
    """
    usage = getattr(model, "usage", None)
    return float(getattr(usage, "prompt_tokens", 0)), float(getattr(usage, "completion_tokens", 0))


def redrawn(model: Model, number: int) -> Model:
    """The model that gives draw `number`: itself for 0, and where its draws depend on no seed.

    Example:
        >>> from pytest_emid import models
        >>> model = models.load(lambda images, questions: questions)
        >>> redrawn(model, 1) is model  # a function is asked again
        True
    """
    other: Any = getattr(model, "redrawn", None)
    made: Model = model if number == 0 or other is None else other(number)
    return made


def asked_under(model: Model, scenario: str) -> Model:
    """The model that answers in a scenario: the same in all of them, but for recordings (`load_recorded`)."""
    other: Any = getattr(model, "under", None)
    made: Model = model if other is None else other(scenario)
    return made


@runtime_checkable
class Model(Protocol):
    """A multimodal LLM: image and text in, text out.

    Beside its members a model may have the attributes of `Traits`, and `redrawn(number)`, which returns the model that
    gives draw `number`, where draws depend on a seed; without it the model is asked again. One that answers by id may
    have `under(scenario)`, which returns the model that answers in a scenario (the id of a shift, or `clean`).

    Example:
        >>> class Parrot:
        ...     name, fingerprint = "parrot", "1"
        ...     def respond(self, samples):
        ...         for position, sample in enumerate(samples):
        ...             yield position, Response(sample.question)
        >>> isinstance(Parrot(), Model)
        True
    """

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def fingerprint(self) -> str:
        """Identity of everything that decides an answer besides the query: weights or revision, generation
        settings, engine and version. Equal fingerprints promise equal answers; the cache relies on it.
        It must be available without loading the model."""

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Yield `(position in samples, response)` in any order, as answers arrive, so that each is cached at once.

        Every position is answered exactly once. A single sample that cannot be answered yields a FAILED response;
        raising ends the run (what was yielded stays cached).
        """
