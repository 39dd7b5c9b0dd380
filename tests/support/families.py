"""Families of image-text-to-text models of transformers, built tiny, with random weights, in their genuine formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import transformers
from tiny_models import TEMPLATE, build_llava, byte_tokenizer, clip_pictures, save

t: Any = transformers
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    **SPECIAL,
}
EYE = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
OPT = {
    "model_type": "opt", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 48,
    "max_position_embeddings": 256, "word_embed_proj_dim": 32, **SPECIAL,
}  # fmt: skip


class Family(NamedTuple):
    """How to build a tiny checkpoint of a family, and what such a checkpoint needs."""

    build: Callable[[Path], Path]
    prompt: str | None = None
    package: str = ""
    """Of somebody else, which the family's processor imports."""


def side(length: int) -> dict[str, int]:
    return {"height": length, "width": length}


def eye(size: int = 24, patch: int = 8) -> dict[str, int]:
    return {**EYE, "image_size": size, "patch_size": patch}


def text(tokenizer: Any, kind: str = "", **more: Any) -> dict[str, Any]:
    return {**TEXT, "vocab_size": len(tokenizer), **({"model_type": kind} if kind else {}), **more}


def template(image: str) -> str:
    return TEMPLATE.replace("IMAGE\n", image)


class Nothing:
    """A processor whose files are written by hand: some cannot be made without torchvision."""

    def save_pretrained(self, folder: Path) -> None:
        pass


def save_apart(model: Any, folder: Path, kind: str, parts: list[Any], chat: str | None, **settings: Any) -> Path:
    """A model, the parts of its processor, and the settings that hold these together."""
    folder.mkdir(parents=True, exist_ok=True)
    save(model, Nothing(), folder)
    for part in parts:
        part.save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": kind, **settings}))
    if chat is not None:
        (folder / "chat_template.jinja").write_text(chat)
    return folder


def llava_next(folder: Path) -> Path:
    tokenizer, pins = byte_tokenizer("<image>"), [[24, 48], [48, 24], [48, 48]]
    config = t.LlavaNextConfig(
        vision_config=t.CLIPVisionConfig(**eye()),
        text_config=t.LlamaConfig(**text(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pins,
        vision_feature_layer=-1,
    )
    pictures = t.LlavaNextImageProcessorPil(size={"shortest_edge": 24}, crop_size=side(24), image_grid_pinpoints=pins)
    processor = t.LlavaNextProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template("<image>\n"),
    )
    return save(t.LlavaNextForConditionalGeneration(config), processor, folder)


def llava_onevision(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<image>", "<video>", image_token="<image>", video_token="<video>")
    image, video = tokenizer.convert_tokens_to_ids(["<image>", "<video>"])
    pins = [[24, 48], [48, 24], [48, 48]]
    config = t.LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model", **eye(), "vision_use_head": False},
        text_config=text(tokenizer, "qwen2"),
        image_token_id=image,
        video_token_id=video,
        image_grid_pinpoints=pins,
        vision_feature_layer=-1,
    )
    pictures = t.LlavaOnevisionImageProcessorPil(size=side(24), image_grid_pinpoints=pins)
    return save_apart(
        t.LlavaOnevisionForConditionalGeneration(config), folder, "LlavaOnevisionProcessor", [tokenizer, pictures],
        template("<image>\n"), num_image_tokens=9, vision_feature_select_strategy="full", image_token="<image>",
        video_token="<video>", vision_aspect_ratio="anyres_max_9",
    )  # fmt: skip


def vipllava(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<image>")
    config = t.VipLlavaConfig(
        vision_config=t.CLIPVisionConfig(**eye()),
        text_config=t.LlamaConfig(**text(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layers=[-2, -1],
        image_seq_length=9,
    )
    processor = t.LlavaProcessor(
        image_processor=clip_pictures(24),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template("<image>\n"),
    )
    return save(t.VipLlavaForConditionalGeneration(config), processor, folder)


def qwen(folder: Path, version: str) -> Path:
    special = ["<|vision_start|>", "<|image_pad|>", "<|video_pad|>", "<|vision_end|>"]
    tokenizer = byte_tokenizer(*special)
    names = ("vision_start", "image", "video", "vision_end")
    ids = dict(zip(names, tokenizer.convert_tokens_to_ids(special), strict=True))
    vision = {
        "2": {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 4},
        "2_5_": {
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "patch_size": 4,
            "out_hidden_size": 32, "fullatt_block_indexes": [1], "window_size": 16,
        },
        "3": {
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "patch_size": 4,
            "out_hidden_size": 32, "deepstack_visual_indexes": [0], "num_position_embeddings": 64,
        },
    }[version]  # fmt: skip
    name = f"Qwen{version}VL" if version != "2_5_" else "Qwen2_5_VL"
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    config = getattr(t, f"{name}Config")(
        text_config=text(tokenizer, rope_parameters=rope, **({"head_dim": 16} if version == "3" else {})),
        vision_config=vision,
        **{f"{key}_token_id": value for key, value in ids.items()},
    )
    chat = template("<|vision_start|><|image_pad|><|vision_end|>")
    pictures = t.Qwen2VLImageProcessorPil(patch_size=4, min_pixels=64, max_pixels=1600)
    model = getattr(t, f"{name}ForConditionalGeneration")(config)
    return save_apart(model, folder, f"{name}Processor", [tokenizer, pictures], chat)


def gemma3(folder: Path) -> Path:
    special = {"boi_token": "<start_of_image>", "image_token": "<image_soft_token>", "eoi_token": "<end_of_image>"}
    tokenizer = byte_tokenizer(*special.values(), **special)
    boi, image, eoi = tokenizer.convert_tokens_to_ids(list(special.values()))
    config = t.Gemma3Config(
        text_config=text(tokenizer, head_dim=16, sliding_window=64),
        vision_config=eye(),
        mm_tokens_per_image=9,
        boi_token_index=boi,
        image_token_index=image,
        eoi_token_index=eoi,
    )
    processor = t.Gemma3Processor(
        image_processor=t.Gemma3ImageProcessorPil(size=side(24)),
        tokenizer=tokenizer,
        image_seq_length=9,
        chat_template=template("<start_of_image>"),
    )
    return save(t.Gemma3ForConditionalGeneration(config), processor, folder, spread=0.1)


def paligemma(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<image>", image_token="<image>")
    pictures = t.SiglipImageProcessorPil(size=side(24))
    pictures.image_seq_length = 9
    config = t.PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", **eye(), "projection_dim": 32},
        text_config=text(tokenizer, "gemma", head_dim=16),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
    )
    processor = t.PaliGemmaProcessor(image_processor=pictures, tokenizer=tokenizer)
    return save(t.PaliGemmaForConditionalGeneration(config), processor, folder, spread=0.1)


def idefics2(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>")
    config = t.Idefics2Config(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_config=eye(patch=6),
        perceiver_config={
            "hidden_size": 32, "resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2,
            "resampler_head_dim": 16, "num_key_value_heads": 1,
        },
        text_config=text(tokenizer, "mistral"),
    )  # fmt: skip
    pictures = t.Idefics2ImageProcessorPil(size={"shortest_edge": 12, "longest_edge": 24}, do_image_splitting=False)
    processor = t.Idefics2Processor(pictures, tokenizer, image_seq_len=4, chat_template=template("<image>"))
    return save(t.Idefics2ForConditionalGeneration(config), processor, folder)


EDGES = {"size": {"longest_edge": 24}, "max_image_size": {"longest_edge": 24}, "do_image_splitting": False}


def idefics3(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    config = t.Idefics3Config(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_config=eye(patch=6),
        text_config=text(tokenizer, "llama"),
        scale_factor=2,
    )
    pictures = t.Idefics3ImageProcessorPil(**EDGES)
    processor = t.Idefics3Processor(pictures, tokenizer, image_seq_len=4, chat_template=template("<image>"))
    return save(t.Idefics3ForConditionalGeneration(config), processor, folder)


def smolvlm(folder: Path) -> Path:
    named = {
        "fake_image_token": "<fake_token_around_image>",
        "image_token": "<image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    }
    tokenizer = byte_tokenizer(*named.values(), **named)
    config = t.SmolVLMConfig(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_config=eye(patch=6),
        text_config=text(tokenizer, "llama"),
        scale_factor=2,
    )
    parts = [tokenizer, t.SmolVLMImageProcessorPil(**EDGES)]
    model = t.SmolVLMForConditionalGeneration(config)
    return save_apart(model, folder, "SmolVLMProcessor", parts, template("<image>"), image_seq_len=4)


def internvl(folder: Path) -> Path:
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokenizer = byte_tokenizer(*named.values(), **named)
    config = t.InternVLConfig(
        vision_config={**EYE, "image_size": [28, 28], "patch_size": [7, 7]},
        text_config=text(tokenizer, "qwen2"),
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    parts = [tokenizer, t.GotOcr2ImageProcessorPil(size=side(28), crop_to_patches=False)]
    model = t.InternVLForConditionalGeneration(config)
    return save_apart(model, folder, "InternVLProcessor", parts, template("<IMG_CONTEXT>\n"), image_seq_length=4)


def got_ocr2(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<imgpad>", "<img>", "</img>")
    config = t.GotOcr2Config(
        vision_config={
            "hidden_size": 16, "output_channels": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 256, "patch_size": 4, "mlp_dim": 32, "window_size": 4, "global_attn_indexes": [],
        },
        text_config=text(tokenizer, "qwen2"),
        image_token_id=tokenizer.convert_tokens_to_ids("<imgpad>"),
        image_seq_length=256,
    )  # fmt: skip
    processor = t.GotOcr2Processor(t.GotOcr2ImageProcessorPil(size=side(256)), tokenizer)
    return save(t.GotOcr2ForConditionalGeneration(config), processor, folder)


def pixtral(folder: Path) -> Path:
    tokenizer = byte_tokenizer("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    config = t.LlavaConfig(
        vision_config=t.PixtralVisionConfig(**{**eye(32), "head_dim": 8}),
        text_config=t.MistralConfig(**text(tokenizer, head_dim=16)),
        image_token_id=tokenizer.convert_tokens_to_ids("[IMG]"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        image_seq_length=1,
    )
    pictures = t.PixtralImageProcessorPil(size={"longest_edge": 32}, patch_size=side(8))
    processor = t.PixtralProcessor(pictures, tokenizer, patch_size=8, chat_template=template("[IMG]\n"))
    return save(t.LlavaForConditionalGeneration(config), processor, folder)


def mistral3(folder: Path) -> Path:
    tokenizer = byte_tokenizer("[IMG]", "[IMG_BREAK]", "[IMG_END]")
    config = t.Mistral3Config(
        vision_config=t.PixtralVisionConfig(**{**eye(32, 4), "head_dim": 8}),
        text_config=t.MistralConfig(**text(tokenizer, head_dim=16)),
        image_token_id=tokenizer.convert_tokens_to_ids("[IMG]"),
        vision_feature_layer=-1,
        spatial_merge_size=2,
    )
    pictures = t.PixtralImageProcessorPil(size={"longest_edge": 32}, patch_size=side(8))
    processor = t.PixtralProcessor(
        pictures, tokenizer, patch_size=4, spatial_merge_size=2, chat_template=template("[IMG]\n")
    )
    return save(t.Mistral3ForConditionalGeneration(config), processor, folder)


def mllama(folder: Path) -> Path:
    tokenizer = byte_tokenizer("<|image|>", "<|python_tag|>")
    config = t.MllamaConfig(
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_global_layers": 1,
            "attention_heads": 2, "num_attention_heads": 2, "image_size": 28, "patch_size": 7, "vision_output_dim": 48,
            "intermediate_layers_indices": [0, 1], "max_num_tiles": 2,
            "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        },
        text_config=text(
            tokenizer, cross_attention_layers=[1], rope_parameters={"rope_type": "default", "rope_theta": 1e4}
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
    )  # fmt: skip
    pictures = t.MllamaImageProcessorPil(size=side(28), max_image_tiles=2)
    processor = t.MllamaProcessor(pictures, tokenizer, chat_template=template("<|image|>"))
    return save(t.MllamaForConditionalGeneration(config), processor, folder)


def blip(folder: Path, instructed: bool) -> Path:
    tokenizer = byte_tokenizer()
    name = "InstructBlip" if instructed else "Blip2"
    parts = [t.BlipImageProcessorPil(size=side(24)), tokenizer, *([byte_tokenizer()] if instructed else [])]
    processor = getattr(t, f"{name}Processor")(*parts, num_query_tokens=4)  # gives the tokenizer its picture token
    former = {"vocab_size": 300, "encoder_hidden_size": 16, "cross_attention_frequency": 1}
    config = getattr(t, f"{name}Config")(
        vision_config=eye(),
        qformer_config={**EYE, **former, "max_position_embeddings": 512},
        text_config={**OPT, "vocab_size": len(tokenizer)},
        num_query_tokens=4,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    return save(getattr(t, f"{name}ForConditionalGeneration")(config), processor, folder)


def git(folder: Path) -> Path:
    tokenizer = byte_tokenizer()
    own = {key: value for key, value in text(tokenizer).items() if key != "num_key_value_heads"}
    config = t.GitConfig(vision_config=eye(), **own)
    return save(t.GitForCausalLM(config), t.GitProcessor(clip_pictures(24), tokenizer), folder)


def aya_vision(folder: Path) -> Path:
    special = ("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE", "TILE_GLOBAL")
    tokenizer = byte_tokenizer("<image>", *special)
    config = t.AyaVisionConfig(
        vision_config={"model_type": "siglip_vision_model", **eye(32), "vision_use_head": False},
        text_config=text(tokenizer, "cohere2"),
        image_token_id=tokenizer.convert_tokens_to_ids("<|IMG_PATCH|>"),
        downsample_factor=2,
    )
    processor = t.AyaVisionProcessor(
        t.GotOcr2ImageProcessorPil(size=side(32), crop_to_patches=False),
        tokenizer,
        patch_size=8,
        img_size=32,
        image_token="<image>",
        downsample_factor=2,
        chat_template=template("<image>"),
    )
    return save(t.AyaVisionForConditionalGeneration(config), processor, folder)


def pix2struct(folder: Path) -> Path:
    tokenizer = byte_tokenizer()
    config = t.Pix2StructConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 32, "d_kv": 16, "d_ff": 48, "num_layers": 2, "num_heads": 2,
            "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0,
        },
        vision_config={
            "hidden_size": 32, "patch_embed_hidden_size": 768, "d_ff": 48, "d_kv": 16, "num_hidden_layers": 2,
            "num_attention_heads": 2, "seq_len": 64,
        },
    )  # fmt: skip
    processor = t.Pix2StructProcessor(t.Pix2StructImageProcessorPil(max_patches=16), tokenizer)
    return save(t.Pix2StructForConditionalGeneration(config), processor, folder)


FAMILIES = {
    "LLaVA": Family(build_llava),
    "LLaVA-NeXT": Family(llava_next),
    "LLaVA-OneVision": Family(llava_onevision),
    "VipLLaVA": Family(vipllava),
    "Qwen2-VL": Family(lambda folder: qwen(folder, "2")),
    "Qwen2.5-VL": Family(lambda folder: qwen(folder, "2_5_")),
    "Qwen3-VL": Family(lambda folder: qwen(folder, "3")),
    "Gemma 3": Family(gemma3),
    "PaliGemma": Family(paligemma, "<image>answer en {question}\n"),
    "Idefics2": Family(idefics2),
    "Idefics3": Family(idefics3),
    "SmolVLM": Family(smolvlm, package="num2words"),
    "InternVL": Family(internvl),
    "GOT-OCR2": Family(got_ocr2, "<img><imgpad></img>\n{question}"),
    "Pixtral": Family(pixtral, package="torchvision"),
    "Mistral 3": Family(mistral3, package="torchvision"),
    "Llama 3.2 Vision": Family(mllama),
    "BLIP-2": Family(lambda folder: blip(folder, False), "Question: {question} Answer:"),
    "InstructBLIP": Family(lambda folder: blip(folder, True), "{question}"),
    "GIT": Family(git, "{question}"),
    "Aya Vision": Family(aya_vision),
    "Pix2Struct": Family(pix2struct, "{question}"),
}
"""By the name that people know."""
