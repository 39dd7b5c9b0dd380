"""Prompts with given answers behind them, as one sequence each: to score an answer, or to learn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.local.prompts import readable
from pytest_emid.models.local.queries import Queries

__all__ = ["Written", "written"]

PROBE: Final = "probe"
"""A word whose place in a rendered conversation shows what stands before an answer."""


@dataclass(frozen=True, slots=True)
class Written:
    """Prompts on the left, each followed by its answer, and filled up on the right.

    Attributes:
        inputs: for the model.
        prompts: tokens of each prompt.
        answers: the tokens of each answer, with what ends it.
        width: of the rows.
    """

    inputs: Any
    prompts: list[int]
    answers: list[list[int]]
    width: int


def written(queries: Queries, samples: Sequence[Sample], texts: Sequence[str], ends: Sequence[int]) -> Written:
    """What a model reads of samples that are answered by given texts.

    Args:
        queries: makes the prompts.
        samples: the queries.
        texts: one answer a sample.
        ends: the tokens that end an answer.

    Raises:
        ModelError: a text of which the tokenizer leaves nothing.
    """
    inputs = queries.together(list(queries.open(samples)))
    before = _before(queries, samples[0])
    answers = []
    for sample, text in zip(samples, texts, strict=True):
        ids = list(queries.tokenizer(f"{before}{readable(text)}", add_special_tokens=False)["input_ids"])
        if not ids:
            raise ModelError(f"nothing is left of the reference of sample {sample.id!r} as tokens: {text[:60]!r}.")
        answers.append([*ids, *ends])
    prompts = inputs["attention_mask"].sum(1).tolist()
    placed, width = _joined(dict(inputs), prompts, answers, int(queries.tokenizer.pad_token_id or 0))
    return Written(type(inputs)(placed), prompts, answers, width)


def _joined(
    inputs: dict[str, Any], prompts: Sequence[int], answers: Sequence[Sequence[int]], pad: int
) -> tuple[dict[str, Any], int]:
    """Prompts without what fills them up on the left, followed by the answers; with the width of the rows."""
    shape = inputs["input_ids"].shape
    width = max(p + len(a) for p, a in zip(prompts, answers, strict=True))
    joined = dict(inputs)
    for name, old in inputs.items():
        if not isinstance(old, torch.Tensor) or old.shape != shape:
            continue
        new = torch.full((shape[0], width), pad if name == "input_ids" else 0, dtype=old.dtype)
        for i, (length, ids) in enumerate(zip(prompts, answers, strict=True)):
            new[i, :length] = old[i, shape[1] - length :]
            if name == "input_ids":
                new[i, length : length + len(ids)] = torch.tensor(ids, dtype=old.dtype)
            elif name == "attention_mask":
                new[i, length : length + len(ids)] = 1
        joined[name] = new
    return joined, width


def _before(queries: Queries, sample: Sample) -> str:
    """What the template writes between prompt and answer, such as a space."""
    prompt = queries.prompts.of(sample.question, len(sample.pictures))
    between = "" if prompt[-1:].isspace() else " "
    if queries.prompts.own is not None:
        return between
    try:
        whole = queries.prompts.with_answer(sample.question, PROBE, len(sample.pictures))
    except Exception:  # a template that knows no answers; what usually stands there will do
        return between
    rest = whole.removeprefix(prompt)
    return rest[: rest.index(PROBE)] if rest != whole and PROBE in rest else between
