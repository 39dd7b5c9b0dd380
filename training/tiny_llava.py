"""Train `tiny-llava`, the built-in model, from scratch: about 1.3 M parameters, at most an hour on two CPU cores.
Needs torch 2.9 or later, for its Muon optimiser.

    python training/tiny_llava.py --out first --steps 4500
    python training/tiny_llava.py --start first --seed 1 --steps 2600 --scale 0.6 --out pytest_emid/assets/tiny-llava

The result is a plain Hugging Face folder (`LlavaForConditionalGeneration`, safetensors, processor, chat template)
that `from_pretrained` loads with no special code path. What makes it learn in minutes rather than hours:

* *Packing*: a picture is encoded once and answers several questions in one sequence. A block mask and position ids
  keep the questions from seeing one another, so that every block is exactly what generation sees later.
* *A dense auxiliary loss*: while training, linear heads on the vision tower's patches predict what covers each
  patch (shape, colour, size). Binding attributes to objects is the slow part; this teaches it directly. The heads
  are thrown away.
* *A curriculum*: pictures start with one object.
* *Muon* for the matrices inside the layers, AdamW for all else.
* *A second run* in which questions that are learned first (how many? alone?) make room for those that need two looks
  at the picture (which shape is the red one?). Those come late and suddenly: at step 1,400 of the second run.

Questions come in several languages with the shares of `SHARES`, and answers are always English: a language is seen
often, rarely or never, so that what a shift of language costs depends on it. Pictures are of the training domain only.

Seeded; the same machine, thread count and library versions give the same weights.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.languages import LANGUAGES, Language

PATCH = 8
GRID = scenes.SIDE // PATCH
SHARES = {"en": 0.74, "de": 0.125, "zh": 0.125, "ko": 0.006, "el": 0.004, "ar": 0.0, "hi": 0.0}
"""Share of each language among the questions."""
KEPT = {"color": 0.4, "count": 0.2, "company": 0.2, "place": 0.5, "size": 0.8, "compare": 0.8}
"""Share of the questions of a kind that the second run keeps: those that are learned first make room for the others."""
TRAINING_SEED = 20_000  # a stream of its own: evaluation sets use small seeds
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ message['role'] | upper }}: "
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
    "{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% else %}{{ ' ' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def draw_language(rng: np.random.Generator) -> Language:
    return LANGUAGES[str(rng.choice(list(SHARES), p=list(SHARES.values())))]


def build_tokenizer(vocabulary: int = 1024) -> PreTrainedTokenizerFast:
    """Byte-level BPE: every typo and every script reaches the model, where need be as single bytes."""
    rng = scenes.generator(TRAINING_SEED, "tokenizer")
    corpus = []
    for _ in range(4000):
        picture = scenes.scene(rng)
        for category in scenes.CATEGORIES:
            question = scenes.ask(picture, category, rng, draw_language(rng))
            corpus += [f"\n{question.text} ASSISTANT:", f" {question.answer}", "USER: "]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=["<pad>", "<s>", "</s>", "<image>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<image>"],
        padding_side="left",
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    size = {"height": scenes.SIDE, "width": scenes.SIDE}
    pictures = CLIPImageProcessorPil(
        size=size, crop_size=size, image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5], resample=3
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    vision = CLIPVisionConfig(
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=scenes.SIDE,
        patch_size=PATCH,
        projection_dim=96,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=GRID * GRID,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.generation_config.max_new_tokens = 72
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return model


@dataclass
class Batch:
    pixels: torch.Tensor
    tokens: torch.Tensor
    positions: torch.Tensor
    blocks: torch.Tensor
    labels: torch.Tensor
    patches: torch.Tensor


class Heads(nn.Module):
    """What covers each patch: shape (or nothing), colour (or nothing), size (or nothing)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = (len(scenes.SHAPES) + 1, len(scenes.COLORS) + 1, len(scenes.SIZES) + 1)
        self.linear = nn.Linear(width, sum(self.sizes))

    def loss(self, features: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
        parts = self.linear(features).split(self.sizes, dim=-1)
        return sum(
            nn.functional.cross_entropy(part.flatten(0, 1), patches[..., i].flatten()) for i, part in enumerate(parts)
        ) / len(parts)


def patch_labels(of: scenes.Scene) -> np.ndarray:
    labels = np.zeros((GRID * GRID, 3), dtype=np.int64)
    middle = (np.arange(GRID) + 0.5) * PATCH
    for thing in of.things:
        reach = scenes.SIZES[thing.size] + PATCH * 0.25
        rows = np.abs(middle - thing.y) <= reach
        columns = np.abs(middle - thing.x) <= reach
        labels[np.outer(rows, columns).ravel()] = (
            1 + scenes.SHAPES.index(thing.shape),
            1 + list(scenes.COLORS).index(thing.color),
            1 + list(scenes.SIZES).index(thing.size),
        )
    return labels


class Batches:
    """Endless packed batches: `images` pictures, each with `questions` questions that cannot see one another."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        images: int,
        questions: int,
        seed: str,
        language: Language | None = None,
        hard: bool = False,
    ) -> None:
        """`language` is that of all questions; None draws one for each question. `hard` keeps `KEPT` of each kind."""
        self.tokenizer, self.images, self.questions, self.language = tokenizer, images, questions, language
        self.hard = hard
        self.rng = scenes.generator(TRAINING_SEED, seed)
        image = tokenizer.convert_tokens_to_ids("<image>")
        before = tokenizer("USER: ").input_ids
        self.prefix = before + [image] * (GRID * GRID)
        self.cache: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        if text not in self.cache:
            self.cache[text] = self.tokenizer(text, add_special_tokens=False).input_ids
        return self.cache[text]

    def picture(self, of: scenes.Scene) -> Image.Image:
        return scenes.draw(of)

    def ask(self, of: scenes.Scene, category: str) -> scenes.Question:
        language = self.language or draw_language(self.rng)
        question = scenes.ask(of, category, self.rng, language)
        while self.hard and len(of.things) > 1 and self.rng.random() >= KEPT.get(question.kind, 1.0):
            question = scenes.ask(of, category, self.rng, language)
        return question

    def categories(self) -> list[str]:
        """What is asked about each picture."""
        return ["detail", "complex", "complex", "complex"] + ["conversation"] * (self.questions - 4)

    def draw(self, single: float) -> Batch:
        rows, pixels, patches = [], [], []
        for _ in range(self.images):
            of = scenes.scene(self.rng, count=1 if self.rng.random() < single else None)
            pixels.append(np.asarray(self.picture(of), dtype=np.float32))
            patches.append(patch_labels(of))
            row = [(t, p, 0, -100) for p, t in enumerate(self.prefix)]
            start = len(self.prefix)
            for block, category in enumerate(self.categories(), start=1):
                question = self.ask(of, category)
                asked = self.encode(f"\n{question.text} ASSISTANT:")
                answered = [*self.encode(f" {question.answer}"), self.tokenizer.eos_token_id]
                targets = [-100] * (len(asked) - 1) + answered + [-100]
                for i, (token, target) in enumerate(zip(asked + answered, targets, strict=True)):
                    row.append((token, start + i, block, target))
            rows.append(row)
        width = max(map(len, rows))
        table = torch.tensor([row + [(0, 0, -1, -100)] * (width - len(row)) for row in rows])
        return Batch(
            pixels=torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2) / 127.5 - 1.0,
            tokens=table[..., 0],
            positions=table[..., 1],
            blocks=table[..., 2],
            labels=table[..., 3],
            patches=torch.from_numpy(np.stack(patches)),
        )


def block_mask(blocks: torch.Tensor) -> torch.Tensor:
    """True where a token may look: backwards, at the picture (block 0) and at its own question."""
    length = blocks.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    own = blocks[:, :, None] == blocks[:, None, :]
    shared = (blocks == 0)[:, None, :]
    return ((own | shared) & causal)[:, None]


def forward(model: LlavaForConditionalGeneration, heads: Heads, batch: Batch) -> tuple[torch.Tensor, ...]:
    """Answer loss, auxiliary loss, and per block whether every answer token is the most likely one."""
    inner = model.model
    features = inner.vision_tower(batch.pixels).last_hidden_state[:, 1:]
    embedded = inner.get_input_embeddings()(batch.tokens)
    is_image = (batch.tokens == model.config.image_token_id).unsqueeze(-1)
    embedded = embedded.masked_scatter(is_image, inner.multi_modal_projector(features))
    hidden = inner.language_model(
        inputs_embeds=embedded, attention_mask=block_mask(batch.blocks), position_ids=batch.positions, use_cache=False
    ).last_hidden_state
    asked = batch.labels != -100
    logits = model.lm_head(hidden[asked])
    loss = nn.functional.cross_entropy(logits, batch.labels[asked])
    wrong = torch.zeros(batch.tokens.shape[0], int(batch.blocks.max()) + 1)
    where = asked.nonzero()[:, 0], batch.blocks[asked]
    wrong.index_put_(where, (logits.argmax(-1) != batch.labels[asked]).float(), accumulate=True)
    return loss, heads.loss(features, batch.patches), wrong[:, 1:] == 0


def build_optimizers(
    model: LlavaForConditionalGeneration, heads: Heads, rate: float, muon_rate: float
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for all else; each group knows its peak rate."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and ".layers." in name]
    inside = {id(p) for p in matrices}
    others = [p for p in [*model.parameters(), *heads.parameters()] if id(p) not in inside]
    return [
        torch.optim.Muon([{"params": matrices, "peak": muon_rate}], lr=muon_rate, momentum=0.95, weight_decay=0.02),
        torch.optim.AdamW([{"params": others, "peak": rate}], lr=rate, betas=(0.9, 0.98), weight_decay=0.02),
    ]


def save(model: LlavaForConditionalGeneration, processor: LlavaProcessor, out: Path) -> None:
    model.save_pretrained(out)
    processor.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3, help="AdamW's: embeddings, norms, biases, heads")
    parser.add_argument("--muon-rate", type=float, default=12e-3, help="Muon's: the matrices inside the layers")
    parser.add_argument("--scale", type=float, default=1.0, help="of both rates")
    parser.add_argument("--start", type=Path, help="go on from this folder's weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    tokenizer = build_tokenizer()
    processor = build_processor(tokenizer)
    model = build_model(tokenizer)
    again = options.start is not None
    if again:
        model.load_state_dict(LlavaForConditionalGeneration.from_pretrained(options.start).state_dict())
        model.train()
    heads = Heads(model.config.vision_config.hidden_size)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(tokenizer)} tokens")
    batches = Batches(tokenizer, options.images, options.questions, f"train-{options.seed}", hard=again)
    held_out = {code: Batches(tokenizer, 40, 8, "held-out", LANGUAGES[code]).draw(0.0) for code in SHARES}
    parameters = [*model.parameters(), *heads.parameters()]
    optimizers = build_optimizers(model, heads, options.rate, options.muon_rate)
    start, running = time.perf_counter(), 0.0
    history = []
    for step in range(options.steps):
        done = step / options.steps
        warm = min(1.0, (step + 1) / 200)
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = options.scale * group["peak"] * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        batch = batches.draw(single=max(0.0, 0.8 - 8 * done) if not again else 0.0)
        loss, auxiliary, right = forward(model, heads, batch)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        (loss + 0.5 * auxiliary).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        running = float(right.float().mean()) if step == 0 else 0.95 * running + 0.05 * float(right.float().mean())
        if step % 100 == 0:
            minutes = (time.perf_counter() - start) / 60
            print(
                f"{step:6d} loss {loss.item():.4f} patches {auxiliary.item():.4f} exact {running:.3f} "
                f"{minutes:.1f} min",
                flush=True,
            )
        if (step + 1) % 500 == 0 or step + 1 == options.steps:
            model.eval()
            with torch.inference_mode():
                exact = {code: float(forward(model, heads, b)[2].float().mean()) for code, b in held_out.items()}
            model.train()
            history.append({"step": step + 1, "held_out_exact": exact})
            print("      held out:", {code: round(share, 2) for code, share in exact.items()}, flush=True)
            save(model, processor, options.out)
    settings = {name: value for name, value in vars(options).items() if name not in ("out", "start")}
    runs = [] if not again else json.loads((options.start / "training.json").read_text())["runs"]
    record = {"shares": SHARES, "runs": [*runs, {"options": settings, "history": history}]}
    (options.out / "training.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
