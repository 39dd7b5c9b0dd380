"""Tiny random encoders in the genuine formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

TEXTS = [
    "a red circle",
    "what is in this picture, and where?",
    "",
    "two small squares left of a large ring " * 3,
    "круг 日本 ?",
    "one",
    "a red circle with a cross",
]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return TEXTS


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(3)
    sizes = [(24, 24), (31, 24), (24, 40), (24, 24), (9, 9), (24, 24), (60, 50)]
    return [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes]


def randomise(model: Any) -> Any:
    import torch

    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    return model


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

    folder = tmp_path_factory.mktemp("clip")
    tower = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_hidden_layers": 2}
    words = [
        "<|startoftext|>",
        "<|endoftext|>",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"{c}</w>" for c in "abcdefghijklmnop"),
    ]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=20)
    config = CLIPConfig(
        text_config={**tower, "vocab_size": len(words), "max_position_embeddings": 20, "eos_token_id": 1},
        vision_config={**tower, "image_size": 24, "patch_size": 8},
        projection_dim=8,
    )
    side = {"height": 24, "width": 24}
    randomise(CLIPModel(config)).save_pretrained(folder)
    CLIPProcessor(
        image_processor=CLIPImageProcessorPil(size=side, crop_size=side), tokenizer=tokenizer
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def xlmr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizer

    folder = tmp_path_factory.mktemp("xlmr")
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", "\u2581a", "\u2581red", *"abcdefghijklmnopqrstuvwxyz?,"]
    vocab = [(piece, -float(i)) for i, piece in enumerate(pieces)] + [("<mask>", 0.0)]
    XLMRobertaTokenizer(vocab=vocab, model_max_length=48).save_pretrained(folder)
    config = XLMRobertaConfig(
        vocab_size=len(vocab),
        hidden_size=12,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=50,
        pad_token_id=1,
        type_vocab_size=1,
    )
    randomise(XLMRobertaModel(config)).save_pretrained(folder)
    return folder
