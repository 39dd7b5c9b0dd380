"""Pictures by the paper's recipe: CLIP's vision tower, last hidden state, mean over the patch tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_emid.encoders.auto import AutoImageEncoder

__all__ = ["ClipImageEncoder"]


class ClipImageEncoder(AutoImageEncoder):
    """CLIP as in Oh et al. (ICML 2025), section 5: ViT-B/32, last hidden state without the class token, mean, L2.

    The last hidden state is the last layer's output, before the final layer norm and the projection, which only the
    class token passes.

    Args:
        path_or_id: a folder or Hub id of a CLIP model.
        **options: see `Pretrained`; layer and pooling are the recipe's.
    """

    kind = "clip"

    def __init__(self, path_or_id: str | Path = "openai/clip-vit-base-patch32", **options: Any) -> None:
        super().__init__(path_or_id, layer=-1, pooling="mean_without_first", **options)

    def _load(self) -> Any:
        import transformers

        return self._weights(transformers.CLIPVisionModel)  # the text tower stays on disk
