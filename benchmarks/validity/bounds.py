"""Do the limits of the rigorous bound hold? Simulated answers in classes with known distributions.

    python benchmarks/validity/bounds.py --out bounds.json            # some minutes
    python benchmarks/validity/bounds.py --quick --out bounds.json    # some seconds

In each world a reference has a Dirichlet distribution over M classes; the model repeats it with probability q (clean
and shifted) and otherwise guesses from another Dirichlet distribution. In clustered worlds half of the clusters of
three samples share one query, so that their answers are copies. Reported per cell, over worlds and repetitions:

- tv_<method>: share of repetitions in which the upper limit of TV(Yhat, Y) is at least the true one (both sides pooled;
  nominal: each 1 - tail / 2 = 0.9875);
- bound_<method>: share in which the limit of the bound is at least the true bound (nominal 0.975);
- emid: coverage of the two-sided 95 % interval; emid_low: share with the lower limit at most the true EMID (0.975);
- contradicted: share in which EMID's lower limit exceeds the limit of the bound (at most 0.05, in truth far less);
- true_emid, true_bound, limit_<method>: medians, in nats; undersampled: share flagged.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pytest_emid.information.bounds.published import rigorous_bound
from pytest_emid.information.theory.finite import entropy, fannes_audenaert, total_variation

METHODS = ("concentration", "normal")
CLUSTER = 3


@dataclass(frozen=True)
class Cell:
    letters: int
    n: int
    clustered: bool
    clean: float
    shifted: float

    @property
    def name(self) -> str:
        return f"M={self.letters} n={self.n} {'clusters' if self.clustered else 'iid'} q={self.clean}->{self.shifted}"


CELLS = [
    Cell(letters, n, clustered, clean, shifted)
    for letters in (2, 8, 40)
    for n in (60, 90, 300)
    for clustered in (False, True)
    for clean, shifted in ((0.9, 0.5), (0.99, 0.97))
]
QUICK = [Cell(2, 60, False, 0.99, 0.97), Cell(8, 90, True, 0.9, 0.5), Cell(40, 300, False, 0.9, 0.5)]


class World:
    """One pair of distributions: references, and guesses where the model does not repeat the reference."""

    def __init__(self, cell: Cell, rng: np.random.Generator) -> None:
        self.cell, self.rng = cell, rng
        self.truth, self.guess = rng.dirichlet(np.ones(cell.letters), 2)
        self.answers = [q * self.truth + (1 - q) * self.guess for q in (cell.clean, cell.shifted)]

    @property
    def emid(self) -> float:
        return float(entropy(self.answers[0]) - entropy(self.answers[1]))

    @property
    def variations(self) -> list[float]:
        return [float(total_variation(answers, self.truth)) for answers in self.answers]

    @property
    def bound(self) -> float:
        return float(sum(fannes_audenaert(tv, self.cell.letters) for tv in self.variations))

    def draw(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Clean responses, shifted responses, references, clusters."""
        cell, rng = self.cell, self.rng
        reference = rng.choice(cell.letters, cell.n, p=self.truth)
        guesses = rng.choice(cell.letters, (2, cell.n), p=self.guess)
        luck = rng.random((2, cell.n))
        if not cell.clustered:
            clusters = None
        else:
            clusters = np.arange(cell.n) // CLUSTER
            copied = rng.random(cell.n // CLUSTER)[clusters] < 0.5
            source = np.where(copied, clusters * CLUSTER, np.arange(cell.n))
            reference, guesses, luck = reference[source], guesses[:, source], luck[:, source]
        clean, shifted = (
            np.where(luck[i] < q, reference, guesses[i]) for i, q in enumerate((cell.clean, cell.shifted))
        )
        return clean, shifted, reference, clusters


def measure(cell: Cell, worlds: int, repetitions: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    rows: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for key, value in values.items():
            rows.setdefault(key, []).append(float(value))

    for _ in range(worlds):
        world = World(cell, rng)
        true_bound, true_emid, variations = world.bound, world.emid, world.variations
        for _ in range(repetitions):
            clean, shifted, reference, clusters = world.draw()
            for method in METHODS:
                found = rigorous_bound(
                    clean, reference, shifted, reference, letters=cell.letters, clusters_clean=clusters, limit=method
                )
                limits = [found.total_variation[side] for side in ("clean", "shifted")]
                held = np.mean([limit >= tv for limit, tv in zip(limits, variations, strict=True)])
                note(
                    **{
                        f"tv_{method}": held,
                        f"bound_{method}": found.limit >= true_bound,
                        f"limit_{method}": found.limit,
                        f"contradicted_{method}": found.contradicted,
                    }
                )
            note(
                emid=found.emid.low <= true_emid <= found.emid.high,
                emid_low=found.emid.low <= true_emid,
                undersampled=found.undersampled,
                true_emid=true_emid,
                true_bound=true_bound,
            )
    medians = {"true_emid", "true_bound", *(f"limit_{method}" for method in METHODS)}
    summary = {key: float(np.median(v) if key in medians else np.mean(v)) for key, v in rows.items()}
    return {"cell": cell.name, "repetitions": worlds * repetitions, **summary}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three cells, fewer repetitions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the JSON goes; standard output if left out")
    options = parser.parse_args()
    cells, worlds, repetitions = (QUICK, 5, 40) if options.quick else (CELLS, 20, 50)
    rows = []
    for i, cell in enumerate(cells):
        rows.append(measure(cell, worlds, repetitions, options.seed + i))
        print(rows[-1]["cell"], file=sys.stderr)
    text = json.dumps({"seed": options.seed, "quick": options.quick, "cells": rows}, indent=1)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
