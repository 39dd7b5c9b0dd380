"""Vectors that somebody holds: the questions of six blurs are read, and in memory, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from pytest_emid.encoders.base import ImageEncoder, TextEncoder
from pytest_emid.models.keys import identity_of

__all__ = ["Held"]

Rows = NDArray[np.float32]


class Held:
    """The arrays of vectors that are in use, by encoder and what they are of. It keeps none of them."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[str, ...], Rows] = WeakValueDictionary()

    def of(
        self,
        kind: Literal["image", "text"],
        encoder: ImageEncoder | TextEncoder,
        contents: Sequence[str],
        make: Callable[[], Rows],
    ) -> Rows:
        """The vectors of the same contents that somebody holds; else what is made. Not to be written to.

        Args:
            kind: what is encoded.
            encoder: by which.
            contents: texts, or the digests of pictures, in order.
            make: makes the vectors.

        Raises:
            ModelError: the encoder has no name or no fingerprint.
        """
        key = (kind, *identity_of(encoder), *contents)
        held = self._known.get(key)
        if held is None:
            held = make()
            held.flags.writeable = False
            self._known[key] = held
        return held
