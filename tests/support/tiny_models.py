"""Tiny random multimodal models in the genuine formats, and samples for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytest_emid.data.sample import Sample

TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | upper }}: "
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
WORDS = "what is the colour of this shape and how many of them are there in picture left right top".split()  # noqa: SIM905


def samples_for(n: int, size: tuple[int, int] = (24, 24)) -> list[Sample]:
    """Different pictures, and questions of different lengths."""
    rng = np.random.default_rng(7)
    out = []
    for i in range(n):
        picture = Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        words = rng.choice(WORDS, 1 + int(rng.integers(9)))
        out.append(Sample(f"s{i}", picture, f"{' '.join(words)} {i}?", "an answer"))
    return out


def byte_tokenizer(*special: str, **named: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens = ["<pad>", "<s>", "</s>", *special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bpe = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens=named or list(special),
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )


def save(model: Any, processor: Any, folder: Path, limit: int | None = 12, spread: float = 0.25) -> Path:
    """A folder in the genuine format. The weights are large enough for answers to differ."""
    import torch

    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, spread)
    model.generation_config.max_new_tokens = limit
    model.generation_config.pad_token_id = 0
    model.generation_config.eos_token_id = [2, *range(60, 80)]  # so that some answers end and some do not
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def clip_pictures(side: int) -> Any:
    from transformers import CLIPImageProcessorPil

    size = {"height": side, "width": side}
    return CLIPImageProcessorPil(size=size, crop_size=size)


def build_llava(folder: Path, template: str | None = TEMPLATE, limit: int | None = 12) -> Path:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    tokenizer = byte_tokenizer("<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=24,
            patch_size=8,
        ),
        text_config=LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=512,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        ),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=9,
        vision_feature_layer=-1,
    )
    processor = LlavaProcessor(
        image_processor=clip_pictures(24),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template.replace("IMAGE", "<image>") if template else None,
    )
    return save(LlavaForConditionalGeneration(config), processor, folder, limit)
