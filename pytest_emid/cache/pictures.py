"""Which pictures a sample holds, by digest, opening as few pictures as possible.

Keys of answers and embeddings need the digest of every picture, and a shifted picture costs rendering. So digests are
remembered: by dataset object within a process, and by the dataset's recipe in the store, where a sample of them is
checked against freshly rendered pictures once per process.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import PIL
from PIL import Image

from pytest_emid.cache.store import Store
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import LazyImage, Sample, of_pictures, pictures_digest
from pytest_emid.errors import DataError
from pytest_emid.version import __version__

__all__ = ["Pictures"]

log: Final = logging.getLogger(__name__)

OPEN_BYTES: Final = 256 * 2**20
"""Opened pictures are kept up to this many bytes, so that hashing, asking and encoding share one rendering."""
CHECKED: Final = 2
"""Remembered digests of a recipe that are checked against rendered pictures, per process."""


class Pictures:
    """Digests of samples' pictures (one a sample, also of several pictures), and the pictures opened last."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._of_dataset: WeakKeyDictionary[Dataset, list[str]] = WeakKeyDictionary()
        self._open: OrderedDict[str, list[Image.Image]] = OrderedDict()
        self._open_bytes = 0
        self._trusted: set[str] = set()
        """Recipes of which digests were recalled."""

    def digests(self, samples: Sequence[Sample]) -> list[str]:
        """The digest of every sample's pictures, in order.

        Raises:
            DataError: a picture cannot be read.
        """
        if not isinstance(samples, Dataset):
            return self._render(samples)
        if samples not in self._of_dataset:
            recipe = samples.recipe
            if recipe is None and "picture_digests" in vars(samples):  # read already, for the set's fingerprint
                return list(samples.picture_digests)
            self._of_dataset[samples] = (
                self._render(samples) if recipe is None or self._store is None else self._recalled(samples, recipe)
            )
        return self._of_dataset[samples]

    def open(self, sample: Sample, digest: str) -> list[Image.Image]:
        """Copies of a sample's pictures: whoever draws into them draws into nothing else.

        Raises:
            DataError: one cannot be read, or they are not the pictures that the digest is of.
        """
        return [picture.copy() for picture in self._opened(sample, digest)]

    def _opened(self, sample: Sample, digest: str) -> list[Image.Image]:
        if digest in self._open:
            self._open.move_to_end(digest)
            return self._open[digest]
        pictures = sample.open_images()
        if pictures_digest(pictures) != digest:
            self._forget()
            raise DataError(
                f"sample {sample.id!r}: its picture, from {_from(sample)}, is another one than when its "
                "answer was looked up, so nothing was asked about it. A file was replaced during the run, or what "
                "draws the picture does not draw the same twice. Run again; shifts draw from the rng that they get."
            )
        self._keep(digest, pictures)
        return pictures

    def _one(self, sample: Sample, digest: str, number: int) -> Image.Image:
        return self._opened(sample, digest)[number].copy()

    def handed_out(self, sample: Sample, digest: str) -> Sample:
        """The sample as a model gets it: its pictures, opened when wanted, are copies of those of the digest."""
        pictures = [
            LazyImage(partial(self._one, sample, digest, number), _source(picture))
            for number, picture in enumerate(sample.pictures)
        ]
        return sample.with_(images=tuple(pictures))

    def _render(self, samples: Sequence[Sample]) -> list[str]:
        def kept(pictures: list[Image.Image]) -> str:
            digest = pictures_digest(pictures)
            self._keep(digest, pictures)
            return digest

        return of_pictures(samples, kept)

    def _recalled(self, dataset: Dataset, recipe: str) -> list[str]:
        assert self._store is not None
        # The recipe names a shift and its version; what draws the picture is part of the recipe, too.
        name = f"{recipe}/{__version__}/{PIL.__version__}/{np.__version__}"
        known = self._store.pictures(name)
        if known:
            self._trusted.add(name)
        checked = _some([sample for sample in dataset if sample.id in known], recipe)
        stale = any(known[s.id] != digest for s, digest in zip(checked, self._render(checked), strict=True))
        if stale:
            log.warning("dataset %s: remembered picture digests are out of date and are made anew.", dataset.name)
            known = {}
        rest = [sample for sample in dataset if sample.id not in known]
        new = dict(zip((sample.id for sample in rest), self._render(rest), strict=True))
        if new and not self._store.read_only:
            self._store.put_pictures(name, new, replace=stale)
        known.update(new)
        return [known[sample.id] for sample in dataset]

    def _forget(self) -> None:
        """What was remembered of recipes in this process may be as wrong as what was just seen."""
        if self._store is not None and not self._store.read_only:
            for name in self._trusted:
                self._store.put_pictures(name, {}, replace=True)
        self._trusted.clear()
        self._of_dataset.clear()

    def _keep(self, digest: str, pictures: list[Image.Image]) -> None:
        if digest in self._open:
            return
        self._open[digest] = pictures
        self._open_bytes += _size(pictures)
        while self._open_bytes > OPEN_BYTES and len(self._open) > 1:
            _, old = self._open.popitem(last=False)
            self._open_bytes -= _size(old)


def _source(picture: Image.Image | LazyImage) -> str:
    return picture.source if isinstance(picture, LazyImage) else "memory"


def _from(sample: Sample) -> str:
    return ", ".join(dict.fromkeys(map(_source, sample.pictures)))


def _size(pictures: list[Image.Image]) -> int:
    return sum(4 * picture.width * picture.height for picture in pictures)  # PIL pads RGB


def _some(samples: Sequence[Sample], recipe: str) -> list[Sample]:
    """The first sample and another one that depends on the recipe."""
    if len(samples) <= CHECKED:
        return list(samples)
    return [samples[0], samples[1 + int(hashlib.sha256(recipe.encode()).hexdigest(), 16) % (len(samples) - 1)]]
