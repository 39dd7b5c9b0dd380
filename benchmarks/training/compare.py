"""Exact answers of fine-tuned copies of the built-in model under shifts that they never saw, each less the first one.

    python benchmarks/training/compare.py build/plain build/regularised --out compared.json

One training each: the limits take pictures as drawn, and say nothing of what another seed of training would give.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from experiment import BASE, SEEN, TEXTUAL, VISUAL
from packed import Under, run
from table import averaged
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from pytest_emid.information.intervals.multiplicity import holm

GROUPS = {"unseen, pictures": VISUAL, "unseen, questions": TEXTUAL, "seen": SEEN[:3], "clean": (None,)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="folders; the first is what the others are compared with")
    parser.add_argument("--pictures", type=int, default=100, help="each with two questions")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
    loaded = {
        path.name: LlavaForConditionalGeneration.from_pretrained(path, dtype=torch.float32).eval()
        for path in (BASE, *options.models)
    }
    right: dict[str, dict[str | None, list[float]]] = {name: {} for name in loaded}
    for shift in (name for names in GROUPS.values() for name in names):
        batch = Under(tokenizer, options.pictures, "compared", shift).draw(0.0)
        for name, model in loaded.items():
            with torch.inference_mode():
                right[name][shift] = run(model, batch).right.float().mean(1).tolist()
        print(shift or "clean", {name: round(float(np.mean(own[shift])), 3) for name, own in right.items()}, flush=True)
    first, *others = (path.name for path in options.models)
    rows = []
    for name in others:
        for group, shifts in GROUPS.items():
            means = [np.mean([right[one][shift] for shift in shifts], axis=0) for one in (name, first)]
            found = averaged((means[0] - means[1])[None])
            rows.append({"model": name, "less": first, "group": group, **found})
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["holm"] = float(adjusted)
        points = ", ".join(f"{100 * row[at]:+.1f}" for at in ("low", "high"))
        print(f"{row['model']} - {first}, {row['group']}: {100 * row['mean']:+.1f} [{points}], Holm p {adjusted:.3f}")
    if options.out:
        named = {name: {shift or "clean": float(np.mean(v)) for shift, v in own.items()} for name, own in right.items()}
        options.out.write_text(json.dumps({"exact": named, "differences": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
