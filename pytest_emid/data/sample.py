"""A sample: one picture, one question, one reference answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageOps

from pytest_emid.data.image_files import orientation, to_rgb
from pytest_emid.errors import DataError, EmidError

__all__ = ["LazyImage", "Sample", "image_digest"]


@dataclass(frozen=True, slots=True)
class LazyImage:
    """A picture that is opened when it is needed.

    Attributes:
        load: opens the picture; called once per use and never kept.
        source: where it comes from (a path, a URL, `scenes:7`), for error messages.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import LazyImage, Sample
        >>> picture = LazyImage(lambda: Image.new("L", (2, 2), 255), "made here")
        >>> Sample("1", picture, "Which colour?", "White.").open_image().mode
        'RGB'
    """

    load: Callable[[], Image.Image]
    source: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One `(id, image, question, reference)`.

    Attributes:
        id: unique in its dataset; shifted copies keep it, which is what makes two sets paired.
        image: a picture, or a `LazyImage`.
        question: the text part of the query.
        reference: the ground-truth answer.
        category: a label to group by, such as `conversation`.
        cluster: samples that share it are resampled together. Those that share a picture must share it: loaders see to
            that, and no gate passes where it is not so. Empty means that the sample is a cluster of its own.
        references: all answers that are accepted, `reference` first; empty where there is only that one.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import Sample
        >>> sample = Sample("1", Image.new("RGB", (2, 2)), "Which colour?", "Black.")
        >>> sample.with_(question="Welche Farbe?").question
        'Welche Farbe?'
    """

    id: str
    image: Image.Image | LazyImage
    question: str
    reference: str
    category: str = ""
    cluster: str = ""
    references: tuple[str, ...] = ()

    def open_image(self) -> Image.Image:
        """The picture upright (EXIF), in RGB with 8 bits: transparent parts are white, 16 bits are scaled. It is the
        caller's own: a copy.

        Raises:
            DataError: it cannot be read, is animated, or its depth has no agreed white; the message names the sample
                and the source.
        """
        source = self.image.source if isinstance(self.image, LazyImage) else "the picture in memory"
        try:
            opened = self.image.load() if isinstance(self.image, LazyImage) else self.image
            if not hasattr(opened, "convert"):  # whatever behaves as a picture is one
                raise DataError(
                    f"sample {self.id!r}: its image, from {source}, is a {type(opened).__name__}, not a PIL image. "
                    "Open or convert it first (PIL.Image.open, PIL.Image.fromarray), or use data.load_records, "
                    "which takes paths."
                )
            # a phone's MPO holds the picture first, then previews and depth
            if getattr(opened, "is_animated", False) and getattr(opened, "format", None) != "MPO":
                raise DataError(
                    f"sample {self.id!r}: its image, from {source}, is animated or has several pages, and a sample is "
                    "one picture. Take the frame that is meant: image.seek(number), then image.convert('RGB')."
                )
            upright = opened
            if orientation(opened) != 1:
                upright = ImageOps.exif_transpose(opened)
            made = to_rgb(upright, f"sample {self.id!r}: {source}")
            return made.copy() if made is opened else made  # who draws into it draws into nobody's picture
        except EmidError:
            raise
        except Exception as error:
            raise DataError(
                f"sample {self.id!r}: cannot read its image from {source}: {type(error).__name__}: {error}. "
                "Replace the file, or leave the sample out of the dataset."
            ) from error

    @property
    def cluster_id(self) -> str:
        return self.cluster or self.id

    @property
    def accepted(self) -> tuple[str, ...]:
        """All answers that are accepted, at least one."""
        return self.references or (self.reference,)

    def with_(self, **changes: Any) -> Sample:
        """A copy with other fields. Another reference takes the place of the first of several."""
        if "reference" in changes and "references" not in changes and self.references:
            changes["references"] = (changes["reference"], *self.references[1:])
        return replace(self, **changes)


def image_digest(image: Image.Image) -> str:
    """sha256 of size and RGB bytes: equal pictures have equal digests, whatever file format they came from.

    Raises:
        DataError: the picture is not in RGB, and its depth has no agreed white.
    """
    rgb = to_rgb(image, "the picture in memory")
    return hashlib.sha256(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes()).hexdigest()
