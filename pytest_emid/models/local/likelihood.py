"""How likely a loaded model finds a given answer: one forward pass, nothing is generated."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.local.written import written
from pytest_emid.models.scores import TokenScores

if TYPE_CHECKING:
    from pytest_emid.models.local.engine import Engine

__all__ = ["given_texts"]


def given_texts(engine: Engine, samples: Sequence[Sample], texts: Sequence[str]) -> list[TokenScores]:
    """log P(token | picture, question, earlier tokens) of each text as the answer, the end token included.

    Prompts are moved to the left and followed by their answers, so that what fills a row up stands behind all that
    counts: rows do not depend on their neighbours, but for rounding.

    Args:
        engine: a loaded decoder-only model.
        samples: the queries.
        texts: one answer a sample.

    Raises:
        ModelError: an encoder-decoder, or a text of which the tokenizer leaves nothing.
    """
    if getattr(engine.model.config, "is_encoder_decoder", False):
        raise ModelError(
            "an encoder-decoder cannot score a given text here: the likelihood needs a decoder-only model."
        )
    made = written(engine.queries, samples, texts, _end(engine))
    prompts, answers, width = made.prompts, made.answers, made.width
    keep = torch.unique(torch.cat([torch.arange(p - 1, p - 1 + len(a)) for p, a in zip(prompts, answers, strict=True)]))
    narrow = "logits_to_keep" in inspect.signature(engine.model.forward).parameters
    moved = made.inputs.to(engine.model.device, dtype=engine.model.dtype)
    with torch.inference_mode():
        logits = engine.model(**moved, **({"logits_to_keep": keep.to(engine.model.device)} if narrow else {})).logits
    if not narrow:
        if logits.shape[1] != width:
            raise ModelError(f"{type(engine.model).__name__} gives no score for each token, so no likelihood is known.")
        logits = logits[:, keep.to(logits.device)]
    place = {int(position): i for i, position in enumerate(keep)}
    return [_row(logits[i], place[p - 1], ids) for i, (p, ids) in enumerate(zip(prompts, answers, strict=True))]


def _row(logits: torch.Tensor, start: int, ids: Sequence[int]) -> TokenScores:
    """Of one row, whose answer begins at `start` of what was kept: kept positions of a row follow one another."""
    scores = logits[start : start + len(ids)].float().log_softmax(-1)
    chosen = scores.gather(1, torch.tensor(ids, device=scores.device)[:, None])[:, 0]
    entropies = -(scores.exp() * scores.clamp(min=-1e4)).sum(1)
    return TokenScores(
        tuple(chosen.double().clamp(max=0.0).tolist()), tuple(entropies.double().clamp(min=0.0).tolist())
    )


def _end(engine: Engine) -> list[int]:
    """The token that ends an answer, where there is one."""
    ends = engine.generation.eos_token_id
    return [] if ends is None else [int(ends[0] if isinstance(ends, list | tuple) else ends)]
