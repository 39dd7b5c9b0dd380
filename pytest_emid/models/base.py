"""What a model is to this package: something that answers questions about pictures, and can be named."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np

from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError
from pytest_emid.models.scores import TokenScores

__all__ = ["Model", "Outcome", "Response", "TokenScores", "Traits", "redrawn", "tokens_used", "traits_of"]


class Outcome(StrEnum):
    """How an answer ended. A failure is an outcome, never a text."""

    OK = "ok"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Response:
    """What the model answered for one sample.

    Attributes:
        text: the answer; empty when it failed.
        outcome: how it ended.
        error: for a failure, what went wrong.
        entropy: H(P_theta(.|x)) in nats where the backend knows it, else None: 0.0 for greedy decoding; for a drawn
            answer the sum of its steps' entropies, which is unbiased (see `TokenScores.path_entropy`).
        scores: of the answer's tokens, where they were asked for.

    Raises:
        DataError: a text or an error that is no string, an unknown outcome, an entropy that is not finite or below 0.
    """

    text: str
    outcome: Outcome = Outcome.OK
    error: str = ""
    entropy: float | None = None
    scores: TokenScores | None = None

    def __post_init__(self) -> None:
        for name, value in (("text", self.text), ("error", self.error)):
            if not isinstance(value, str):
                raise DataError(f"a response's {name} is a string, not a {type(value).__name__}: {str(value)[:80]!r}.")
        # "failed" is equal to Outcome.FAILED, and not the same: it would pass for an answer.
        if not isinstance(self.outcome, Outcome):
            if self.outcome not in list(Outcome):
                raise DataError(f"a response's outcome is one of {', '.join(Outcome)}, not {self.outcome!r}.")
            object.__setattr__(self, "outcome", Outcome(self.outcome))
        if self.entropy is not None:
            number = isinstance(self.entropy, int | float | np.number)
            if not number or not math.isfinite(self.entropy) or self.entropy < 0:
                raise DataError(f"a response's entropy is a finite number of nats from 0 up, not {self.entropy!r}.")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model can do beyond answering, as `traits_of` reads it from attributes of the same names.

    Attributes:
        scores: promises `Response.scores` with every answer but refusals, so that kept answers without them are asked
            again. It is no part of the fingerprint, for the answers are the same.
        top_logprobs: how many of the most likely tokens a server is asked for; above 0, scores come with entropies.
        likelihoods: has `score(samples, texts)`, which yields (position, `TokenScores`) of each text as the answer.
        draws: how many answers to draw to each query; the first is measured.
        ephemeral: keeps answers no longer than this process.
        by_id: answers follow from the samples' ids, whatever is asked about them.
        prices: of a million prompt and completion tokens.
        spending: what was spent, and what may be (`models.server.spending.Spending`).
        trust_remote_code: runs code that came with the checkpoint.
    """

    scores: bool = False
    top_logprobs: int = 0
    likelihoods: bool = False
    draws: int = 1
    ephemeral: bool = False
    by_id: bool = False
    prices: tuple[float, float] | None = None
    spending: Any = None
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
    """Prompt and completion tokens that a model has used in this process, as far as its `usage` counts them."""
    usage = getattr(model, "usage", None)
    return float(getattr(usage, "prompt_tokens", 0)), float(getattr(usage, "completion_tokens", 0))


def redrawn(model: Model, number: int) -> Model:
    """The model that gives draw `number`: itself for 0, and where its draws depend on no seed."""
    other: Any = getattr(model, "redrawn", None)
    made: Model = model if number == 0 or other is None else other(number)
    return made


@runtime_checkable
class Model(Protocol):
    """A multimodal LLM: image and text in, text out.

    Beside its members a model may have the attributes of `Traits`, and `redrawn(number)`, which returns the model that
    gives draw `number`, where draws depend on a seed; without it the model is asked again.
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
