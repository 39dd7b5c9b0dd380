"""What a server is sent of a sample: texts and pictures, in the order in which the question has them."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from pytest_emid.data.sample import Sample
from pytest_emid.models.placeholders import arranged

__all__ = ["content_of", "png"]


def content_of(sample: Sample, detail: str | None = None) -> list[dict[str, Any]]:
    """The parts of a message's content.

    Args:
        sample: of any number of pictures.
        detail: OpenAI's `low` or `high`; None leaves it out.

    Raises:
        DataError: a picture cannot be read, or the question asks for more than there are.

    >>> content_of(Sample("1", None, "What is two and two?", "Four."))
    [{'type': 'text', 'text': 'What is two and two?'}]
    """
    pictures = sample.open_images()
    question = sample.question.encode("utf-8", "replace").decode("utf-8")
    return [
        {"type": "text", "text": part} if isinstance(part, str) else _shown(pictures[part], detail)
        for part in arranged(question, len(pictures), sample.id)
    ]


def _shown(picture: Image.Image, detail: str | None) -> dict[str, Any]:
    image = {"url": f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"}
    return {"type": "image_url", "image_url": image if detail is None else {**image, "detail": detail}}


def png(image: Image.Image) -> bytes:
    """The picture's RGB pixels as PNG: lossless, without metadata, the same bytes each time."""
    buffer = io.BytesIO()
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    # Level 6 takes three times the CPU time for a sixth fewer bytes (benchmarks/scale/client.py).
    Image.frombytes("RGB", rgb.size, rgb.tobytes()).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
