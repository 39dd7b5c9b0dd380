"""The plainest way to ask a model of transformers: one `generate` call per sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytest_emid.data.sample import Sample
from pytest_emid.models import Outcome


def load(folder: Path) -> tuple[Any, Any]:
    """Model and processor."""
    from transformers import AutoModelForImageTextToText

    from pytest_emid.models.backend.loading import load_processor, quietly

    with quietly():
        return AutoModelForImageTextToText.from_pretrained(folder), load_processor(str(folder), None, False)


def inputs_for(processor: Any, sample: Sample) -> Any:
    """One question by the chat template, as tensors."""
    content = [{"type": "image"}, {"type": "text", "text": sample.question}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    return processor(images=[sample.open_image()], text=[text], return_tensors="pt")


def alone(folder: Path, samples: Sequence[Sample]) -> dict[str, tuple[str, Outcome]]:
    import torch

    model, processor = load(folder)
    ends = set(np.atleast_1d(model.generation_config.eos_token_id).tolist())
    out = {}
    for sample in samples:
        inputs = inputs_for(processor, sample)
        with torch.no_grad():
            new = model.generate(**inputs, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        ended = Outcome.OK if ends & set(new.tolist()) else Outcome.TRUNCATED
        out[sample.id] = (processor.tokenizer.decode(new, skip_special_tokens=True).strip(), ended)
    return out
