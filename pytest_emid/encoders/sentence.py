"""A `sentence-transformers` model as text encoder (optional dependency)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_emid.encoders.pretrained import unit_vectors
from pytest_emid.errors import ModelError
from pytest_emid.models.backend.checkpoint import Checkpoint, device_for, digest_of, major_minor

__all__ = ["SentenceTextEncoder"]


class SentenceTextEncoder:
    """Texts to vectors by sentence-transformers, with its own pooling, prompts and truncation.

    Args:
        path_or_id: a folder or Hub id of a sentence-transformers model.
        revision: branch, tag or commit on the Hub.
        batch_size: texts per batch. Part of the fingerprint, because padding and rounding depend on the batch.
        device: `auto` (CUDA, then MPS, then CPU), or a torch device.
        trust_remote_code: run the code that comes with the checkpoint. Off unless asked for.
        name: what reports call it; by default the folder's name or the Hub id.

    Raises:
        ModelError: no such checkpoint; or, when encoding, sentence-transformers is not installed.
    """

    def __init__(
        self,
        path_or_id: str | Path,
        *,
        revision: str | None = None,
        batch_size: int = 16,
        device: str = "auto",
        trust_remote_code: bool = False,
        name: str | None = None,
    ) -> None:
        self.checkpoint = Checkpoint(path_or_id, revision)
        self.batch_size = batch_size
        self.device = device
        self.trust_remote_code = trust_remote_code
        self.name = name or self.checkpoint.name

    def __repr__(self) -> str:
        return f"SentenceTextEncoder({self.name!r})"

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of checkpoint, versions and settings; nothing is loaded for it."""
        return digest_of(
            {
                "kind": "sentence-transformers",
                "checkpoint": self.checkpoint.fingerprint,
                "sentence-transformers": major_minor("sentence-transformers"),
                "transformers": major_minor("transformers"),
                "torch": major_minor("torch"),
                "device": device_for(self.device).partition(":")[0],
                "batch": self.batch_size,
                "trust_remote_code": self.trust_remote_code,
            }
        )

    @cached_property
    def _model(self) -> Any:
        try:
            library: Any = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise ModelError(
                f"the encoder {self.name} needs sentence-transformers. Install it: "
                "pip install 'pytest-emid[sentence-transformers]'."
            ) from error
        from pytest_emid.models.backend.loading import quietly

        try:
            with quietly():
                return library.SentenceTransformer(
                    self.checkpoint.source,
                    revision=self.checkpoint.commit,
                    device=device_for(self.device),
                    trust_remote_code=self.trust_remote_code,
                )
        except Exception as error:
            raise ModelError(f"cannot load the encoder {self.name}: {type(error).__name__}: {error}") from error

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit-norm rows, shape (len(texts), d). Lone surrogates are read as `?`."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return unit_vectors(
            self._model.encode(clean, batch_size=self.batch_size, show_progress_bar=False, convert_to_numpy=True)
        )
