"""One vector a sample, where samples have several pictures, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.encoders.base import ImageEncoder
from pytest_emid.errors import ModelError

__all__ = ["encode_pictures"]

BLANK: Final = (32, 32)
"""Size of the white picture that stands for none: all that have none have the same vector, which tells nothing."""


def encode_pictures(encoder: ImageEncoder, groups: Sequence[Sequence[Image.Image]]) -> NDArray[np.float32]:
    """The mean of the vectors of each group's pictures, divided by its length, shape (len(groups), d).

    Args:
        encoder: of single pictures.
        groups: the pictures of each sample, opened.

    Raises:
        ModelError: another number of vectors than pictures.

    Example:
        >>> from pytest_emid.encoders import CallableImageEncoder
        >>> size = CallableImageEncoder(lambda images: [image.size for image in images], fingerprint="1")
        >>> wide, high = Image.new("RGB", (1, 0)), Image.new("RGB", (0, 1))
        >>> print(encode_pictures(size, [[wide], [wide, high]]).round(3))
        [[1.    0.   ]
         [0.707 0.707]]
    """
    pictures = [picture for group in groups for picture in group or [Image.new("RGB", BLANK, "white")]]
    vectors = np.asarray(encoder.encode(pictures))
    if len(pictures) == len(groups):
        return vectors
    if vectors.ndim != 2 or len(vectors) != len(pictures):
        raise ModelError(
            f"{encoder.name} returned an array of shape {vectors.shape} for {len(pictures)} inputs; it must be "
            f"({len(pictures)}, d), one vector per input."
        )
    ends = np.cumsum([len(group) or 1 for group in groups])
    means = np.stack([part.mean(0) for part in np.split(vectors.astype(np.float64), ends[:-1])])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):  # what is not finite is said with its sample
        return np.asarray(means / lengths, dtype=np.float32)
