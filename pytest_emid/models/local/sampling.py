"""How tokens are drawn, when they are drawn: temperature, top-k, top-p."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from pytest_emid.errors import ModelError

__all__ = ["Sampling", "generator_for"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw tokens.

    Attributes:
        temperature: above 0; 1 leaves the model's distribution as it is.
        top_k: keep the `top_k` most likely tokens; None keeps all.
        top_p: keep the fewest tokens whose probability reaches `top_p` in (0, 1]; None keeps all.

    Raises:
        ModelError: a value outside its range.

    Example:
        >>> Sampling(temperature=0.7, top_p=0.9)
        Sampling(temperature=0.7, top_k=None, top_p=0.9)
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ModelError(
                f"temperature is {self.temperature}; sampling needs one above 0. Leave sampling out for greedy answers."
            )
        if self.top_k is not None and self.top_k < 1:
            raise ModelError(f"top_k is {self.top_k}; it must be at least 1, or None to keep every token.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ModelError(f"top_p is {self.top_p}; it must be in (0, 1], or None to keep every token.")


def generator_for(seed: str, image_digest: str, question: str) -> np.random.Generator:
    """A query's own stream: the same whichever samples are asked beside it."""
    name = f"{seed}:{image_digest}:{question}".encode("utf-8", "surrogatepass")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name).digest()[:16], "big"))
