"""A sample: a picture, or several, or none; one question, one reference answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from PIL import Image, ImageOps

from pytest_emid.data.image_files import orientation, to_rgb
from pytest_emid.errors import DataError, EmidError

__all__ = ["LazyImage", "Sample", "image_digest", "of_pictures", "pictures_digest"]


Made = TypeVar("Made")


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
        image: a picture, or a `LazyImage`; None where the question is asked without one.
        question: the text part of the query.
        reference: the ground-truth answer.
        category: a label to group by, such as `conversation`.
        cluster: samples that share it are resampled together. Those that share a picture must share it: loaders see to
            that, and no gate passes where it is not so. Empty means that the sample is a cluster of its own.
        references: all answers that are accepted, `reference` first; empty where there is only that one.
        images: all pictures, `image` first; empty where there is only that one, or none. `image=None` with several
            takes the first of them. `<image 2>` in the question is where the second one goes.

    Example:
        >>> from PIL import Image
        >>> from pytest_emid import Sample
        >>> sample = Sample("1", Image.new("RGB", (2, 2)), "Which colour?", "Black.")
        >>> sample.with_(question="Welche Farbe?").question
        'Welche Farbe?'
        >>> pair = sample.with_(images=(Image.new("RGB", (2, 2)), Image.new("RGB", (4, 4))))
        >>> [picture.width for picture in pair.open_images()]
        [2, 4]
    """

    id: str
    image: Image.Image | LazyImage | None
    question: str
    reference: str
    category: str = ""
    cluster: str = ""
    references: tuple[str, ...] = ()
    images: tuple[Image.Image | LazyImage, ...] = ()

    def __post_init__(self) -> None:
        if not self.images:
            return
        given = tuple(self.images)
        if self.image is None:
            object.__setattr__(self, "image", given[0])
        elif given[0] is not self.image:
            raise DataError(
                f"sample {self.id!r}: the first of its images is not its image. Give all of them as images=, and "
                "image=None."
            )
        object.__setattr__(self, "images", given if len(given) > 1 else ())

    @property
    def pictures(self) -> tuple[Image.Image | LazyImage, ...]:
        """All pictures, unopened: none, one or several."""
        return self.images or (() if self.image is None else (self.image,))

    def open_image(self) -> Image.Image:
        """The only picture, upright (EXIF), in RGB with 8 bits: transparent parts are white, 16 bits are scaled. It is
        the caller's own: a copy.

        Raises:
            DataError: there is none, or several; it cannot be read, is animated, or its depth has no agreed white. The
                message names the sample and the source.
        """
        if self.image is None or self.images:
            raise DataError(
                f"sample {self.id!r} has {len(self.images) or 'no'} picture{'s' if self.images else ''}, and one is "
                "needed here. Whatever takes any number of them opens them by open_images()."
            )
        return self._opened(self.image)

    def open_images(self) -> list[Image.Image]:
        """All pictures, each as `open_image` gives it.

        Raises:
            DataError: one cannot be opened.
        """
        return [self._opened(image) for image in self.pictures]

    def _opened(self, image: Image.Image | LazyImage) -> Image.Image:
        source = image.source if isinstance(image, LazyImage) else "the picture in memory"
        try:
            opened = image.load() if isinstance(image, LazyImage) else image
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
        """A copy with other fields. Another reference, or picture, takes the place of the first of several."""
        if "reference" in changes and "references" not in changes and self.references:
            changes["references"] = (changes["reference"], *self.references[1:])
        if "image" in changes and "images" not in changes and self.images:
            changes["images"] = () if changes["image"] is None else (changes["image"], *self.images[1:])
        if "images" in changes and "image" not in changes:
            changes["image"] = None
        return replace(self, **changes)


def image_digest(image: Image.Image) -> str:
    """sha256 of size and RGB bytes: equal pictures have equal digests, whatever file format they came from.

    Raises:
        DataError: the picture is not in RGB, and its depth has no agreed white.
    """
    rgb = to_rgb(image, "the picture in memory")
    return hashlib.sha256(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes()).hexdigest()


def pictures_digest(pictures: Sequence[Image.Image]) -> str:
    """`image_digest` of one picture; of several one digest, which depends on their order; empty where there is none.

    Raises:
        DataError: as `image_digest`.
    """
    digests = [image_digest(picture) for picture in pictures]
    return "".join(digests) if len(digests) < 2 else hashlib.sha256(":".join(digests).encode()).hexdigest()


def of_pictures(samples: Iterable[Sample], make: Callable[[list[Image.Image]], Made]) -> list[Made]:
    """What is made of each sample's pictures, opened and made once for all samples that share them.

    Raises:
        DataError: one cannot be opened.
    """
    held = list(samples)
    made: dict[tuple[int, ...], Made] = {}
    names = [tuple(map(id, sample.pictures)) for sample in held]
    for sample, name in zip(held, names, strict=True):
        if name not in made:
            made[name] = make(sample.open_images())
    return [made[name] for name in names]
