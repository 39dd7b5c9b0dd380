"""What the encoders of transformers share: settings, fingerprint, lazy loading, shapes that do not vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import ModelError
from pytest_emid.models.backend.checkpoint import Checkpoint, device_for, digest_of, major_minor

__all__ = ["Pretrained", "unit_vectors"]

T = TypeVar("T")

POOLINGS: Final = ("mean", "mean_without_first", "first", "last", "pooler")


class Pretrained:
    """A checkpoint, a layer of it, and how its tokens become one vector.

    Args:
        path_or_id: a folder in the Hugging Face format, or a Hub id.
        revision: branch, tag or commit on the Hub.
        layer: index into the hidden states: 0 is the embedding layer's output, -1 the last layer's.
        pooling: `mean` over all tokens, `mean_without_first` (leaves out the first, which is the class token where
            there is one), `first`, `last`, or `pooler` (the model's own pooled output; last layer only).
        batch_size: inputs per batch. Batches are filled up (those of few inputs to the next power of two, where the
            vectors stay the same to the bit), so that a vector does not depend on its neighbours; where it would
            depend on its place in the batch (some processors' matrix products), inputs go one by one. Part of the
            fingerprint where rounding depends on it.
        device: `auto` (CUDA, then MPS, then CPU), or a torch device.
        dtype: of weights and computation; vectors are float32 in any case.
        trust_remote_code: run the code that comes with the checkpoint. Off unless asked for.
        name: what reports call it; by default the folder's name or the Hub id.

    Raises:
        ModelError: no such checkpoint, or settings outside their range.
    """

    kind = "pretrained"

    def __init__(
        self,
        path_or_id: str | Path,
        *,
        revision: str | None = None,
        layer: int = -1,
        pooling: str = "mean",
        batch_size: int = 16,
        device: str = "auto",
        dtype: str = "float32",
        trust_remote_code: bool = False,
        name: str | None = None,
    ) -> None:
        if pooling not in POOLINGS:
            raise ModelError(f"unknown pooling {pooling!r}; it is one of {', '.join(POOLINGS)}.")
        if pooling == "pooler" and layer != -1:
            raise ModelError(
                f"pooling 'pooler' is of the last layer; leave layer={layer} out, or choose another pooling."
            )
        if batch_size < 1:
            raise ModelError(f"batch_size is {batch_size}; it must be at least 1.")
        self.checkpoint = Checkpoint(path_or_id, revision)
        self.layer = layer
        self.pooling = pooling
        self.batch_size = batch_size
        self.device = device
        self.dtype = dtype
        self.trust_remote_code = trust_remote_code
        self._tried: dict[int, tuple[list[Any], list[Any], dict[int, bool]]] = {}
        self.name = name or self.checkpoint.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything that decides a vector besides the input. The fingerprint is its digest."""
        return {
            "kind": self.kind,
            "checkpoint": self.checkpoint.fingerprint,
            "layer": self.layer,
            "pooling": self.pooling,
            "transformers": major_minor("transformers"),
            "torch": major_minor("torch"),
            "device": device_for(self.device).partition(":")[0],
            "dtype": self.dtype.removeprefix("torch."),
            "trust_remote_code": self.trust_remote_code,
            "batch": self.batch_size if self.mixes_tokens else None,
        }

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over `identity`; nothing is loaded for it."""
        return digest_of(self.identity)

    @property
    def mixes_tokens(self) -> bool:
        """Whether matrix products are involved, whose rounding depends on the batch. The embedding layer has none."""
        return self.layer != 0

    @property
    def loaded(self) -> bool:
        """Whether the weights are in memory."""
        return "_model" in self.__dict__

    @cached_property
    def _model(self) -> Any:
        return self._loading(lambda: self._load().to(device_for(self.device))).eval()

    def _loading(self, load: Callable[[], T]) -> T:
        try:
            return load()
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"cannot load the encoder {self.name}: {type(error).__name__}: {error}") from error

    def _load(self) -> Any:
        import transformers

        # The embedding layer needs no other layer in memory; transformers wants one to report its input.
        first_only = self.layer == 0 and "num_hidden_layers" in self.checkpoint.config
        return self._weights(transformers.AutoModel, **({"num_hidden_layers": 1} if first_only else {}))

    def _weights(self, kind: Any, **options: Any) -> Any:
        from pytest_emid.models.backend.loading import load_weights

        unused = () if self.pooling == "pooler" else ("pooler", "head")
        return load_weights(kind, self.checkpoint.source, unused=unused, dtype=self.dtype, **self._options, **options)

    @property
    def _options(self) -> dict[str, Any]:
        return {"revision": self.checkpoint.commit, "trust_remote_code": self.trust_remote_code}

    def _at_once(
        self, shape: int, count: int, noise: Callable[[], list[Any]], encode: Callable[[list[Any]], list[Any]]
    ) -> int:
        """How many inputs of a shape go together, without a difference to any vector.

        `batch_size` if the place in the batch does not matter, else one; for few inputs the next power of two, if the
        number of rows does not matter either.

        Args:
            shape: stands for the shape of the inputs; each is tried once.
            count: of the inputs.
            noise: makes `batch_size` random inputs of the shape.
            encode: encodes a batch.
        """
        few = min(self.batch_size, 1 << (count - 1).bit_length())
        if not self.mixes_tokens:
            return few
        if self.batch_size == 1:
            return 1
        if shape not in self._tried:
            inputs = noise()
            self._tried[shape] = inputs, encode(inputs), {}
        inputs, rows, agree = self._tried[shape]
        for size in (self.batch_size, few):
            if size not in agree:
                rolled = encode([*inputs[1:size], inputs[0]])
                agree[size] = all(map(np.array_equal, [*rows[1:size], rows[0]], rolled))
        if not agree[self.batch_size]:
            return 1
        return few if agree[few] else self.batch_size

    def _states(self, model: Any, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Hidden states of the layer, shape (rows, tokens, d), and the pooled output where it is wanted; on the CPU."""
        import torch

        with torch.inference_mode():
            output = model(**inputs, output_hidden_states=self.layer != -1)
        if self.layer == -1:
            states = output.last_hidden_state
        else:
            layers = output.hidden_states
            if not -len(layers) <= self.layer < len(layers):
                raise ModelError(f"{self.name} has layers 0 to {len(layers) - 1}; there is no layer {self.layer}.")
            states = layers[self.layer]
        pooled = getattr(output, "pooler_output", None)
        if self.pooling != "pooler":
            return states.cpu(), None
        if pooled is None:
            raise ModelError(f"{self.name} has no pooled output; choose another pooling: {', '.join(POOLINGS[:-1])}.")
        return states, pooled.cpu()

    def _pool(self, tokens: Any, pooled: Any) -> NDArray[np.float64]:
        """One vector of one input's tokens (n, d). Summed token by token in float64: the same in every batch."""
        if self.pooling == "pooler":
            return np.asarray(pooled.double(), dtype=np.float64)
        array: NDArray[np.float64] = np.asarray(tokens.double(), dtype=np.float64)
        if self.pooling == "first":
            kept = array[:1]
        elif self.pooling == "last":
            kept = array[-1:]
        else:
            kept = array[1:] if self.pooling == "mean_without_first" else array
        if len(kept) == 0:
            raise ModelError(f"{self.name}: an input has no tokens to pool with {self.pooling!r}.")
        return np.asarray(kept.mean(axis=0), dtype=np.float64)


def unit_vectors(vectors: Any) -> NDArray[np.float32]:
    """Rows divided by their length, float32; a zero row becomes NaN, which whoever asked reports."""
    array = np.asarray(vectors, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        rows: NDArray[np.float32] = (array / np.linalg.norm(array, axis=-1, keepdims=True)).astype(np.float32)
    return rows
