"""Weights of a checkpoint that names them otherwise than the model in memory does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from pytest_emid.models.backend.loading import load_weights

__all__ = ["named_otherwise", "restore"]

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def named_otherwise(model: Any, folder: Path) -> bool:
    """Whether a checkpoint has weights whose names the model does not know.

    transformers writes LLaVA's weights and those of its kin under older names and translates them in `from_pretrained`,
    but not where a `Trainer` resumes: it warns of missing keys, and goes on from the weights that it began with.
    """
    return not _names(folder) <= set(model.state_dict())


def restore(model: Any, folder: Path) -> None:
    """Load a checkpoint's weights into a model, as `from_pretrained` reads them.

    Raises:
        ModelError: the checkpoint lacks weights.
    """
    model.load_state_dict(load_weights(type(model), str(folder), dtype=model.dtype).state_dict())


def _names(folder: Path) -> set[str]:
    """Of the weights in a checkpoint; none where it holds other files than those of a whole model."""
    if (folder / INDEX).is_file():
        return set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"])
    if not (folder / WHOLE).is_file():
        return set()
    with safe_open(folder / WHOLE, "pt") as weights:
        return set(weights.keys())
