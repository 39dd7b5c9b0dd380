"""A dataset with its answers and embeddings: all that estimation needs of a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.data.dataset import Dataset
from pytest_emid.models.base import Response

__all__ = ["Answered", "Embedded", "query"]

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A dataset embedded without its answers; rows follow the samples, all of unit norm.

    Attributes:
        image: (n, d_image).
        text: the questions, (n, d_text).
        reference: (n, d_text).
    """

    dataset: Dataset
    image: Array
    text: Array
    reference: Array

    @property
    def query(self) -> Array:
        """The query embedding x; see `query`."""
        return query(self.image, self.text)

    @property
    def query_form(self) -> str:
        """Which of its two forms `query` has here, in words."""
        image, text = self.image.shape[1], self.text.shape[1]
        return (
            "mean of picture and question" if image == text else f"picture and question side by side ({image} + {text})"
        )


@dataclass(frozen=True, slots=True)
class Answered(Embedded):
    """A dataset embedded with its answers.

    Attributes:
        responses: one per sample.
        response: their embeddings, (n, d_text).
        further: further draws of a model that draws several answers to a query: responses, and their embeddings.
        pictures: digest of every sample's picture; empty where they are not known.
    """

    responses: tuple[Response, ...]
    response: Array
    further: tuple[tuple[tuple[Response, ...], Array], ...] = ()
    pictures: tuple[str, ...] = ()

    @property
    def draws(self) -> tuple[tuple[Response, ...], ...]:
        """All draws, the first included: of each, one response per sample."""
        return (self.responses, *(responses for responses, _ in self.further))

    @property
    def only_answer(self) -> str | None:
        """The answer that every sample got, where there is only one; None where answers differ."""
        texts = {response.text for response in self.responses}
        return texts.pop() if len(texts) == 1 else None


def query(image: Array, text: Array) -> Array:
    """x = (z_v + z_t) / 2, as in the paper's protocol; side by side where the encoders differ in dimension.

    The second form carries the same information and lets any two encoders be paired; results name it (`query`).
    """
    if image.shape[1] == text.shape[1]:
        mean: Array = ((image + text) / 2).astype(np.float32)
        return mean
    beside: Array = (np.concatenate([image, text], axis=1) / np.sqrt(2)).astype(np.float32)
    return beside
