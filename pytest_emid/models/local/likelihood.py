"""How likely a loaded model finds a given answer: one forward pass, nothing is generated."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import torch

from pytest_emid.data.sample import Sample
from pytest_emid.errors import ModelError
from pytest_emid.models.scores import TokenScores

if TYPE_CHECKING:
    from pytest_emid.models.local.engine import Engine

__all__ = ["given_texts"]

PROBE: Final = "probe"
"""A word whose place in a rendered conversation shows what stands before an answer."""


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
    inputs = engine.queries.together(list(engine.queries.open(samples)))
    before = _before(engine, samples[0])
    ends = _end(engine)
    answers = []
    for sample, text in zip(samples, texts, strict=True):
        plain = text.encode("utf-8", "replace").decode("utf-8")
        ids = list(engine.tokenizer(f"{before}{plain}", add_special_tokens=False)["input_ids"])
        if not ids:
            raise ModelError(f"nothing is left of the reference of sample {sample.id!r} as tokens: {text[:60]!r}.")
        answers.append(ids + ends)
    prompts = inputs["attention_mask"].sum(1).tolist()
    placed, width = _joined(dict(inputs), prompts, answers, int(engine.tokenizer.pad_token_id or 0))
    keep = torch.unique(torch.cat([torch.arange(p - 1, p - 1 + len(a)) for p, a in zip(prompts, answers, strict=True)]))
    narrow = "logits_to_keep" in inspect.signature(engine.model.forward).parameters
    moved = type(inputs)(placed).to(engine.model.device, dtype=engine.model.dtype)
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


def _before(engine: Engine, sample: Sample) -> str:
    """What the template writes between prompt and answer, such as a space."""
    prompt = engine.queries.prompts.of(sample.question, len(sample.pictures))
    between = "" if prompt[-1:].isspace() else " "
    if engine.settings.prompt is not None:
        return between
    try:
        whole = engine.queries.prompts.with_answer(sample.question, PROBE, len(sample.pictures))
    except Exception:  # a template that knows no answers; what usually stands there will do
        return between
    rest = whole.removeprefix(prompt)
    return rest[: rest.index(PROBE)] if rest != whole and PROBE in rest else between


def _end(engine: Engine) -> list[int]:
    """The token that ends an answer, where there is one."""
    ends = engine.generation.eos_token_id
    return [] if ends is None else [int(ends[0] if isinstance(ends, list | tuple) else ends)]
