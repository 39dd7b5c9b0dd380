"""The pictures of a sample as a person looks at them: side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image

__all__ = ["beside"]

GAP: Final = 1 / 32
"""White between two pictures, as a share of the highest one."""


def beside(pictures: Sequence[Image.Image]) -> Image.Image | None:
    """One picture as it is; several in a row on white, at their own sizes; None where there is none.

    >>> pair = beside([Image.new("RGB", (64, 32)), Image.new("RGB", (10, 64))])
    >>> pair.size if pair else None
    (76, 64)
    """
    if len(pictures) < 2:
        return pictures[0] if pictures else None
    height = max(picture.height for picture in pictures)
    gap = max(1, round(GAP * height))
    row = Image.new("RGB", (sum(picture.width + gap for picture in pictures) - gap, height), "white")
    left = 0
    for picture in pictures:
        row.paste(picture, (left, 0))
        left += picture.width + gap
    return row
