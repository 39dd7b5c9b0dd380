"""Decoding that is compiled once and replayed: a cache of keys and values that does not move, and `torch.compile`.

A step of decoding is thousands of small kernels, and starting them one by one takes longer than a GPU needs for them.
The prompt is read as ever; only the steps after it are compiled, once for each number of rows and length of the cache.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any, Final

from transformers import CompileConfig, GenerationMixin, StaticCache

__all__ = ["CompiledDecoding", "cache_length"]

log: Final = logging.getLogger(__name__)

SHAPES: Final = 6
"""Compiled at most; torch gives up silently at 8."""
_CACHE: Final = (
    "cache"
    if "cache" in inspect.signature(GenerationMixin.prepare_inputs_for_generation).parameters
    else "past_key_values"
)
"""What transformers calls it."""


class CompiledDecoding:
    """How to call `generate` for a model so that its steps are compiled.

    Args:
        model: of transformers.
        config: of the compiler. Every shape is compiled for itself: where the second made the code general, an answer
            would depend on what was asked before it.
    """

    def __init__(self, model: Any, config: CompileConfig | None = None) -> None:
        self._model = model
        self._config = config or CompileConfig(dynamic=False)
        self._shapes: set[tuple[int, int]] = set()
        self._cache: tuple[tuple[int, int], Any] | None = None
        why = self._refused()
        if why:
            log.warning("%s: decoding is not compiled: %s.", type(model).__name__, why)
        self.on = not why

    def _refused(self) -> str:
        """Why this model is decoded as without, or nothing."""
        if self._model.device.type != "cuda" and not self._config._compile_all_devices:
            return f"it is on the {self._model.device.type}, and CUDA is what it helps"
        if not getattr(self._model, "_can_compile_fullgraph", False) or self._model.config.is_encoder_decoder:
            return "transformers does not support it for this family"
        return ""

    def options(self, generation: Any, rows: int, width: int, limit: int) -> dict[str, Any]:
        """Arguments for `generate`; none where this shape is decoded as without.

        Args:
            generation: its configuration, which is completed.
            rows: of the batch.
            width: of the prompts, in tokens.
            limit: of the answer, in tokens.
        """
        shape = rows, cache_length(width + limit)
        if not self.on or (shape not in self._shapes and len(self._shapes) >= SHAPES):
            return {}
        if shape not in self._shapes:
            self._shapes.add(shape)
            if len(self._shapes) == SHAPES:
                log.warning(
                    "%s: decoding is compiled for %d shapes; further ones are decoded as without.",
                    type(self._model).__name__,
                    SHAPES,
                )
        if self._cache is None or self._cache[0] != shape:
            self._cache = None  # the old one's memory first
            self._cache = shape, StaticCache(config=self._model.config, max_cache_len=shape[1])
        cache = self._cache[1]
        cache.reset()
        generation.compile_config = self._config
        generation.cache_implementation = None
        return {_CACHE: cache}

    def free(self) -> None:
        """Let the cache's memory go."""
        self._cache = None

    def give_up(self, error: Exception) -> None:
        """Decode as without from now on, after an error that goes away without."""
        self.on = False
        self.free()
        log.warning(
            "%s: compiled decoding failed and is not used any more: %s: %s",
            type(self._model).__name__,
            type(error).__name__,
            str(error).partition("\n")[0][:200],
        )


def cache_length(tokens: int) -> int:
    """The smallest of 64, 96, 128, 192, 256, ... (two to each power of two) that holds so many tokens.

    Example:
        >>> [cache_length(n) for n in (1, 65, 128, 129, 700)]
        [64, 96, 128, 192, 768]
    """
    step = max(32, 1 << max((tokens - 1).bit_length() - 2, 0))
    return max(64, -(-tokens // step) * step)
