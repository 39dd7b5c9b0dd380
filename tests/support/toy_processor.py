"""Processors small enough to see through: what they make of pictures and prompts is known, and calls are counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature

WAY = Callable[[list[torch.Tensor]], dict[str, Any]]


def resized(pictures: list[torch.Tensor]) -> dict[str, Any]:
    return {"pixel_values": torch.stack([_scaled(picture, 4) for picture in pictures])}


def padded(pictures: list[torch.Tensor]) -> dict[str, Any]:
    """To the largest of them, with zeros."""
    side = [max(sizes) for sizes in zip(*(picture.shape for picture in pictures), strict=True)]
    values = torch.zeros(len(pictures), *side)
    for row, picture in zip(values, pictures, strict=True):
        row[:, : picture.shape[1], : picture.shape[2]] = picture
    return {"pixel_values": values, "sizes": [list(picture.shape) for picture in pictures]}


def padded_on_the_left(pictures: list[torch.Tensor]) -> dict[str, Any]:
    found = padded([picture.flip(-1) for picture in pictures])
    return {**found, "pixel_values": found["pixel_values"].flip(-1)}


def in_lists(pictures: list[torch.Tensor]) -> dict[str, Any]:
    return {"pixel_values": [[_scaled(picture, 4)] for picture in pictures]}


def patches(pictures: list[torch.Tensor]) -> dict[str, Any]:
    """As many rows as a picture is large."""
    return {
        "pixel_values": torch.cat([picture.flatten(1).T for picture in pictures]),
        "grid": np.array([list(picture.shape[1:]) for picture in pictures]),
    }


def centred_together(pictures: list[torch.Tensor]) -> dict[str, Any]:
    values = resized(pictures)["pixel_values"]
    return {"pixel_values": values - values.mean()}


def padded_then_resized(pictures: list[torch.Tensor]) -> dict[str, Any]:
    """What it makes of one picture has the shape of what it makes of several, and is something else."""
    return resized(list(padded(pictures)["pixel_values"]))


def _scaled(picture: torch.Tensor, side: int) -> torch.Tensor:
    return torch.nn.functional.interpolate(picture[None], (side, side))[0]


class ToyImageProcessor:
    def __init__(self, way: WAY = resized) -> None:
        self.way = way
        self.calls: list[int] = []
        """Pictures in each call."""
        self.refuses = lambda picture: False
        self._lock = threading.Lock()

    def __call__(self, images: Any, *, scale: float = 1.0, return_tensors: str = "pt") -> BatchFeature:
        flat = [picture for item in images for picture in (item if isinstance(item, list) else [item])]
        with self._lock:
            self.calls.append(len(flat))
        if any(self.refuses(picture) for picture in flat):
            raise ValueError("a picture that is refused")
        tensors = [torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() * scale for picture in flat]
        return BatchFeature(self.way(tensors))


class ToyProcessor:
    """One token a character, padded on the left."""

    bos_token = "^"

    def __init__(self, way: WAY = resized, nested: bool = True) -> None:
        self.image_processor = ToyImageProcessor(way)
        self.nested = nested
        self.texts: list[list[str]] = []
        self.options: list[dict[str, Any]] = []

    def apply_chat_template(self, messages: Sequence[Any], **options: Any) -> str:
        return "".join(part.get("text", "#") for message in messages for part in message["content"])

    def __call__(
        self, text: list[str], images: Any = None, pad_to_multiple_of: int = 1, **options: Any
    ) -> BatchFeature:
        self.texts.append(text)
        self.options.append(options)
        if any(isinstance(item, list) != self.nested for item in images or ()):
            raise TypeError("pictures are nested" if not self.nested else "pictures are not nested")
        if any("!" in prompt for prompt in text):
            raise ValueError(f"cannot read {text}")
        width = -(-max(map(len, text)) // pad_to_multiple_of) * pad_to_multiple_of
        ids = torch.tensor([[0] * (width - len(prompt)) + [ord(c) for c in prompt] for prompt in text])
        pictures = self.image_processor(images, scale=0.5, return_tensors="pt") if images else {}
        return BatchFeature({**pictures, "input_ids": ids, "attention_mask": (ids > 0).long()})


def noise(seed: int, width: int = 8, height: int = 6) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))
