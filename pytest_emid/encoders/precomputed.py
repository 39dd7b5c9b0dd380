"""Vectors that were computed elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.encoders.pretrained import unit_vectors
from pytest_emid.errors import DataError, ModelError

__all__ = ["PrecomputedImageEncoder", "PrecomputedTextEncoder"]


class _Precomputed:
    """Vectors by key. Rows are divided by their length; the fingerprint is the content's."""

    def __init__(self, vectors: Mapping[str, ArrayLike], name: str) -> None:
        if not vectors:
            raise DataError(f"{name}: no vectors were given.")
        keys = sorted(vectors)
        try:
            rows = [np.asarray(vectors[key], dtype=np.float64) for key in keys]
        except (TypeError, ValueError) as error:
            raise DataError(f"{name}: a vector is a list of numbers: {error}.") from error
        shapes = {row.shape for row in rows}
        if len(shapes) > 1 or rows[0].ndim != 1 or rows[0].shape[0] == 0:
            raise DataError(f"{name}: every vector must have the same length; found shapes {sorted(shapes)}.")
        self.name = name
        array = unit_vectors(rows)
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(bad):
            raise DataError(f"{name}: the vector of {keys[bad[0]][:80]!r} is zero, NaN or infinite.")
        self._rows = dict(zip(keys, array, strict=True))
        digest = hashlib.sha256(b"precomputed:")
        for key in keys:
            digest.update(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest())
        digest.update(array.astype("<f4").tobytes())
        self.fingerprint = digest.hexdigest()

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} vectors)"

    def _look_up(self, keys: Sequence[str], what: str) -> NDArray[np.float32]:
        missing = [key for key in keys if key not in self._rows]
        if missing:
            shown = ", ".join(repr(key[:60]) for key in missing[:5])
            raise ModelError(
                f"{self.name} has no vector for {len(missing)} of {len(keys)} {what}: {shown}"
                f"{', ...' if len(missing) > 5 else ''}. Compute them, or use an encoder that can."
            )
        return np.stack([self._rows[key] for key in keys])


class PrecomputedTextEncoder(_Precomputed):
    """Vectors of texts.

    Args:
        vectors: text to vector, all of one length.
        name: what reports call it.

    Raises:
        DataError: no vectors, different lengths, or a vector that is zero, NaN or infinite.
    """

    def __init__(self, vectors: Mapping[str, ArrayLike], *, name: str = "precomputed texts") -> None:
        super().__init__(vectors, name)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(texts), d).

        Raises:
            ModelError: a text has no vector.
        """
        return self._look_up(texts, "texts")


class PrecomputedImageEncoder(_Precomputed):
    """Vectors of pictures.

    Args:
        vectors: picture digest (`pytest_emid.data.sample.image_digest`) to vector, all of one length.
        name: what reports call it.

    Raises:
        DataError: no vectors, different lengths, or a vector that is zero, NaN or infinite.
    """

    def __init__(self, vectors: Mapping[str, ArrayLike], *, name: str = "precomputed pictures") -> None:
        super().__init__(vectors, name)

    @classmethod
    def of_samples(cls, samples: Sequence[Sample], vectors: Any, **options: Any) -> PrecomputedImageEncoder:
        """From an array (n, d) whose rows belong to the samples' pictures; reads every picture once.

        Raises:
            DataError: another number of rows than samples, different rows of one picture, an unreadable picture, or a
                sample of several pictures or none.
        """
        array = np.asarray(vectors)
        if array.ndim != 2 or len(array) != len(samples):
            raise DataError(
                f"an array of shape {array.shape} does not hold one vector for each of {len(samples)} samples."
            )
        for sample in samples:
            if len(sample.pictures) != 1:
                raise DataError(
                    f"sample {sample.id!r} has {len(sample.pictures)} pictures, and vectors are those of one each. "
                    "Give them by digest: PrecomputedImageEncoder({image_digest(picture): vector, ...})."
                )
        first: dict[str, int] = {}
        digests = [image_digest(sample.open_image()) for sample in samples]
        for i, digest in enumerate(digests):
            other = first.setdefault(digest, i)
            if not np.allclose(array[i], array[other], rtol=1e-3, atol=1e-5, equal_nan=True):
                raise DataError(
                    f"samples {samples[other].id!r} and {samples[i].id!r} show the same picture, and their vectors "
                    "differ. Give the pictures' vectors, in the order of the samples."
                )
        return cls({digest: array[i] for digest, i in first.items()}, **options)

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(images), d).

        Raises:
            ModelError: a picture has no vector.
        """
        return self._look_up([image_digest(image) for image in images], "pictures")
