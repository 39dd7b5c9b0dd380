"""The plainest way to ask a model of transformers: one `generate` call per sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_emid.data.sample import Sample
from pytest_emid.models import Outcome


def alone(folder: Path, samples: Sequence[Sample]) -> dict[str, tuple[str, Outcome]]:
    import torch
    from transformers import AutoModelForImageTextToText

    from pytest_emid.models.loading import load_processor

    processor = load_processor(str(folder), None, False)
    model = AutoModelForImageTextToText.from_pretrained(folder)
    ends = set(model.generation_config.eos_token_id)
    out = {}
    for sample in samples:
        content = [{"type": "image"}, {"type": "text", "text": sample.question}]
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = processor(images=[sample.open_image()], text=[text], return_tensors="pt")
        with torch.no_grad():
            new = model.generate(**inputs, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        ended = Outcome.OK if ends & set(new.tolist()) else Outcome.TRUNCATED
        out[sample.id] = (processor.tokenizer.decode(new, skip_special_tokens=True).strip(), ended)
    return out
