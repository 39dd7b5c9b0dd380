"""Train the built-in encoders from scratch: `tiny-clip` (a `CLIPModel`) and `tiny-xlm-r` (an `XLMRobertaModel`).

    python training/tiny_encoders.py --out pytest_emid/assets

Both are plain Hugging Face folders in the genuine formats with their genuine tokenizer and processor classes, so that
the encoder code that users run on the real checkpoints runs offline too. About ten minutes on two CPU cores.

* `tiny-clip` learns by the contrastive loss of CLIP on pictures and their descriptions. The paper's recipe pools the
  *patch tokens* of the last layer, which that loss does not reach, so linear heads on the patches (what covers this
  patch?) are trained beside it and thrown away.
* `tiny-xlm-r` learns by masked language modelling on answers and on questions in seven languages.

Both give 128 numbers, so that the query's embedding is the mean of picture and question, as in the paper.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tiny_llava import PATCH, TRAINING_SEED, Heads, patch_labels
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaModel,
    XLMRobertaTokenizer,
)

from pytest_emid.data.scenes import scene as scenes
from pytest_emid.data.scenes.languages import LANGUAGES

WIDTH = 128
IDEOGRAPH = re.compile("[\u2e80-\u9fff]")
PRINTABLE = [chr(code) for code in range(33, 127)]
ENGLISH_SHARE = 0.5


def texts(n: int, name: str, english: float = 1.0) -> list[str]:
    """Questions and answers about n scenes; a share of the questions is English, the others are in any language."""
    rng = scenes.generator(TRAINING_SEED, name)
    others = [language for code, language in LANGUAGES.items() if code != "en"]
    out = []
    for _ in range(n):
        of = scenes.scene(rng)
        for category in scenes.CATEGORIES:
            language = LANGUAGES["en"] if rng.random() < english else others[int(rng.integers(len(others)))]
            question = scenes.ask(of, category, rng, language)
            out += [question.text, question.answer]
    return out


def words_of(text: str) -> list[str]:
    """Words (with their combining marks), and every other character alone; scripts without spaces by character."""
    words: list[str] = []
    inside = False
    for character in text:
        kind = unicodedata.category(character)
        joins = kind[0] in "LM" and not IDEOGRAPH.match(character)
        if joins and inside:
            words[-1] += character
        elif not character.isspace():
            words.append(character)
        inside = joins
    return words


def clip_tokenizer(vocabulary: int = 700) -> CLIPTokenizer:
    """BPE vocabulary and merges trained through the genuine class's own normalizer and pre-tokenizer."""
    shell = CLIPTokenizer()
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.normalizer = shell.backend_tokenizer.normalizer
    trained.pre_tokenizer = shell.backend_tokenizer.pre_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    # single characters that end a word exist only if seen doing so
    trained.train_from_iterator(texts(3000, "clip-tokenizer") + sorted(alphabet), trainer)
    model = json.loads(trained.to_str())["model"]
    vocab = dict(model["vocab"])
    for symbol in sorted(alphabet):
        vocab.setdefault(f"{symbol}</w>", len(vocab))
    for special in ("<|startoftext|>", "<|endoftext|>"):
        vocab[special] = len(vocab)
    merges = [tuple(m) if not isinstance(m, str) else tuple(m.split(" ")) for m in model["merges"]]
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)


def xlmr_tokenizer() -> XLMRobertaTokenizer:
    """A Unigram vocabulary of the words of scenes, by frequency, and every character of them and of ASCII.

    Trained Unigram pieces of so small a corpus cut through words; whole words are what the real vocabulary has for
    frequent words, and single characters are what it falls back to for a typo.
    """
    words: Counter[str] = Counter()
    for text in texts(6000, "xlmr-tokenizer", ENGLISH_SHARE):
        words.update(
            word if IDEOGRAPH.match(word) or not word[0].isalpha() else f"\u2581{word}" for word in words_of(text)
        )
    total = sum(words.values())
    pieces = [(word, math.log(count / total)) for word, count in sorted(words.items(), key=lambda item: -item[1])]
    rare = math.log(1 / total) - 1.0
    characters = {character for word in words for character in word}
    pieces += [(piece, rare) for piece in sorted({"\u2581", *PRINTABLE, *characters} - set(words))]
    specials = [(special, 0.0) for special in ("<s>", "<pad>", "</s>", "<unk>")]
    return XLMRobertaTokenizer(vocab=[*specials, *pieces, ("<mask>", 0.0)], model_max_length=254)


def with_typo(text: str, rng: np.random.Generator) -> str:
    """One character replaced: it teaches the embeddings of single characters."""
    at = int(rng.integers(len(text)))
    return text[:at] + PRINTABLE[int(rng.integers(len(PRINTABLE)))] + text[at + 1 :]


def optimise(
    parameters: list[nn.Parameter], steps: int, rate: float, loss_of: Callable[[], torch.Tensor], label: str
) -> None:
    optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=0.02)
    start = time.perf_counter()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 100) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
        loss = loss_of()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 100 == 0 or step + 1 == steps:
            print(f"{label} {step:5d} loss {loss.item():.4f} {(time.perf_counter() - start) / 60:.1f} min", flush=True)


def train_clip(out: Path, steps: int, batch: int = 64) -> None:
    tokenizer = clip_tokenizer()
    size = {"height": scenes.SIDE, "width": scenes.SIDE}
    processor = CLIPProcessor(
        image_processor=CLIPImageProcessorPil(size=size, crop_size=size, resample=3), tokenizer=tokenizer
    )
    tower = {"hidden_size": WIDTH, "intermediate_size": 256, "num_attention_heads": 4, "projection_dim": 64}
    config = CLIPConfig(
        text_config={
            **tower,
            "num_hidden_layers": 2,
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={**tower, "num_hidden_layers": 3, "image_size": scenes.SIDE, "patch_size": PATCH},
        projection_dim=64,
    )
    model = CLIPModel(config)
    heads = Heads(tower["hidden_size"])
    print(f"tiny-clip: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(tokenizer)} tokens")
    rng = scenes.generator(TRAINING_SEED, "clip")

    def loss_of() -> torch.Tensor:
        pictures, captions, patches = [], [], []
        for _ in range(batch):
            of = scenes.scene(rng)
            pictures.append(scenes.draw(of))
            captions.append(scenes.ask(of, "detail", rng).answer)
            patches.append(patch_labels(of))
        inputs = processor(images=pictures, text=captions, return_tensors="pt", padding=True)
        found = model(**inputs, return_loss=True)
        patch_tokens = found.vision_model_output.last_hidden_state[:, 1:]
        return found.loss + heads.loss(patch_tokens, torch.from_numpy(np.stack(patches)))

    optimise([*model.parameters(), *heads.parameters()], steps, 1.5e-3, loss_of, "tiny-clip")
    model.save_pretrained(out)
    processor.save_pretrained(out)


def train_xlmr(out: Path, steps: int, batch: int = 96) -> None:
    tokenizer = xlmr_tokenizer()
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = XLMRobertaForMaskedLM(config)
    print(f"tiny-xlm-r: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(tokenizer)} tokens")
    corpus = texts(20_000, "xlmr", ENGLISH_SHARE)
    rng = scenes.generator(TRAINING_SEED, "xlmr-batches")

    def loss_of() -> torch.Tensor:
        chosen = [corpus[int(i)] for i in rng.integers(len(corpus), size=batch)]
        chosen = [with_typo(text, rng) if rng.random() < 0.2 else text for text in chosen]
        inputs = tokenizer(chosen, return_tensors="pt", padding=True)
        ids = inputs["input_ids"]
        special = (ids == config.bos_token_id) | (ids == config.eos_token_id) | (ids == config.pad_token_id)
        masked = torch.from_numpy(rng.random(tuple(ids.shape)) < 0.2) & ~special
        labels = torch.where(masked, ids, torch.full_like(ids, -100))
        return model(
            input_ids=torch.where(masked, torch.full_like(ids, tokenizer.mask_token_id), ids),
            attention_mask=inputs["attention_mask"],
            labels=labels,
        ).loss

    optimise(list(model.parameters()), steps, 2e-3, loss_of, "tiny-xlm-r")
    encoder = XLMRobertaModel(config)  # with the pooler that the real checkpoint has
    encoder.load_state_dict(model.roberta.state_dict(), strict=False)
    encoder.save_pretrained(out)
    tokenizer.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for tiny-clip/ and tiny-xlm-r/")
    parser.add_argument("--only", choices=["tiny-clip", "tiny-xlm-r"])
    parser.add_argument("--clip-steps", type=int, default=1500)
    parser.add_argument("--xlmr-steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.only != "tiny-clip":
        torch.manual_seed(options.seed)
        train_xlmr(options.out / "tiny-xlm-r", options.xlmr_steps)
    if options.only != "tiny-xlm-r":
        torch.manual_seed(options.seed)
        train_clip(options.out / "tiny-clip", options.clip_steps)


if __name__ == "__main__":
    main()
