"""From samples or views to what a model trains on: prompts with their references behind them, and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.local.prompts import ADVICE
from pytest_emid.models.local.queries import Queries
from pytest_emid.models.local.written import written
from pytest_emid.training.views import View

__all__ = ["Collator"]


class Collator:
    """Makes batches for a `Trainer` or a `DataLoader`; only the references are learned, and what ends them.

    Views give a batch of twice as many rows: all clean ones first, then all shifted ones in the same order. Prompts are
    those with which `pytest_emid` later asks: the chat template, or `prompt`.

    Args:
        processor: of the model; its tokenizer is set to pad on the left.
        prompt: instead of the chat template, such as `"USER: <image>\\n{question} ASSISTANT:"`.
        system: a system message before the question.
        dtype: of the pictures' numbers.

    Raises:
        ModelError: there is neither a chat template nor a prompt, or no token that ends an answer.

    Example:
        >>> from transformers import AutoProcessor
        >>> from pytest_emid.data import scenes_dataset
        >>> from pytest_emid.models.backend.naming import ASSETS
        >>> from pytest_emid.training import Views
        >>> collator = Collator(AutoProcessor.from_pretrained(ASSETS / "tiny-llava", backend="pil"))
        >>> batch = collator([Views(scenes_dataset(2), ["frost:3"])[i] for i in range(2)])
        >>> batch["pixel_values"].shape, batch["views"]
        (torch.Size([4, 3, 64, 64]), 2)
    """

    def __init__(
        self, processor: Any, *, prompt: str | None = None, system: str = "", dtype: torch.dtype = torch.float32
    ) -> None:
        tokenizer = getattr(processor, "tokenizer", processor)
        if prompt is None and getattr(processor, "chat_template", None) is None:
            raise ModelError(
                f"the processor has no chat template, so how to put a question to its model is not known. {ADVICE}"
            )
        if tokenizer.eos_token_id is None:
            raise ModelError(
                "the tokenizer has no token that ends a text, so answers could not end. Set its eos_token."
            )
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        self._end = int(tokenizer.eos_token_id)
        self._queries = Queries(
            processor,
            tokenizer,
            system=system,
            prompt=prompt,
            digests=False,
            threads=False,
            gpu=False,
            dtype=dtype,
        )

    def __call__(self, items: Sequence[Sample | View]) -> dict[str, Any]:
        """A batch: the model's inputs, `labels` (-100 where nothing is learned), and `views`, 2 for pairs and 1 else.

        Raises:
            ModelError: samples and views, or samples with and without pictures, in one batch; a reference of which the
                tokenizer leaves nothing.
            DataError: a picture cannot be read.
        """
        pairs = [item for item in items if isinstance(item, View)]
        singles = [item for item in items if isinstance(item, Sample)]
        if len(pairs) + len(singles) != len(items) or (pairs and singles):
            kinds = ", ".join(sorted({type(item).__name__ for item in items}))
            raise ModelError(f"a batch is of samples or of views, and this one holds {kinds}.")
        samples = [view.clean for view in pairs] + [view.shifted for view in pairs] if pairs else singles
        if len({bool(sample.pictures) for sample in samples}) > 1:
            raise ModelError("a batch is of samples with pictures or of samples without: batch them apart.")
        made = written(self._queries, samples, [sample.reference for sample in samples], [self._end])
        labels = torch.full((len(samples), made.width), -100)
        for row, (start, answer) in enumerate(zip(made.prompts, made.answers, strict=True)):
            labels[row, start : start + len(answer)] = torch.tensor(answer)
        return {**made.inputs, "labels": labels, "views": 2 if pairs else 1}
