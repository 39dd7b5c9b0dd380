"""Does a divergence of the model's own states, as a regulariser, make a model robust to shifts that it never saw?

    python benchmarks/training/experiment.py --cells build/cells          # hours of one core; a stopped run goes on
    python benchmarks/training/experiment.py --cells build/cells --only   # the table of what is there

Written down before the first run:

* Start: `tiny-llava`. Seen while training: frost and gaussian_blur on pictures, keyboard and ocr on questions, at
  severities 1 to 5. Never seen: fog, snow, brightness, contrast, gaussian_noise (pictures), char_swap, word_delete
  (questions), at severity 3.
* Arms, each with the same number of forward passes: 16 rows a step, each a picture with two questions.
    clean         16 clean rows of 16 scenes
    augmentation  8 clean rows, and 8 shifted rows of 8 other scenes
    views         8 clean rows, and the same 8 scenes shifted; no term
    mean          as views, and the distance of the means of visual states
    rjsd          as views, and the RJSD of visual states
    bound         as views, and the scale-adjusted form of the bound
    shuffled      as augmentation, and the RJSD between the clean rows and the shifted rows of *other* scenes: RJSD does
                  not see the order of rows, so what is taken away here is that both views show the same scenes
* The rate (.3 or 1 of that of `tiny-llava-robust`), then the weight (10 or 3; of the bound .3 or .1) is chosen for each
  arm alone from the same grid, by exact answers under the seen families on pictures that are used for nothing else and
  from a seed that is used for nothing else. Arms without a term have no weight to choose. `--fixed` tunes nothing, and
  takes the first rate and weight for all: then nothing is said of what tuning would give.
* Every run of a seed sees the same scenes, questions and shifts in the same order; the last weights count.
* Primary: exact answers under the unseen visual shifts, the mean over shifts and questions, each arm less `views` and
  less `augmentation`. Secondary: the same on clean data, on the seen families and on the unseen textual shifts, and the
  values of the bound's terms under unseen shifts. Answers are exact where every token of the reference is the most
  likely one, which is what greedy decoding writes.
* Intervals are at 95 %, clustered by evaluated picture and by seed at once, with the degrees of freedom of the seeds.
  Holm over the primary comparisons. A gain is claimed where an adjusted interval excludes 0, and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from packed import ROOT, Pairs, Seen, Under, joined, pairs, part, run
from table import tell
from tiny_llava import Batch, Heads, build_optimizers
from torch import nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from pytest_emid.training import EmidRegulariser, recipe

BASE = ROOT / "pytest_emid" / "assets" / "tiny-llava"
SEEN = ("frost:3", "gaussian_blur:3", "keyboard:3", "ocr:3")
VISUAL = ("fog:3", "snow:3", "brightness:3", "contrast:3", "gaussian_noise:3")
TEXTUAL = ("char_swap:3", "word_delete:3")
ARMS = {
    "augmentation": "none",
    "views": "none",
    "rjsd": "rjsd",
    "mean": "mean",
    "shuffled": "rjsd",
    "clean": "none",
    "bound": "bound",
}
"""Every arm's recipe of terms."""
TUNING_SEED = 1000
TERMS = ("rjsd_visual", "rjsd_question", "mean_visual", "root4_clean_answers", "root4_shifted_answers")


@dataclass(frozen=True)
class Cell:
    """One run: an arm at a rate and a weight, from one seed."""

    arm: str
    scale: float
    weight: float
    seed: int
    tuning: bool

    @property
    def name(self) -> str:
        stage = "tune" if self.tuning else "test"
        return f"{stage}-{self.arm}-{self.scale:g}-{self.weight:g}-{self.seed}"


@dataclass(frozen=True)
class Sizes:
    steps: int
    rows: int
    pictures: int
    tune_pictures: int
    scales: tuple[float, ...]
    weights: dict[str, tuple[float, ...]]
    seeds: int
    arms: tuple[str, ...]
    fixed: bool


class Bench:
    """Trains and evaluates cells; batches are made once for all arms of a seed."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
        self.start = LlavaForConditionalGeneration.from_pretrained(BASE, dtype=torch.float32).state_dict()
        self.stream = cache(self._stream)
        self.held_out = cache(self._held_out)

    def _stream(self, seed: int) -> list[Pairs]:
        return [pairs(self.tokenizer, self.sizes.rows, f"regulariser-{seed}-{i}") for i in range(self.sizes.steps)]

    def _held_out(self, tuning: bool, shift: str | None) -> Batch:
        name, images = ("tune", self.sizes.tune_pictures) if tuning else ("test", self.sizes.pictures)
        return Under(self.tokenizer, images, f"regulariser-{name}", shift).draw(0.0)

    def train(self, cell: Cell) -> tuple[LlavaForConditionalGeneration, list[dict[str, float]]]:
        torch.manual_seed(cell.seed)
        model = LlavaForConditionalGeneration.from_pretrained(BASE, dtype=torch.float32)
        model.load_state_dict(self.start)
        model.train()
        heads = Heads(model.config.vision_config.hidden_size)  # named by the optimisers, and left alone
        optimizers = build_optimizers(model, heads, 1e-3, 5e-3)
        regulariser = EmidRegulariser(recipe(ARMS[cell.arm], cell.weight))
        log = []
        for step, batch in enumerate(self.stream(cell.seed)):
            share = min(1.0, (step + 1) / 5) * (0.05 + 0.95 * (1 + math.cos(math.pi * step / self.sizes.steps)) / 2)
            seen = run(model, rows_of(cell.arm, batch))
            term = regulariser(*seen.states.halves())
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * cell.scale * share
                optimizer.zero_grad(set_to_none=True)
            (seen.loss + term.loss).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
            values = {name: value.item() for name, value in term.terms.items()}
            log.append({"loss": seen.loss.item(), **values})
        return model.eval(), log

    def seen(self, model: LlavaForConditionalGeneration, tuning: bool, shift: str | None) -> Seen:
        with torch.inference_mode():
            return run(model, self.held_out(tuning, shift))

    def measured(self, cell: Cell) -> dict[str, Any]:
        began = time.process_time()
        if cell.arm == "start":
            model, log = LlavaForConditionalGeneration.from_pretrained(BASE, dtype=torch.float32).eval(), []
        else:
            model, log = self.train(cell)
        trained = time.process_time()
        clean = self.seen(model, cell.tuning, None)
        found, terms = {"clean": clean.right.int().tolist()}, {}
        regulariser = EmidRegulariser(dict.fromkeys(TERMS, 1.0))
        for name in SEEN if cell.tuning else (*SEEN, *VISUAL, *TEXTUAL):
            shifted = self.seen(model, cell.tuning, name)
            found[name] = shifted.right.int().tolist()
            terms[name] = {
                term: value.item() for term, value in regulariser(clean.states, shifted.states).terms.items()
            }
        seconds = {"training": trained - began, "evaluation": time.process_time() - trained}
        return {"cell": asdict(cell), "right": found, "terms": terms, "log": log, "cpu_seconds": seconds}


def rows_of(arm: str, batch: Pairs) -> Batch:
    """The rows of a step: the first half takes no shift but in no arm is it left out."""
    half = len(batch.clean.tokens) // 2
    first, second = slice(0, half), slice(half, 2 * half)
    if arm == "clean":
        return batch.clean
    shifted = second if arm in ("augmentation", "shuffled") else first
    return joined(part(batch.clean, first), part(batch.shifted, shifted))


def done(folder: Path, cell: Cell) -> dict[str, Any] | None:
    path = folder / f"{cell.name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def finish(bench: Bench, folder: Path, cell: Cell) -> dict[str, Any]:
    """What is known of a cell; measured and kept where it is not known yet."""
    found = done(folder, cell)
    if found is None:
        found = bench.measured(cell)
        unfinished = folder / f"{cell.name}.{os.getpid()}"
        unfinished.write_text(json.dumps(found))
        unfinished.rename(folder / f"{cell.name}.json")
        print(cell.name, {name: round(mean(right), 3) for name, right in found["right"].items()}, flush=True)
    return found


def mean(right: list[list[int]]) -> float:
    return sum(map(sum, right)) / sum(map(len, right))


def best(bench: Bench, folder: Path, arm: str) -> tuple[float, float]:
    """The rate with most exact answers under the seen families at the first weight, then the weight at that rate."""

    def score(scale: float, weight: float) -> float:
        right = finish(bench, folder, Cell(arm, scale, weight, TUNING_SEED, True))["right"]
        return sum(mean(right[name]) for name in SEEN)

    weights = bench.sizes.weights.get(ARMS[arm], (0.0,))
    if bench.sizes.fixed:
        return bench.sizes.scales[0], weights[0]
    scale = max(bench.sizes.scales, key=lambda one: score(one, weights[0]))
    return scale, max(weights, key=lambda one: score(scale, one))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=Path, default=Path("build/training_cells"), help="one file a run; kept")
    parser.add_argument("--out", type=Path, help="where the table goes, as JSON")
    parser.add_argument("--only", action="store_true", help="run nothing: the table of what is there")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fixed", action="store_true", help="tune nothing: the first rate and weight for every arm")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--quick", action="store_true", help="does it run?")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sizes = Sizes(
        steps=options.steps,
        rows=options.rows,
        pictures=options.pictures,
        tune_pictures=24,
        scales=(1.0, 0.3),
        weights={"mean": (10.0, 3.0), "rjsd": (10.0, 3.0), "bound": (0.3, 0.1)},
        seeds=options.seeds,
        arms=tuple(options.arms),
        fixed=options.fixed,
    )
    if options.quick:
        weights = {name: some[:1] for name, some in sizes.weights.items()}
        sizes = Sizes(2, 4, 4, 4, (1.0,), weights, 2, ("views", "rjsd"), False)
        with tempfile.TemporaryDirectory() as folder:
            numbers = finished(sizes, Path(folder), options.only)
    else:
        options.cells.mkdir(parents=True, exist_ok=True)
        numbers = finished(sizes, options.cells, options.only)
    if options.out:
        options.out.write_text(json.dumps(numbers, indent=1) + "\n")


def finished(sizes: Sizes, folder: Path, only: bool) -> dict[str, Any]:
    """The table, after whatever is still to be run.

    Runs of other sizes are not mixed: the folder knows its own.
    """
    known, asked = folder / "sizes.json", {name: getattr(sizes, name) for name in ("steps", "rows", "pictures")}
    if known.exists() and json.loads(known.read_text()) != asked:
        sys.exit(f"{folder} holds runs of other sizes, {known.read_text()}: give another --cells.")
    known.write_text(json.dumps(asked))
    if not only:
        bench = Bench(sizes)
        finish(bench, folder, Cell("start", 0.0, 0.0, 0, False))
        chosen = {arm: best(bench, folder, arm) for arm in sizes.arms}
        for seed in range(sizes.seeds):
            for arm in sizes.arms:
                finish(bench, folder, Cell(arm, *chosen[arm], seed, False))
    numbers = tell(folder, {"visual": VISUAL, "textual": TEXTUAL, "seen": SEEN, "clean": ("clean",)})
    return {**numbers, "sizes": asdict(sizes)}


if __name__ == "__main__":
    main()
