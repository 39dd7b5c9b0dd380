"""Packed batches of scenes in two views, and what the built-in model makes of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from tiny_llava import Batch, block_mask  # noqa: E402
from tiny_llava_robust import ShiftedBatches  # noqa: E402

from pytest_emid import shifts  # noqa: E402
from pytest_emid.training import Answers, States  # noqa: E402


class TwoQuestions(ShiftedBatches):
    """One question of two looks and one of one look a picture: short rows, so that there is room for more pictures."""

    def categories(self) -> list[str]:
        return ["complex", "conversation"]


class Under(TwoQuestions):
    """Every picture, or every question, under one given shift."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, images: int, seed: str, shift: str | None) -> None:
        self.given = None if shift is None else shifts.parse(shift)
        modality = None if self.given is None else self.given.modality
        super().__init__(tokenizer, images, 2, seed, float(modality == "visual"), float(modality == "textual"))

    def _drawn(self, names: tuple[str, ...]) -> shifts.SyntheticShift:
        return self.given


@dataclass
class Pairs:
    """The same scenes and questions twice."""

    clean: Batch
    shifted: Batch


def pairs(tokenizer: PreTrainedTokenizerFast, images: int, seed: str) -> Pairs:
    """A batch drawn clean, and again with every picture and every question under a seen shift."""
    views = (TwoQuestions(tokenizer, images, 2, seed, share, share).draw(0.0) for share in (0.0, 1.0))
    return Pairs(*views)


def joined(first: Batch, second: Batch) -> Batch:
    """The rows of both, filled up to one width."""
    width = max(first.tokens.shape[1], second.tokens.shape[1])

    def cat(name: str, fill: int) -> torch.Tensor:
        parts = (getattr(batch, name) for batch in (first, second))
        return torch.cat([nn.functional.pad(part, (0, width - part.shape[1]), value=fill) for part in parts])

    pixels, patches = (torch.cat([getattr(first, name), getattr(second, name)]) for name in ("pixels", "patches"))
    return Batch(pixels, cat("tokens", 0), cat("positions", 0), cat("blocks", -1), cat("labels", -100), patches)


def part(batch: Batch, rows: slice) -> Batch:
    return Batch(**{name: value[rows] for name, value in vars(batch).items()})


@dataclass
class Seen:
    """What a model made of a batch.

    Attributes:
        loss: of the answer tokens.
        states: by row of the batch.
        right: rows x questions, whether every answer token is the most likely one: then greedy decoding writes it.
    """

    loss: torch.Tensor
    states: States
    right: torch.Tensor


def run(model: LlavaForConditionalGeneration, batch: Batch) -> Seen:
    inner = model.model
    features = inner.multi_modal_projector(inner.vision_tower(batch.pixels).last_hidden_state[:, 1:])
    embedded = inner.get_input_embeddings()(batch.tokens)
    embedded = embedded.masked_scatter((batch.tokens == model.config.image_token_id).unsqueeze(-1), features)
    found = inner.language_model(
        inputs_embeds=embedded,
        attention_mask=block_mask(batch.blocks),
        position_ids=batch.positions,
        use_cache=False,
        output_hidden_states=True,
    )
    asked = batch.labels != -100
    rows, blocks, labels = asked.nonzero()[:, 0], batch.blocks[asked], batch.labels[asked]
    logits = model.lm_head(found.last_hidden_state[asked])
    questions = ((batch.blocks > 0) & ~asked).unsqueeze(-1)
    middle = found.hidden_states[len(found.hidden_states) // 2]
    pooled = (middle * questions).sum(1) / questions.sum(1)
    wrong = torch.zeros(len(batch.tokens), 3)
    wrong.index_put_((rows, blocks), (logits.argmax(-1) != labels).float(), accumulate=True)
    states = States(features.mean(1), pooled, Answers(logits, labels, rows))
    return Seen(nn.functional.cross_entropy(logits, labels), states, wrong[:, 1:] == 0)
