"""Pictures prepared one at a time and served to the processor as if it had prepared them together.

Preparing a picture takes about as long as a large GPU needs to answer it, so it happens once for all questions about
the picture, in threads, ahead of the device. The rest of a processor (how many image tokens a picture takes, what
stands between them) stays its own: it is called as ever, with an image processor that only looks up.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature

__all__ = ["PreparedPictures", "joined"]

log: Final = logging.getLogger(__name__)

Features = Mapping[str, Any]
"""What an image processor makes of a picture, or of several."""

KEPT_BYTES: Final = 2**30
"""Of prepared pictures that further questions are about."""
PROBES: Final = ((48, 48), (48, 144))
"""Sizes of noise pictures on which joining is tried: of one shape, and of two."""


class PreparedPictures:
    """An image processor, one picture at a time, where that gives what it makes of several.

    Args:
        processor: of a model, with an `image_processor`.
    """

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self._original: Any = getattr(processor, "image_processor", None)
        self._nested = False
        self._options: dict[str, Any] = {}
        self._kept: OrderedDict[str, Features] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        self._turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._joins: dict[bool, bool] | None = None
        """Whether joining pictures gives what the processor makes of them, by whether padding is needed for it."""

    def learn(self, prompt: str) -> None:
        """See how the processor calls its image processor, and try on noise whether its pictures can be joined.

        Args:
            prompt: with one picture in it.
        """
        if self._joins is not None:
            return
        self._joins = {False: False, True: False}
        rng = np.random.default_rng(0)
        noise = [Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in PROBES * 2]
        try:
            seen = _Seen(self._original)
            self._with(seen)(images=[[noise[0]]], text=[prompt], return_tensors="pt")
            ((given, self._options),) = seen.calls
            self._nested = isinstance(given, list | tuple) and isinstance(given[0], list | tuple)
            small, wide = noise[::2], noise[1::2]
            same = all(self._agree(pair, pad=False) for pair in (small, wide))
            mixed = [small[0], wide[0]]
            padded = joined([self._alone(picture) for picture in mixed], pad=False) is None
            agreed = self._agree(mixed, pad=padded)
            self._joins = {False: same and (padded or agreed), True: same and padded and agreed}
        except Exception as error:  # a processor of another build: it prepares its pictures itself
            log.debug("%s prepares its pictures itself: %s", type(self._processor).__name__, error)

    def prepare(self, picture: Image.Image, digest: str | None = None) -> Features | None:
        """Of one picture; None where the processor has to see all pictures at once, or refuses this one.

        Args:
            picture: RGB.
            digest: of a picture that further questions are about, under which it is kept.
        """
        if self._joins is None or not self._joins[False]:
            return None
        if digest is None:
            return self._tried(picture)
        with self._lock:
            turn = self._turns.setdefault(digest, threading.Lock())
        with turn:  # the thread of another question may be preparing it
            with self._lock:
                found = self._kept.get(digest)
            if found is None and (found := self._tried(picture)) is not None:
                self._keep(digest, found)
            return found

    def processor(self, pictures: Sequence[Image.Image], features: Sequence[Features | None]) -> Any:
        """The processor, with prepared pictures at hand."""
        if any(found is None for found in features):
            return self._processor
        assert self._joins is not None
        known = {id(picture): found for picture, found in zip(pictures, features, strict=True)}
        return self._with(_Served(self._original, known, self._options, self._joins[True]))

    def _tried(self, picture: Image.Image) -> Features | None:
        try:
            return self._alone(picture)
        except Exception:  # the processor will say it of the batch
            return None

    def _alone(self, picture: Image.Image) -> Features:
        return dict(self._original([[picture]] if self._nested else [picture], **self._options))

    def _agree(self, pictures: Sequence[Image.Image], pad: bool) -> bool:
        """Whether pictures that are prepared apart and joined are those that are prepared together, bit by bit."""
        apart = joined([self._alone(picture) for picture in pictures], pad)
        together = self._original([[p] for p in pictures] if self._nested else list(pictures), **self._options)
        return (
            apart is not None
            and apart.keys() == dict(together).keys()
            and all(_equal(apart[name], together[name]) for name in apart)
        )

    def _with(self, image_processor: Any) -> Any:
        other = copy.copy(self._processor)
        other.image_processor = image_processor
        return other

    def _keep(self, digest: str, features: Features) -> None:
        with self._lock:
            self._kept[digest] = features
            self._kept_bytes += _bytes(features)
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= _bytes(self._kept.popitem(last=False)[1])


class _Stand:
    """Stands for an image processor; what is not asked of it here is asked of the original."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._original, name)


class _Seen(_Stand):
    """Notes how it is called."""

    def __init__(self, original: Any) -> None:
        super().__init__(original)
        self.calls: list[tuple[Any, dict[str, Any]]] = []

    def __call__(self, images: Any, **options: Any) -> Any:
        self.calls.append((images, options))
        return self._original(images, **options)


class _Served(_Stand):
    """Looks prepared pictures up, and prepares what it does not find or cannot join."""

    def __init__(
        self, original: Any, known: Mapping[int, Features | None], options: Mapping[str, Any], pad: bool
    ) -> None:
        super().__init__(original)
        self._known = known
        self._options = options
        self._pad = pad

    def __call__(self, images: Any, **options: Any) -> Any:
        found = [features for picture in _flat(images) if (features := self._known.get(id(picture))) is not None]
        usable = len(found) == len(list(_flat(images))) and options == self._options
        together = joined(found, self._pad) if usable else None
        return self._original(images, **options) if together is None else BatchFeature(together)


def joined(parts: Sequence[Features], pad: bool) -> dict[str, Any] | None:
    """Rows of several pictures, one after the other; None where they do not fit.

    Args:
        parts: of each picture.
        pad: fill shorter ones up with zeros.
    """
    if any(part.keys() != parts[0].keys() for part in parts):
        return None
    out = {}
    for name in parts[0]:
        out[name] = _join([part[name] for part in parts], pad)
        if out[name] is None:
            return None
    return out


def _join(values: Sequence[Any], pad: bool) -> Any:
    if all(isinstance(value, list) for value in values):
        return [item for value in values for item in value]
    if all(isinstance(value, np.ndarray) for value in values):
        tensors = _join([torch.from_numpy(value) for value in values], pad)
        return None if tensors is None else tensors.numpy()
    if not all(isinstance(value, torch.Tensor) and value.dim() for value in values):
        return None
    if len({value.dim() for value in values}) > 1:
        return None
    if len({value.shape[1:] for value in values}) > 1:
        if not pad:
            return None
        largest = [max(sizes) for sizes in zip(*(value.shape for value in values), strict=True)]
        values = [_filled(value, [value.shape[0], *largest[1:]]) for value in values]
    return torch.cat(list(values))


def _filled(value: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    out = value.new_zeros(tuple(shape))
    out[tuple(slice(0, n) for n in value.shape)] = value
    return out


def _flat(images: Any) -> Iterable[Any]:
    for item in images if isinstance(images, list | tuple) else [images]:
        if isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            yield item


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(np.array_equal(one, other))


def _bytes(value: Any) -> int:
    if isinstance(value, Mapping):
        return _bytes(list(value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_bytes, value))
    return value.nbytes if isinstance(value, torch.Tensor | np.ndarray) else 0
