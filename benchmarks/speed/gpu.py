"""Answers and vectors a second on a GPU, against a hand-written batched `generate` loop, with nothing to download.

    python benchmarks/speed/gpu.py --out gpu.json            # some seven minutes on an H100
    python benchmarks/speed/gpu.py --small --out gpu.json    # the same steps on a CPU with a tiny model

The model has the shape of LLaVA with 1.2 B random parameters in bfloat16, the pictures are 640 x 480, and every answer
is 32 tokens long. All sides have the same weights, pictures and questions; they are asked in turn in one process, each
once before the clock runs, and the fastest of the rounds counts, in wall time. The file is written after every step.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import logging
import os
import platform
import pstats
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
import transformers
from PIL import Image
from plain_loop import Plain

import pytest_emid
from pytest_emid.data.sample import Sample
from pytest_emid.encoders import ClipImageEncoder
from pytest_emid.models import TransformersModel
from pytest_emid.models.backend.loading import load_processor, quietly

R = TypeVar("R")
ASSETS: Final = Path(pytest_emid.__file__).parent / "assets"
QUESTIONS: Final = (
    "What colour is the largest object in this picture?",
    "Describe the picture in detail.",
    "How many things are there?",
    "What could the person on the left be about to do, and why do you think so?",
)


class Report:
    """Figures, written to a file as they come."""

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self._path = path
        self._start = time.perf_counter()
        self.figures = about

    def note(self, name: str, value: Any) -> None:
        self.figures[name] = value
        self._path.write_text(json.dumps(self.figures, indent=1) + "\n")
        print(f"[{time.perf_counter() - self._start:6.1f} s] {name}: {value}", flush=True)


def build_model(folder: Path, small: bool) -> int:
    """Save a model in the shape of LLaVA, with random weights; returns how many."""
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, LlamaConfig, LlavaConfig

    auto: Any = transformers
    tokenizer = auto.AutoTokenizer.from_pretrained(ASSETS / "tiny-llava")
    known = json.loads((ASSETS / "tiny-llava" / "config.json").read_text())
    named = json.loads((ASSETS / "tiny-llava" / "processor_config.json").read_text())
    side = 84 if small else 336
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=32 if small else 1024,
            intermediate_size=64 if small else 4096,
            num_hidden_layers=2 if small else 24,
            num_attention_heads=2 if small else 16,
            image_size=side,
            patch_size=14,
        ),
        text_config=LlamaConfig(
            vocab_size=max(len(tokenizer), known["text_config"]["vocab_size"]),
            hidden_size=64 if small else 2048,
            intermediate_size=128 if small else 5632,
            num_hidden_layers=2 if small else 20,
            num_attention_heads=4 if small else 16,
            num_key_value_heads=4,
            max_position_embeddings=4096,
            **ids,
        ),
        image_token_index=known.get("image_token_index", known.get("image_token_id")),
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=(side // 14) ** 2,
    )
    torch.manual_seed(0)
    model = auto.LlavaForConditionalGeneration(config).to(torch.bfloat16)
    model.generation_config.eos_token_id = None  # every answer has all its tokens
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    processor = auto.LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side}),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=(ASSETS / "tiny-llava" / "chat_template.jinja").read_text(),
        image_token=named.get("image_token", "<image>"),
        num_additional_image_tokens=1,
    )
    with quietly():
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def build_clip(folder: Path, small: bool) -> None:
    """Save a CLIP whose vision tower has the shape of ViT-B/32, with random weights."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    auto: Any = transformers
    text = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {
        "hidden_size": 32 if small else 768,
        "intermediate_size": 64 if small else 3072,
        "num_hidden_layers": 2 if small else 12,
        "num_attention_heads": 2 if small else 12,
        "image_size": 224,
        "patch_size": 32,
    }
    torch.manual_seed(0)
    tokenizer = auto.AutoTokenizer.from_pretrained(ASSETS / "tiny-clip")
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})
    with quietly():
        CLIPModel(CLIPConfig(text_config={**text, "vocab_size": len(tokenizer)}, vision_config=vision)).save_pretrained(
            folder
        )
        auto.CLIPProcessor(pictures, tokenizer).save_pretrained(folder)


def photo(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)


def timed(side: Callable[[], R]) -> tuple[float, R]:
    """Seconds of wall time, and what came of it."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    found = side()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start, found


def answers(model: TransformersModel, samples: Sequence[Sample]) -> list[str]:
    found = dict(model.respond(samples))
    assert all(not response.error for response in found.values()), next(r.error for r in found.values() if r.error)
    return [found[i].text for i in range(len(samples))]


def compare_answers(
    report: Report, folder: Path, samples: Sequence[Sample], device: str, sizes: Sequence[int], new: int, rounds: int
) -> None:
    """The plain loop, ours, and ours where samples may depend on their place, in turn; and whether they do."""
    plain = Plain(folder, device, torch.bfloat16)
    options: dict[str, Any] = {"device": device, "max_new_tokens": new}
    ours, placed = (TransformersModel(folder, independent=independent, **options) for independent in (True, False))
    for size in reversed(sizes):
        ours.batch_size = placed.batch_size = size
        sides: dict[str, Callable[[Sequence[Sample]], list[str]]] = {
            "plain": lambda some, size=size: plain.answer(some, size, max_new_tokens=new),  # type: ignore[misc]
            "ours": lambda some: answers(ours, some),
            "placed": lambda some: answers(placed, some),
        }
        first: dict[str, float] = {}
        for name, side in sides.items():
            first[name], _ = timed(lambda side=side, size=size: side(samples[:size]))  # type: ignore[misc]
            report.note(f"first batch of {name} at batch {size}, seconds", round(first[name], 2))
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        texts: dict[str, list[str]] = {}
        for _ in range(rounds):
            for name, side in sides.items():
                took, texts[name] = timed(lambda side=side: side(samples))  # type: ignore[misc]
                seconds[name].append(took)
                report.note(f"seconds of {name} at batch {size}", [round(s, 2) for s in seconds[name]])
        rates = {name: len(samples) / min(took) for name, took in seconds.items()}
        order = np.random.default_rng(1).permutation(len(samples))
        for name in ("ours", "placed"):
            moved = dict(zip(order.tolist(), sides[name]([samples[i] for i in order]), strict=True))
            few = sides[name](samples[:5])
            report.note(
                f"answers of {name} at batch {size} that depend on the request",
                sum(moved[i] != text for i, text in enumerate(texts[name]))
                + sum(a != b for a, b in zip(few, texts[name], strict=False)),
            )
        report.note(
            f"answers at batch {size}",
            {
                "per_second": {name: round(rate, 2) for name, rate in rates.items()},
                "over_plain": {name: round(rates[name] / rates["plain"], 3) for name in ("ours", "placed")},
                "unlike_plain": {
                    name: sum(a != b for a, b in zip(texts[name], texts["plain"], strict=True))
                    for name in ("ours", "placed")
                },
                "different_answers": len(set(texts["plain"])),
            },
        )
    profile(report, "ours", lambda: answers(ours, samples))


def profile(report: Report, name: str, side: Callable[[], object]) -> None:
    """Where the asking thread's time goes."""
    watch = cProfile.Profile()
    watch.enable()
    side()
    watch.disable()
    rows = sorted(pstats.Stats(watch).stats.items(), key=lambda row: -row[1][2])[:12]  # type: ignore[attr-defined]
    report.note(
        f"profile of {name}",
        {f"{Path(file).name}:{line}:{function}": round(row[2], 2) for (file, line, function), row in rows},
    )


def out_of_memory(report: Report, folder: Path, samples: Sequence[Sample], gigabytes: float, size: int) -> None:
    """A batch that does not fit is halved until it does, and every sample is answered."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(gigabytes * 1e9 / total)
    model = TransformersModel(folder, device="cuda", batch_size=size, max_new_tokens=16)
    took, found = timed(lambda: answers(model, samples))
    report.note(
        f"out of memory at {gigabytes:g} GB, batch {size}",
        {"answered": len(found), "asked": len(samples), "seconds": round(took, 1)},
    )
    torch.cuda.set_per_process_memory_fraction(1.0)


def encode(
    report: Report, folder: Path, samples: Sequence[Sample], device: str, sizes: Sequence[int], rounds: int
) -> None:
    pictures = [sample.open_image() for sample in samples]
    for size in sizes:
        encoder = ClipImageEncoder(folder, device=device, batch_size=size)
        encoder.encode(pictures[:size])
        took = [timed(lambda: encoder.encode(pictures))[0] for _ in range(rounds)]  # noqa: B023
        few, _ = timed(lambda: encoder.encode(pictures[:5]))  # noqa: B023
        report.note(
            f"clip at batch {size}",
            {"pictures_per_second": round(len(pictures) / min(took), 1), "five_pictures_seconds": round(few, 4)},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="file to write the figures to, as JSON")
    parser.add_argument("--small", action="store_true", help="a tiny model on the CPU")
    parser.add_argument("--pictures", type=int, help="how many (256; small: 24)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("answers", "clip", "memory"), help="one part")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    small, rounds = arguments.small, arguments.rounds
    device = "cpu" if small else "cuda"
    new, sizes = (8, [4, 8]) if small else (32, [16, 64])
    report = Report(
        arguments.out,
        {
            "card": "cpu" if small else torch.cuda.get_device_name(),
            "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "settings": {"new_tokens": new, "rounds": rounds},
        },
    )
    samples = [
        Sample(str(i), photo(i), QUESTIONS[i % 4], "an answer")
        for i in range(arguments.pictures or (24 if small else 256))
    ]
    failed: list[str] = []
    work = Path(tempfile.mkdtemp())
    try:
        if arguments.only != "clip":
            report.note("parameters", build_model(work / "llava", small))
        build_clip(work / "clip", small)
        processor: Any = load_processor(str(work / "clip"), None, False).image_processor
        took, _ = timed(lambda: [processor(sample.open_image(), return_tensors="pt") for sample in samples[:16]])
        report.note("clip prepares a picture in ms, one thread", round(1e3 * took / 16, 2))
        parts: dict[str, Callable[[], None]] = {
            "clip": lambda: encode(report, work / "clip", samples, device, sizes if small else [16, 128], rounds),
            "memory": lambda: None if small else out_of_memory(report, work / "llava", samples, 10.0, 256),
            "answers": lambda: compare_answers(report, work / "llava", samples, device, sizes, new, rounds),
        }
        for name, part in parts.items():
            if arguments.only in (None, name):
                try:
                    part()
                except Exception as error:  # the card is lent for minutes: what else there is to see is still seen
                    failed.append(name)
                    report.note(f"error in {name}", "".join(traceback.format_exception(error))[-4000:])
                gc.collect()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
