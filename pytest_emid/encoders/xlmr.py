"""Texts by the paper's recipe: XLM-R's embedding layer, mean over all tokens but the first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_emid.encoders.auto import AutoTextEncoder

__all__ = ["XlmrTextEncoder"]


class XlmrTextEncoder(AutoTextEncoder):
    """XLM-R as in Oh et al. (ICML 2025), section 5: output of the embedding layer, mean by the attention mask, L2.

    The embedding layer adds word, position and type embeddings and normalises them (`hidden_states[0]`); no attention
    layer takes part, so this is close to a bag of tokens. The first token `<s>` is left out, the last, `</s>`, is not.
    Texts longer than the model's 512 tokens are cut off.

    Args:
        path_or_id: a folder or Hub id of an XLM-R model.
        **options: see `AutoTextEncoder`; layer and pooling are the recipe's.
    """

    kind = "xlm-r"

    def __init__(self, path_or_id: str | Path = "FacebookAI/xlm-roberta-base", **options: Any) -> None:
        super().__init__(path_or_id, layer=0, pooling="mean_without_first", **options)
