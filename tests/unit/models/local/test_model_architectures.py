"""Genuine architectures of transformers, built tiny, saved, loaded from disk, and asked in every kind of batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plain_generate import alone
from tiny_models import TEMPLATE, byte_tokenizer, samples_for, save

from pytest_emid.models import Sampling, TransformersModel

TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
CLIP = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def llava_next(folder: Path) -> Path:
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessorPil,
        LlavaNextProcessor,
    )

    tokenizer = byte_tokenizer("<image>")
    pinpoints = [[24, 48], [48, 24], [48, 48]]
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**CLIP, image_size=24, patch_size=8),
        text_config=LlamaConfig(vocab_size=len(tokenizer), **TEXT),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pinpoints,
        vision_feature_layer=-1,
    )
    side = {"height": 24, "width": 24}
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": 24}, crop_size=side, image_grid_pinpoints=pinpoints
        ),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return save(LlavaNextForConditionalGeneration(config), processor, folder)


def qwen(folder: Path, version: str) -> Path:
    import transformers

    special = ["<|vision_start|>", "<|image_pad|>", "<|video_pad|>", "<|vision_end|>"]
    tokenizer = byte_tokenizer(*special)
    ids = dict(
        zip(("vision_start", "image", "video", "vision_end"), tokenizer.convert_tokens_to_ids(special), strict=True)
    )
    vision = {
        "2": {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 4},
        "2_5": {
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "patch_size": 4,
            "out_hidden_size": 32, "fullatt_block_indexes": [1], "window_size": 16,
        },
    }[version]  # fmt: skip
    name = f"Qwen{version}VL" if version == "2" else "Qwen2_5_VL"
    config = getattr(transformers, f"{name}Config")(
        text_config={
            **TEXT,
            "vocab_size": len(tokenizer),
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
        },
        vision_config=vision,
        **{f"{key}_token_id": value for key, value in ids.items()},
    )
    template = TEMPLATE.replace("IMAGE\n", "<|vision_start|><|image_pad|><|vision_end|>")
    folder.mkdir(exist_ok=True)
    save(getattr(transformers, f"{name}ForConditionalGeneration")(config), tokenizer, folder)
    pictures = transformers.Qwen2VLImageProcessorPil(patch_size=4, min_pixels=64, max_pixels=1600)
    pictures.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(template)
    (folder / "processor_config.json").write_text(f'{{"processor_class": "{name}Processor"}}')
    return folder


def gemma3(folder: Path) -> Path:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessorPil, Gemma3Processor

    special = {"boi_token": "<start_of_image>", "image_token": "<image_soft_token>", "eoi_token": "<end_of_image>"}
    tokenizer = byte_tokenizer(*special.values(), **special)
    boi, image, eoi = tokenizer.convert_tokens_to_ids(list(special.values()))
    config = Gemma3Config(
        text_config={**TEXT, "vocab_size": len(tokenizer), "head_dim": 16, "sliding_window": 64},
        vision_config={**CLIP, "image_size": 24, "patch_size": 8},
        mm_tokens_per_image=9,
        boi_token_index=boi,
        image_token_index=image,
        eoi_token_index=eoi,
    )
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessorPil(size={"height": 24, "width": 24}),
        tokenizer=tokenizer,
        image_seq_length=9,
        chat_template=TEMPLATE.replace("IMAGE\n", "<start_of_image>"),
    )
    return save(Gemma3ForConditionalGeneration(config), processor, folder, spread=0.1)


def idefics3(folder: Path) -> Path:
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessorPil,
        Idefics3Processor,
    )

    tokenizer = byte_tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    config = Idefics3Config(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_config={**CLIP, "image_size": 24, "patch_size": 6},
        text_config={**TEXT, "vocab_size": len(tokenizer), "model_type": "llama"},
        scale_factor=2,
    )
    processor = Idefics3Processor(
        image_processor=Idefics3ImageProcessorPil(
            size={"longest_edge": 24}, max_image_size={"longest_edge": 24}, do_image_splitting=False
        ),
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=TEMPLATE.replace("IMAGE\n", "<image>"),
    )
    return save(Idefics3ForConditionalGeneration(config), processor, folder)


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "llava_next": llava_next,
    "qwen2_vl": lambda folder: qwen(folder, "2"),
    "qwen2_5_vl": lambda folder: qwen(folder, "2_5"),
    "gemma3": gemma3,
    "idefics3": idefics3,
}


@pytest.fixture(scope="module", params=BUILDERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return BUILDERS[request.param](tmp_path_factory.mktemp("model") / request.param)


def test_every_batch_gives_the_answers_of_generate(folder: Path) -> None:
    samples = [*samples_for(4), *(s.with_(id=f"wide-{s.id}") for s in samples_for(3, (24, 40)))]
    first = TransformersModel(folder, batch_size=3)
    found = {samples[i].id: response for i, response in first.respond(samples)}
    assert {key: (r.text, r.outcome) for key, r in found.items()} == alone(folder, samples)
    assert len({response.text for response in found.values()}) > 2
    other = {samples[-1 - i].id: r for i, r in TransformersModel(folder, batch_size=7).respond(samples[::-1])}
    assert other == found
    assert not first._engine._alone


def test_sampling_depends_on_the_query_alone(folder: Path) -> None:
    samples = samples_for(6)
    model = TransformersModel(folder, batch_size=4, sampling=Sampling())
    found = dict(model.respond(samples))
    assert {5 - i: response for i, response in model.respond(samples[::-1])} == found
    assert dict(model.respond(samples[:1])) == {0: found[0]}
