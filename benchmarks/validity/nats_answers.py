"""Answers of a model to clean and shifted questions, asked once and kept as arrays that any benchmark can resample.

    python benchmarks/validity/nats_answers.py --model tiny-llava --n 900 --folder answers

One `.npz` a set: `<model>_clean.npz`, `<model>_<shift>.npz` with `:` as `_`, and `calibration.npz`. Rows are samples
in one order. Each holds `response` and `reference`, `text` (float32 embeddings of the answers, the references and the
questions as they were asked), `answer`, `truth` and `question` (the words), `exact` (0 or 1) and `picture` (what a
cluster is); calibration has no answers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiny_llava import SHIFTS

from pytest_emid import encoders, models, shifts
from pytest_emid.data import load, scenes_dataset
from pytest_emid.data.dataset import Dataset
from pytest_emid.encoders.base import Encoders
from pytest_emid.information.companions import exact_match
from pytest_emid.models.base import Model

Answers = dict[str, NDArray[Any]]

CALIBRATION = 1000
ROBUST = (
    *("frost:3", "keyboard:3", "fog:2", "synonym:4", "gaussian_noise:3", "contrast:3", "keyboard:1", "frost:5"),
    *("synonym:5", "gaussian_noise:5", "snow:3", "zoom_blur:5", "fog:4", "defocus_blur:5"),
)
SETS: dict[str, Sequence[str]] = {"tiny-llava": SHIFTS, "tiny-llava-robust": ROBUST}
"""The shifts that each model is asked under."""


def texts_of(encoder: Encoders, texts: Sequence[str]) -> NDArray[np.float32]:
    """Embeddings of many texts, of which most are alike."""
    different = list(dict.fromkeys(texts))
    place = {text: i for i, text in enumerate(different)}
    rows: NDArray[np.float32] = np.asarray(encoder.text.encode(different), dtype=np.float32)
    return rows[[place[text] for text in texts]]


def asked(model: Model, dataset: Dataset, encoder: Encoders) -> Answers:
    """One set: what the model answered, in words and as vectors."""
    found = dict(model.respond(list(dataset)))
    answers = [found[i].text for i in range(len(dataset))]
    truth = [sample.reference for sample in dataset]
    return {
        **referred(dataset, encoder),
        "response": texts_of(encoder, answers),
        "answer": np.array(answers),
        "exact": exact_match(answers, truth),
    }


def referred(dataset: Dataset, encoder: Encoders) -> Answers:
    """One set without answers."""
    truth, question = [sample.reference for sample in dataset], [sample.question for sample in dataset]
    return {
        "reference": texts_of(encoder, truth),
        "text": texts_of(encoder, question),
        "truth": np.array(truth),
        "question": np.array(question),
        "picture": np.array([str(cluster) for cluster in dataset.clusters]),
    }


def kept(path: Path, n: int, make: Callable[[], Answers]) -> Answers:
    """The first n samples of what `path` holds, or what `make` makes, which is then kept there."""
    if not path.exists():
        start = time.perf_counter()
        made = make()
        # Under its name a file is whole, whenever this is stopped.
        whole = path.with_suffix(".part.npz")
        np.savez(whole, **made)
        whole.rename(path)
        right = f", {made['exact'].mean():.3f} exactly right" if "exact" in made else ""
        print(f"{path.name}: {len(made['truth'])} samples in {time.perf_counter() - start:.0f} s{right}", flush=True)
    with np.load(path) as file:
        found = dict(file)
    if len(found["truth"]) < n:
        raise SystemExit(f"{path}: holds {len(found['truth'])} samples, not {n}. Remove it, or name another folder.")
    return {name: rows[:n] for name, rows in found.items()}


def collect(name: str, n: int, folder: Path, chosen: Sequence[str] | None = None) -> tuple[Answers, dict[str, Answers]]:
    """The clean set and the shifted ones by shift, from `folder` or from the model."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset, encoder, model = load("scenes", n, 0), encoders.load("tiny"), models.load(name)
    clean = kept(folder / f"{name}_clean.npz", n, lambda: asked(model, dataset, encoder))
    shifted = {}
    for shift in SETS[name] if chosen is None else chosen:
        path = folder / f"{name}_{shift.replace(':', '_')}.npz"

        def ask(shift: str = shift) -> Answers:
            return asked(model, shifts.parse(shift).apply(dataset, 0), encoder)

        shifted[shift] = kept(path, n, ask)
    return clean, shifted


def calibration(folder: Path, m: int = CALIBRATION) -> Answers:
    """References and questions that no evaluation holds."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = scenes_dataset(m, stream="calibration")
    return kept(folder / "calibration.npz", m, lambda: referred(pairs, encoders.load("tiny")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(SETS), default="tiny-llava")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    calibration(options.folder)
    collect(options.model, options.n, options.folder)


if __name__ == "__main__":
    main()
