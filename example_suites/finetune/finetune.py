"""Fine-tune the built-in model on clean and shifted views, with or without a regulariser.

python finetune.py --out build/plain
python finetune.py --out build/regularised --recipe rjsd --weight 10
"""

import argparse
from pathlib import Path

import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration, TrainingArguments

import pytest_emid
from pytest_emid.data import scenes_dataset
from pytest_emid.training import RECIPES, Collator, EmidRegulariser, EmidTrainer, Views, ramp, recipe

BASE = Path(pytest_emid.__file__).parent / "assets" / "tiny-llava"
SEEN = [f"{name}:{severity}" for name in ("frost", "gaussian_blur", "keyboard") for severity in (1, 3, 5)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", choices=list(RECIPES), default="none")
    parser.add_argument("--weight", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--pairs", type=int, default=8, help="a step; each is two rows")
    options = parser.parse_args()
    processor = AutoProcessor.from_pretrained(BASE, backend="pil")
    arguments = TrainingArguments(
        output_dir=str(options.out / "run"),
        max_steps=options.steps,
        per_device_train_batch_size=options.pairs,
        learning_rate=5e-4,
        lr_scheduler_type="cosine",
        warmup_steps=5,
        logging_steps=10,
        save_strategy="no",
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
    )
    trainer = EmidTrainer(
        LlavaForConditionalGeneration.from_pretrained(BASE, dtype=torch.float32),
        arguments,
        Collator(processor),
        Views(scenes_dataset(options.steps * options.pairs, stream="finetuning"), SEEN),
        processing_class=processor,
        regulariser=EmidRegulariser(recipe(options.recipe, options.weight)),
        schedule=ramp(0.0, 0.1),
    )
    trainer.train()
    trainer.save_model(str(options.out))


if __name__ == "__main__":
    main()
