"""What every encoder must return, checked: one finite unit vector per input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EmidError, ModelError
from pytest_emid.models.packs import told

__all__ = ["sound"]


def sound(name: str, encode: Callable[[], Any], labels: Sequence[str]) -> NDArray[np.float32]:
    """The vectors that `encode` gives, shape (len(labels), d).

    Args:
        name: the encoder's, for messages.
        encode: makes the vectors.
        labels: what each input is, for messages: `the picture of sample '7'`.

    Raises:
        ModelError: another shape, a NaN or infinite value, a row whose length is not 1 within 1e-3, or an exception.
    """
    try:
        vectors = np.asarray(encode())
    except EmidError:
        raise
    except Exception as error:
        raise ModelError(
            f"{name} raised {type(error).__name__}: {told(error)} (from {labels[0]} to {labels[-1]})."
        ) from error
    if vectors.ndim != 2 or vectors.shape[0] != len(labels) or vectors.shape[1] == 0:
        raise ModelError(
            f"{name} returned an array of shape {vectors.shape} for {len(labels)} inputs; it must be "
            f"({len(labels)}, d), one vector per input."
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ModelError(
            f"{name}: NaN or infinite embedding of {labels[bad[0]]} ({len(bad)} of {len(labels)} in this batch). "
            "Look at that input, and at the encoder's precision."
        )
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    off = int(np.argmax(np.abs(lengths - 1)))
    if abs(lengths[off] - 1) > 1e-3:
        raise ModelError(
            f"{name}: the embedding of {labels[off]} has length {lengths[off]:.4g}, not 1. Encoders return unit rows."
        )
    return vectors.astype(np.float32)
