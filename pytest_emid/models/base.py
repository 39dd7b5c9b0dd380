"""What a model is to this package: something that answers questions about pictures, and can be named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pytest_emid.data.sample import Sample

__all__ = ["Model", "Outcome", "Response"]


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
        entropy: H(P_theta(.|x)) in nats where the backend knows it (0.0 for greedy decoding), else None.
    """

    text: str
    outcome: Outcome = Outcome.OK
    error: str = ""
    entropy: float | None = None


@runtime_checkable
class Model(Protocol):
    """A multimodal LLM: image and text in, text out."""

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
