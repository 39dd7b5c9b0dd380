"""From what a transformers model returns to its states by sample."""

from __future__ import annotations

from typing import Any

import torch

from pytest_emid.errors import ModelError
from pytest_emid.training.states import Answers, States

__all__ = ["picture_token", "read_states"]


def picture_token(config: Any) -> int:
    """The id of the token in whose place a model's language part reads a picture.

    Raises:
        ModelError: the config names none: the model does not read pictures as tokens.

    Example:
        >>> from transformers import LlavaConfig
        >>> picture_token(LlavaConfig(image_token_id=7))
        7
    """
    for name in ("image_token_id", "image_token_index"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found
    raise ModelError(
        f"the config of {getattr(config, 'model_type', 'this model')} names no image token, so the model's own visual "
        "states cannot be found. Call EmidRegulariser with States of your own."
    )


def read_states(
    hidden: tuple[torch.Tensor, ...],
    logits: torch.Tensor,
    inputs: dict[str, Any],
    labels: torch.Tensor,
    picture: int,
    layer: int | None = None,
) -> States:
    """The states of a batch, of a model that reads pictures as tokens among those of the question.

    Args:
        hidden: the language part's states, `output_hidden_states=True`: of each layer b x t x d, the embeddings first.
        logits: b x t x V.
        inputs: the batch, with `input_ids` and `attention_mask`.
        labels: b x t, -100 where nothing is learned.
        picture: the id of the image token.
        layer: whose states stand for the question; the middle one by default. Pictures are read from layer 0, which is
            what the vision part hands over.

    Raises:
        ModelError: rows without a picture, or without an answer.

    Example:
        One row of picture, question and answer, each of one token:

        >>> hidden = (torch.eye(3)[None], 2 * torch.eye(3)[None], 3 * torch.eye(3)[None])
        >>> inputs = {"input_ids": torch.tensor([[9, 5, 1]]), "attention_mask": torch.ones(1, 3)}
        >>> labels = torch.tensor([[-100, -100, 1]])
        >>> states = read_states(hidden, torch.zeros(1, 3, 4), inputs, labels, picture=9)
        >>> states.visual.tolist(), states.question.tolist(), states.answers.labels.tolist()
        ([[1.0, 0.0, 0.0]], [[0.0, 2.0, 0.0]], [1])
    """
    ids, mask = inputs["input_ids"], inputs["attention_mask"].bool()
    pictured = ids == picture
    asked = mask & ~pictured & (labels == -100)
    if not pictured.any(1).all():
        raise ModelError(f"row {int(pictured.any(1).int().argmin())} of the batch has no picture.")
    scored, following = logits[:, :-1], labels[:, 1:]
    learned = following != -100
    if not learned.any(1).all():
        raise ModelError(f"row {int(learned.any(1).int().argmin())} of the batch has no answer to learn.")
    middle = hidden[len(hidden) // 2 if layer is None else layer]
    answers = Answers(scored[learned], following[learned], learned.nonzero()[:, 0])
    return States(_averaged(hidden[0], pictured), _averaged(middle, asked), answers)


def _averaged(states: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    weights = where.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp_min(1.0)
