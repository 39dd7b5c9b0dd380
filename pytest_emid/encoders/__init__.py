"""Pictures and texts to unit-norm vectors. `load` makes a pair of what a user names.

Importing this package imports neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_emid.encoders.base import Encoders, ImageEncoder, TextEncoder
from pytest_emid.encoders.specs import PAPER, TINY, class_named, load, paper_or_tiny

if TYPE_CHECKING:
    from pytest_emid.encoders.auto import AutoImageEncoder, AutoTextEncoder
    from pytest_emid.encoders.callables import CallableImageEncoder, CallableTextEncoder
    from pytest_emid.encoders.clip import ClipImageEncoder
    from pytest_emid.encoders.openai_server import OpenAIServerTextEncoder
    from pytest_emid.encoders.precomputed import PrecomputedImageEncoder, PrecomputedTextEncoder
    from pytest_emid.encoders.sentence import SentenceTextEncoder
    from pytest_emid.encoders.xlmr import XlmrTextEncoder

__all__ = [
    "PAPER",
    "TINY",
    "AutoImageEncoder",
    "AutoTextEncoder",
    "CallableImageEncoder",
    "CallableTextEncoder",
    "ClipImageEncoder",
    "Encoders",
    "ImageEncoder",
    "OpenAIServerTextEncoder",
    "PrecomputedImageEncoder",
    "PrecomputedTextEncoder",
    "SentenceTextEncoder",
    "TextEncoder",
    "XlmrTextEncoder",
    "load",
    "paper_or_tiny",
]


def __getattr__(name: str) -> Any:
    return class_named(name)
