"""Plain functions as encoders."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.encoders.pretrained import unit_vectors
from pytest_emid.errors import ModelError
from pytest_emid.models.backend.identity import named_fingerprint

__all__ = ["CallableImageEncoder", "CallableTextEncoder"]


class _CallableEncoder:
    """What both kinds share."""

    def __init__(
        self, function: Callable[[Any], Any], *, name: str | None = None, fingerprint: str | None = None
    ) -> None:
        if not callable(function):
            raise ModelError(f"{function!r} cannot be called. Give a function from a list to an array (n, d).")
        self._function = function
        self.name = name or getattr(function, "__name__", type(function).__name__)
        fingerprint = named_fingerprint(fingerprint)
        self.ephemeral = fingerprint is None
        said = f"once:{uuid.uuid4()}" if fingerprint is None else f"named:{fingerprint}"
        self.fingerprint = hashlib.sha256(f"callable-encoder:{said}".encode()).hexdigest()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _rows(self, inputs: Sequence[Any]) -> NDArray[np.float32]:
        rows = np.asarray(self._function(list(inputs)))
        if rows.ndim != 2 or rows.shape[0] != len(inputs):
            raise ModelError(
                f"{self.name} returned an array of shape {rows.shape} for {len(inputs)} inputs; it must be "
                f"({len(inputs)}, d), one vector per input."
            )
        return unit_vectors(rows)


class CallableImageEncoder(_CallableEncoder):
    """A function from a list of PIL images to an array (n, d); see `CallableTextEncoder` for the arguments."""

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(images), d)."""
        return self._rows(images)


class CallableTextEncoder(_CallableEncoder):
    """A function from a list of texts to an array (n, d). Its rows are divided by their length.

    Args:
        function: called with a list of inputs.
        name: what reports call it; by default the function's name.
        fingerprint: identity of what decides the vectors, such as a version: they are then kept between runs.
            Without one they are kept while this object lives.

    Attributes:
        ephemeral: whether vectors must not outlive this object, because no fingerprint was given.

    Raises:
        ModelError: a fingerprint that is no text or an empty one; while encoding, something that is no array (n, d).
    """

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(texts), d)."""
        return self._rows(texts)
