"""A pair of encoders by a name, paths or functions: what `emid_encoders` and `--emid-encoders` take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from pytest_emid.encoders.base import Encoders, ImageEncoder, TextEncoder
from pytest_emid.errors import ModelError
from pytest_emid.models.backend.checkpoint import Checkpoint
from pytest_emid.models.backend.identity import check_identity
from pytest_emid.models.backend.naming import ASSETS, lazily

__all__ = ["PAPER", "TINY", "class_named", "load", "paper_or_tiny"]

TINY: Final = "tiny"
"""The built-in pair, trained on scenes."""
PAPER: Final = "paper"
"""The pair of the paper: CLIP ViT-B/32 and XLM-R base, from the Hub."""
HOMES: Final = {
    "AutoImageEncoder": "auto",
    "AutoTextEncoder": "auto",
    "CallableImageEncoder": "callables",
    "CallableTextEncoder": "callables",
    "ClipImageEncoder": "clip",
    "OpenAIServerTextEncoder": "openai_server",
    "PrecomputedImageEncoder": "precomputed",
    "PrecomputedTextEncoder": "precomputed",
    "SentenceTextEncoder": "sentence",
    "XlmrTextEncoder": "xlmr",
}

class_named: Final = lazily("pytest_emid.encoders", HOMES)
"""A class of this package, imported when it is first asked for."""

One = str | Path | Callable[..., Any] | ImageEncoder | TextEncoder


def load(spec: str | Encoders | Sequence[One], **options: Any) -> Encoders:
    """The pair of encoders that `spec` names. Nothing is loaded into memory yet.

    Args:
        spec: `tiny` (built in), `paper` (CLIP ViT-B/32 and XLM-R base), a pair `(image, text)`, or a string
            `IMAGE + TEXT`. One of a pair is a folder, a Hub id, a function or an encoder. CLIP models and XLM-R models
            are used by the paper's recipe, others with the mean over the last layer's tokens.
        options: further arguments of the classes that are made, such as `device`.

    Raises:
        ModelError: it names no pair.
    """
    if isinstance(spec, Encoders):
        return spec
    if spec == TINY:
        return Encoders(
            _make("ClipImageEncoder", ASSETS / "tiny-clip", **options),
            _make("XlmrTextEncoder", ASSETS / "tiny-xlm-r", **options),
        )
    if spec == PAPER:
        return Encoders(_make("ClipImageEncoder", **options), _make("XlmrTextEncoder", **options))
    parts: Sequence[One] = [part.strip() for part in spec.split(" + ")] if isinstance(spec, str) else spec
    if isinstance(parts, Sequence) and len(parts) == 2:
        image, text = parts
        return Encoders(
            _one(image, "clip", "ClipImageEncoder", "AutoImageEncoder", "CallableImageEncoder", options),
            _one(text, "xlm-roberta", "XlmrTextEncoder", "AutoTextEncoder", "CallableTextEncoder", options),
        )
    raise ModelError(
        f"{spec!r} names no pair of encoders. Give {TINY!r}, {PAPER!r}, 'IMAGE + TEXT' (folders or Hub ids), or a pair "
        "(image, text) of folders, Hub ids, functions or encoders."
    )


def paper_or_tiny(**options: Any) -> Encoders:
    """The paper's pair; the built-in one, with a note that says so, where the paper's is neither kept nor in reach.

    Nothing is loaded, but the Hub is asked which commits its branches are at.
    """
    paper: Any = load(PAPER, **options)
    reason = ""
    for encoder in (paper.image, paper.text):
        try:
            _ = encoder.checkpoint.commit
        except ModelError as error:
            reason = reason or str(error)
    if not reason:
        return cast("Encoders", paper)
    tiny = load(TINY, **options)
    note = (
        f"Embedded with the built-in encoders ({tiny.name}), which know drawn scenes and little else: retained, "
        "EMI, EMID and cosine say less about photographs, and are not comparable with those of the paper's pair; exact "
        f"match does not suffer. The paper's pair ({paper.name}) is out of reach: {reason}"
    )
    return replace(tiny, note=note)


def _one(spec: One, family: str, recipe: str, other: str, function: str, options: dict[str, Any]) -> Any:
    if isinstance(spec, str | Path):
        ours = Checkpoint(spec, options.get("revision")).config.get("model_type") == family
        return _make(recipe if ours else other, spec, **options)
    if hasattr(spec, "encode"):
        if not type(spec).__module__.startswith("pytest_emid."):
            check_identity(spec)
        return spec
    return _make(function, spec)


def _make(kind: str, /, *arguments: Any, **options: Any) -> Any:
    return class_named(kind)(*arguments, **options)
