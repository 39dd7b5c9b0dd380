"""What a model thought of the tokens of its answer: log-probabilities and entropies, step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytest_emid.errors import DataError

__all__ = ["TokenScores"]


@dataclass(frozen=True, slots=True)
class TokenScores:
    """Scores of an answer's tokens, the end token included where the model wrote one.

    They are of the distribution that decoding chose from, P_theta(. | x, earlier tokens), after penalties and, when
    sampling, after temperature, top-k and top-p; what a server tells may differ, and is not `exact`.

    Attributes:
        log_probabilities: of each token, nats, at most 0. Their sum is log P_theta(answer | x).
        entropies: of the distribution at each step, nats, at least 0; None where the backend cannot tell.
        exact: whether they are of that distribution, all of it. What a server tells may be from before temperature,
            and from the most likely tokens only: entropies are then lower bounds, and bound nothing from above.

    Raises:
        DataError: no tokens, lengths that differ, values that are not finite or out of range.

    Example:
        >>> scores = TokenScores((-0.5, -0.25), entropies=(1.0, 0.5))
        >>> scores.log_probability, scores.path_entropy
        (-0.75, 1.5)
    """

    log_probabilities: tuple[float, ...]
    entropies: tuple[float, ...] | None = None
    exact: bool = True

    def __post_init__(self) -> None:
        if not self.log_probabilities:
            raise DataError("token scores: there are no log-probabilities; an answer has at least one token.")
        for name, values, sign in (("log-probability", self.log_probabilities, -1), ("entropy", self.entropies, 1)):
            if values is None:
                continue
            if len(values) != len(self.log_probabilities):
                raise DataError(
                    f"token scores: {len(values)} entropies for {len(self.log_probabilities)} log-probabilities; "
                    "give one for each token, or None."
                )
            for step, value in enumerate(values):
                if not math.isfinite(value) or sign * value < 0:
                    allowed = "at most 0" if sign < 0 else "at least 0"
                    raise DataError(f"token scores: {name} {value} at step {step} is not finite and {allowed}.")

    @property
    def log_probability(self) -> float:
        """log P_theta(answer | x) in nats: of this sequence of tokens."""
        return math.fsum(self.log_probabilities)

    @property
    def path_entropy(self) -> float | None:
        """Sum of the steps' entropies, nats.

        For a *drawn* answer an unbiased estimate of H(P_theta(.|x)), by the chain rule; exact where the answer can only
        have one token. For a greedy answer it says how sure the model was on its way, and is no entropy of answers.
        """
        return None if self.entropies is None else math.fsum(self.entropies)

    def to_dict(self) -> dict[str, Any]:
        """Plain types; the floats come back as they were."""
        return {
            "log_probabilities": list(self.log_probabilities),
            "entropies": None if self.entropies is None else list(self.entropies),
            "exact": self.exact,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TokenScores:
        """The inverse of `to_dict`.

        Raises:
            DataError: not in its form, or values out of range.
        """
        try:
            entropies = data.get("entropies")
            return cls(
                tuple(map(float, data["log_probabilities"])),
                None if entropies is None else tuple(map(float, entropies)),
                bool(data.get("exact", True)),
            )
        except DataError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                "token scores: expected an object with log_probabilities and, if known, entropies and exact, got "
                f"{str(data)[:80]}."
            ) from error

    def to_bytes(self) -> bytes:
        """A kind byte, then little-endian float64: the log-probabilities and, where known, the entropies."""
        kind = (self.entropies is not None) + 2 * (not self.exact)
        return bytes([kind]) + _raw(self.log_probabilities) + _raw(self.entropies or ())

    @classmethod
    def from_bytes(cls, raw: bytes) -> TokenScores:
        """The inverse of `to_bytes`."""
        kind, values = raw[0], np.frombuffer(raw, dtype="<f8", offset=1).tolist()
        known = bool(kind & 1)
        tokens = len(values) // 2 if known else len(values)
        return cls(tuple(values[:tokens]), tuple(values[tokens:]) if known else None, not kind & 2)


def _raw(values: Sequence[float]) -> bytes:
    return np.asarray(values, dtype="<f8").tobytes()
