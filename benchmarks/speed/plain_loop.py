"""The loop that one would write by hand to ask a model of transformers in batches: what answers are timed against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from pytest_emid.data.sample import Sample
from pytest_emid.models.backend.loading import load_processor, quietly


class Plain:
    def __init__(self, folder: Path, device: str, dtype: Any) -> None:
        with quietly():
            self.processor: Any = load_processor(str(folder), None, False)
            model: Any = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype)
        self.model = model.to(device).eval()
        self.processor.tokenizer.padding_side = "left"

    def answer(self, samples: Sequence[Sample], batch_size: int, **limit: int) -> list[str]:
        texts: list[str] = []
        for start in range(0, len(samples), batch_size):
            batch = samples[start : start + batch_size]
            prompts = [
                self.processor.apply_chat_template(
                    [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": sample.question}]}],
                    add_generation_prompt=True,
                )
                for sample in batch
            ]
            images = [[sample.open_image()] for sample in batch]
            inputs = self.processor(images=images, text=prompts, padding=True, return_tensors="pt")
            inputs = inputs.to(self.model.device, dtype=self.model.dtype)
            with torch.inference_mode():
                tokens = self.model.generate(**inputs, do_sample=False, **limit)
            new = tokens[:, inputs["input_ids"].shape[1] :]
            texts += [text.strip() for text in self.processor.batch_decode(new, skip_special_tokens=True)]
        return texts
