"""Any `AutoModel` as an encoder, with a choice of layer and pooling."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pytest_emid.encoders.pretrained import Pretrained, unit_vectors
from pytest_emid.errors import ModelError
from pytest_emid.models.backend.ahead import in_threads, workers

__all__ = ["AutoImageEncoder", "AutoTextEncoder"]

LENGTH_CLASS: Final = 16
"""Texts are padded to a multiple of this, so that shapes do not depend on the neighbours."""


class AutoImageEncoder(Pretrained):
    """Pictures to vectors by any vision model, or by the vision part of a model of pictures and texts.

    Pictures are prepared by Pillow, as they were when the checkpoints were trained and as the paper did. See
    `Pretrained` for the arguments.
    """

    kind = "auto-image"

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(images), d).

        Raises:
            ModelError: the checkpoint cannot be loaded, or has no such layer or pooling.
        """
        if not images:
            return np.zeros((0, 0), dtype=np.float32)
        size = self._at_once(0, len(images), self._noise, self._batch)
        rows: list[NDArray[np.float64]] = []
        with closing(self._prepared(images, 2 * size)) as ready:
            while part := list(islice(ready, size)):
                rows += self._of(part + part[-1:] * (size - len(part)))[: len(part)]
        return unit_vectors(rows)

    def _batch(self, images: Sequence[Image.Image]) -> list[NDArray[np.float64]]:
        return self._of(list(self._prepared(images, len(images))))

    def _prepared(self, images: Sequence[Image.Image], window: int) -> Generator[Any]:
        """Pixels of each picture, in order, prepared in threads at most `window` ahead."""
        threads = 1 if self.trust_remote_code else workers(self._model.device.type == "cuda")
        return in_threads(self._pixels, images, threads, window)

    def _pixels(self, image: Image.Image) -> Any:
        pixels = self._processor(images=[image.convert("RGB")], return_tensors="pt")["pixel_values"]
        return pixels.to(self._model.dtype)

    def _of(self, pixels: Sequence[Any]) -> list[NDArray[np.float64]]:
        import torch

        together = torch.cat(list(pixels))
        if self._model.device.type == "cuda":
            together = together.pin_memory()
        placed = together.to(self._model.device, non_blocking=True)
        states, pooled = self._states(self._model, {"pixel_values": placed})
        return [self._pool(states[i], None if pooled is None else pooled[i]) for i in range(len(pixels))]

    def _noise(self) -> list[Image.Image]:
        pixels = np.random.default_rng(0).integers(0, 256, (self.batch_size, 64, 64, 3), dtype=np.uint8)
        return [Image.fromarray(picture) for picture in pixels]

    def _load(self) -> Any:
        model = super()._load()
        return getattr(model, "vision_model", model)

    @cached_property
    def _processor(self) -> Any:
        import transformers

        from pytest_emid.models.backend.loading import BACKEND

        load: Any = transformers.AutoImageProcessor.from_pretrained
        return self._loading(lambda: load(self.checkpoint.source, backend=BACKEND, **self._options))


class AutoTextEncoder(Pretrained):
    """Texts to vectors by any text model, or by the text part of a model of pictures and texts.

    Args:
        path_or_id: a folder in the Hugging Face format, or a Hub id.
        max_length: tokens kept of a text, special tokens included; the rest is cut off. None is the longest that the
            tokenizer and the position embeddings allow.
        **options: see `Pretrained`.
    """

    kind = "auto-text"

    def __init__(self, path_or_id: str | Path, *, max_length: int | None = None, **options: Any) -> None:
        super().__init__(path_or_id, **options)
        if max_length is not None and max_length < 1:
            raise ModelError(f"max_length is {max_length}; it must be at least 1.")
        self.max_length = max_length

    @property
    def identity(self) -> Mapping[str, Any]:
        return {**super().identity, "max_length": self.max_length}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(texts), d). Lone surrogates are read as `?`.

        Raises:
            ModelError: the checkpoint cannot be loaded, has no such layer or pooling, or a text has no tokens.
        """
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = self._tokenizer(clean, truncation=True, max_length=self._longest)["input_ids"]
        empty = next((i for i, row in enumerate(tokens) if not row), None)
        if empty is not None:
            raise ModelError(f"{self.name}: the text {texts[empty][:80]!r} has no tokens.")
        rows: dict[int, NDArray[np.float64]] = {}
        for width, members in self._classes(tokens).items():
            encode = partial(self._batch, width=width)
            size = self._at_once(width, len(members), partial(self._noise, width), encode)
            for start in range(0, len(members), size):
                batch = members[start : start + size]
                filled = [tokens[i] for i in batch]
                if self.mixes_tokens:
                    filled += [filled[-1]] * (size - len(batch))
                rows.update(zip(batch, encode(filled), strict=False))
        return unit_vectors([rows[i] for i in range(len(texts))])

    def _classes(self, tokens: Sequence[Sequence[int]]) -> dict[int, list[int]]:
        """Positions of the texts by the length that they are padded to."""
        classes: dict[int, list[int]] = {}
        for i, row in enumerate(tokens):
            width = min(-(-len(row) // LENGTH_CLASS) * LENGTH_CLASS, max(self._longest, len(row)))
            classes.setdefault(width, []).append(i)
        return classes

    def _batch(self, tokens: Sequence[Sequence[int]], width: int) -> list[NDArray[np.float64]]:
        import torch

        padding = self._tokenizer.pad_token_id
        ids = torch.tensor([[*row, *[padding] * (width - len(row))] for row in tokens])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in tokens])
        device = self._model.device
        states, pooled = self._states(self._model, {"input_ids": ids.to(device), "attention_mask": mask.to(device)})
        return [
            self._pool(states[i, : len(row)], None if pooled is None else pooled[i]) for i, row in enumerate(tokens)
        ]

    def _noise(self, width: int) -> list[list[int]]:
        shape = (self.batch_size, width)
        tokens: list[list[int]] = np.random.default_rng(0).integers(0, len(self._tokenizer), shape).tolist()
        return tokens

    def _load(self) -> Any:
        model = super()._load()
        return getattr(model, "text_model", model)

    @cached_property
    def _tokenizer(self) -> Any:
        import transformers

        load: Any = transformers.AutoTokenizer.from_pretrained
        tokenizer = self._loading(lambda: load(self.checkpoint.source, **self._options))
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    @cached_property
    def _longest(self) -> int:
        """Tokens that fit: RoBERTa's position embeddings begin behind the padding index."""
        config = self._model.config
        positions = getattr(config, "max_position_embeddings", None) or 512
        if "roberta" in getattr(config, "model_type", ""):
            positions -= config.pad_token_id + 1
        return int(min(self.max_length or positions, positions, self._tokenizer.model_max_length))
