"""A world of short answers with one right wording: an answer is exactly its reference, or another one of its kind.

A question asks for one of a few kinds of thing ("what colour?"), and each kind has a few answers. The content of the
picture decides which is right. The model gives the right one in a share of cases (its quality), else another one of
the same kind. Equal answers have equal embeddings, as a real encoder's are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from simulator import Batch, Condition, Float, World, unit

KIND = "short"
KINDS, ANSWERS = 6, 8


class ShortAnswers(World):
    """Conditions: `quality` is the share of right answers; `wrong` and `style` are as in the other worlds."""

    def __init__(self, *, seed: int = 0, quality: float = 0.95):
        super().__init__("linear", seed=seed, quality=quality)
        rng = np.random.default_rng([seed, 1])
        self.decides = rng.normal(size=(KINDS, ANSWERS, self.latents))
        content = rng.normal(size=(KINDS * ANSWERS, self.latents))
        self.answers = unit(
            self.means["answer"] + content @ self.writes["answer"] + self._noise(rng, "answer", len(content))
        )
        self.asks = rng.normal(size=(KINDS, self.latents))

    def draw(self, rng: np.random.Generator, n: int, per_cluster: int = 1) -> Batch:
        clean = super().draw(rng, n, per_cluster)
        kind = rng.integers(KINDS, size=n)
        right = np.einsum("nak,nk->na", self.decides[kind], clean.content).argmax(axis=1) + ANSWERS * kind
        text = self._write(rng, "text", self.asks[kind])
        told = self._told(rng, right, np.full(n, self.quality))
        return Batch(
            clean.image,
            text,
            self.answers[right],
            self.answers[told],
            clean.content,
            right[:, None].astype(np.float64),
            clean.clusters,
        )

    def shift(self, rng: np.random.Generator, clean: Batch, condition: Condition) -> Batch:
        if condition.rotate or condition.shrink != 1.0 or condition.picture is not None:
            raise ValueError(f"the world of short answers knows no {condition}.")
        if condition.identical:
            return clean
        right = clean.latent_reference[:, 0].astype(np.intp)
        quality = np.full(len(right), self.quality if condition.quality is None else condition.quality)
        quality[(rng.random(clean.clusters[-1] + 1) < condition.wrong)[clean.clusters]] = 0.0
        response = self.answers[self._told(rng, right, quality)]
        if condition.style > 0.0:
            response = unit(response + condition.style * self.means["style"])
        return Batch(
            clean.image, clean.text, clean.reference, response, clean.content, clean.latent_reference, clean.clusters
        )

    def _told(self, rng: np.random.Generator, right: NDArray[np.intp], quality: Float) -> NDArray[np.intp]:
        other = right - right % ANSWERS + (right + rng.integers(1, ANSWERS, size=len(right))) % ANSWERS
        return np.where(rng.random(len(right)) < quality, right, other)
