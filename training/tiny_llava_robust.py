"""Fine-tune `tiny-llava-robust`, the second built-in model: `tiny-llava`, trained further on shifted data.

    python training/tiny_llava_robust.py --base pytest_emid/assets/tiny-llava --out pytest_emid/assets/tiny-llava-robust

Half of the pictures and half of the questions are shifted, independently, by one of `VISUAL` and one of `TEXTUAL` at a
severity from 1 to 5. Every other shift stays unseen, also every other blur and every synonym; so do the domains other
than the training one. The languages keep the shares that the base was trained with.

Weights are kept as float16, which halves the file; the config says float32, so that `from_pretrained` computes in
float32 as for the base. Seeded; the same machine, thread count and library versions give the same weights.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import time
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from tiny_llava import Batch, Batches, Heads, build_optimizers, forward
from torch import nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from pytest_emid import shifts
from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.languages import LANGUAGES

VISUAL = ("frost", "gaussian_blur")
TEXTUAL = ("keyboard", "ocr")
SEVERITIES = (1, 2, 3, 4, 5)


class ShiftedBatches(Batches):
    """Batches in which a share of the pictures, and of the questions, is shifted."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        images: int,
        questions: int,
        seed: str,
        visual: float,
        textual: float,
    ) -> None:
        """`visual` and `textual` are the shares that are shifted."""
        super().__init__(tokenizer, images, questions, seed, hard=True)
        self.visual, self.textual = visual, textual
        self.coins = scenes.generator(0, "robust", seed)
        self.shifts = {
            name: [shifts.parse(f"{name}:{severity}") for severity in SEVERITIES] for name in (*VISUAL, *TEXTUAL)
        }

    def picture(self, of: scenes.Scene) -> Image.Image:
        clean = super().picture(of)
        if self.coins.random() >= self.visual:
            return clean
        return self._drawn(VISUAL).apply_image(clean, self._number())

    def ask(self, of: scenes.Scene, category: str) -> scenes.Question:
        question = super().ask(of, category)
        if self.coins.random() >= self.textual:
            return question
        return replace(question, text=self._drawn(TEXTUAL).apply_text(question.text, self._number()))

    def encode(self, text: str) -> list[int]:
        """Without the memory of the base class: hardly any typo is met twice."""
        return self.tokenizer(text, add_special_tokens=False).input_ids

    def _drawn(self, names: tuple[str, ...]) -> shifts.SyntheticShift:
        levels = self.shifts[names[int(self.coins.integers(len(names)))]]
        return levels[int(self.coins.integers(len(levels)))]

    def _number(self) -> int:
        return int(self.coins.integers(2**32))


def train_step(
    model: LlavaForConditionalGeneration,
    heads: Heads,
    optimizers: list[torch.optim.Optimizer],
    batch: Batch,
    share: float,
) -> str:
    """One step at `share` of the peak rates; what happened, in words."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group["lr"] = group["peak"] * share
    loss, auxiliary, right = forward(model, heads, batch)
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    (loss + 0.5 * auxiliary).backward()
    nn.utils.clip_grad_norm_([*model.parameters(), *heads.parameters()], 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return f"loss {loss.item():.4f} patches {auxiliary.item():.4f} exact {right.float().mean().item():.3f}"


def exact_share(model: LlavaForConditionalGeneration, heads: Heads, batch: Batch) -> float:
    """Share of a held-out batch's answers of which every token is the most likely one."""
    model.eval()
    with torch.inference_mode():
        share = float(forward(model, heads, batch)[2].float().mean())
    model.train()
    return share


def save(model: LlavaForConditionalGeneration, base: Path, out: Path) -> None:
    """The base's processor, and weights as float16 under a config that says float32."""
    shutil.copytree(base, out, dirs_exist_ok=True)
    model.half().save_pretrained(out)
    config = out / "config.json"
    config.write_text(config.read_text().replace('"float16"', '"float32"'))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="the folder of tiny-llava")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3, help="AdamW's: embeddings, norms, biases, heads")
    parser.add_argument("--muon-rate", type=float, default=5e-3, help="Muon's: the matrices inside the layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(options.base)
    model = LlavaForConditionalGeneration.from_pretrained(options.base)
    model.train()
    heads = Heads(model.config.vision_config.hidden_size)

    def batches(images: int, seed: str, visual: float, textual: float) -> ShiftedBatches:
        return ShiftedBatches(tokenizer, images, options.questions, seed, visual, textual)

    held_out = {
        "pictures shifted": batches(40, "robust-held-out", 1.0, 0.0).draw(0.0),
        "questions shifted": batches(40, "robust-held-out", 0.0, 1.0).draw(0.0),
        **{code: Batches(tokenizer, 40, 8, "held-out", LANGUAGES[code]).draw(0.0) for code in ("en", "de", "zh")},
    }
    training = batches(options.images, f"robust-{options.seed}", 0.5, 0.5)
    optimizers = build_optimizers(model, heads, options.rate, options.muon_rate)
    start, history = time.perf_counter(), []
    for step in range(options.steps + 1):
        if step % 200 == 0 or step == options.steps:
            exact = {name: exact_share(model, heads, batch) for name, batch in held_out.items()}
            history.append({"step": step, "held_out_exact": exact})
            minutes = (time.perf_counter() - start) / 60
            print(f"{step:6d} held out:", {n: round(e, 3) for n, e in exact.items()}, f"{minutes:.1f} min", flush=True)
        if step < options.steps:
            falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / options.steps))
            told = train_step(model, heads, optimizers, training.draw(0.0), min(1.0, (step + 1) / 50) * falling)
            if step % 50 == 0:
                print(f"{step:6d} {told}", flush=True)
    save(model, options.base, options.out)
    settings = {name: value for name, value in vars(options).items() if name not in ("base", "out")}
    record = {"options": settings, "visual": VISUAL, "textual": TEXTUAL, "history": history}
    (options.out / "training.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
