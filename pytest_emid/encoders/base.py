"""What an encoder is: something that maps pictures or texts to unit-norm vectors, and can be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Encoders", "ImageEncoder", "TextEncoder"]


class ImageEncoder(Protocol):
    """Maps pictures to vectors."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Identity of weights, pooling and version; available without loading the weights."""

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(images), d)."""


class TextEncoder(Protocol):
    """Maps texts to vectors."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Identity of weights, pooling and version; available without loading the weights."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(texts), d)."""


@dataclass(frozen=True, slots=True)
class Encoders:
    """The pair that a measurement uses. Questions, references and responses share the text encoder.

    Attributes:
        image: for pictures.
        text: for texts.
        note: what reports say about the choice, in sentences; empty when there is nothing to say.
    """

    image: ImageEncoder
    text: TextEncoder
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.image.name} + {self.text.name}"
