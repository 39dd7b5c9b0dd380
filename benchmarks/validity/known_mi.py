"""Tasks with known mutual information: what each critic's estimate is worth in nats (nothing, and here is the table).

    python benchmarks/validity/known_mi.py --out known_mi.json
    python benchmarks/validity/known_mi.py --quick

Gaussian pairs of known correlations, and diffeomorphisms of them, which leave mutual information as it is (tasks in the
manner of Czyz et al., "Beyond normal: on the evaluation of mutual information estimators", NeurIPS 2023). A critic is
fitted on n pairs and evaluated on n others, as a measurement does. CLUB of an exact critic exceeds mutual information
by KL(p(x)p(y) || p(x,y)), and an inexact one is off by its own error: estimates are on the critic's scale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from infonce import InfoNCECritic
from kernel import KernelCritic

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics import ClubCritic, RidgeCritic
from pytest_emid.information.critics.mutual_information import contributions

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Task:
    """Correlations of the pairs (x_k, y_k), and what is done to y afterwards."""

    correlations: tuple[float, ...]
    change: Callable[[Array], Array] | None = None

    @property
    def truth(self) -> float:
        """Nats: the changes are invertible."""
        return float(-0.5 * np.log1p(-np.square(self.correlations)).sum())

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        rho = np.array(self.correlations)
        x = rng.normal(size=(n, len(rho)))
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=x.shape)
        return x, y if self.change is None else self.change(y)


def half_cube(y: Array) -> Array:
    """Heavier tails, dimension by dimension."""
    return np.sign(y) * np.abs(y) ** 1.5


def spiral(y: Array) -> Array:
    """Rotates the first two dimensions by an angle that grows with the distance from the origin."""
    angle = np.linalg.norm(y, axis=1)
    turned = y.copy()
    turned[:, 0] = np.cos(angle) * y[:, 0] - np.sin(angle) * y[:, 1]
    turned[:, 1] = np.sin(angle) * y[:, 0] + np.cos(angle) * y[:, 1]
    return turned


TASKS = {
    "dense, d = 25": Task((0.31,) * 25),
    "sparse, d = 25": Task((0.8, 0.8, *(0.0,) * 23)),
    "half-cube, d = 25": Task((0.8, 0.8, *(0.0,) * 23), half_cube),
    "spiral, d = 5": Task((0.8, 0.8, 0.0, 0.0, 0.0), spiral),
    "independent, d = 25": Task((0.0,) * 25),
}
CRITICS = {"ridge": RidgeCritic, "kernel": KernelCritic, "club": ClubCritic, "infonce": InfoNCECritic}


def estimate(task: Task, critic: str, n: int, seed: int) -> float:
    rng = np.random.default_rng([seed, n])
    fitted = CRITICS[critic].fit(*task.draw(n, rng), seed=seed)
    return float(contributions(fitted, *task.draw(n, rng)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two draws at n = 90: a smoke test")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    sizes, reps = ((90,), 2) if options.quick else ((90, 500, 2000), options.reps)
    rows = []
    print(f"{'task':22s} {'truth':>6s} {'n':>5s} " + " ".join(f"{name:>16s}" for name in CRITICS))
    for name, task in TASKS.items():
        for n in sizes:
            cells = []
            for critic in CRITICS:
                try:
                    values = [estimate(task, critic, n, seed) for seed in range(reps)]
                except EstimationError as error:
                    rows.append({"task": name, "n": n, "critic": critic, "error": str(error)})
                    cells.append(f"{'refused':>16s}")
                    continue
                mean, sd = float(np.mean(values)), float(np.std(values))
                rows.append({"task": name, "truth": task.truth, "n": n, "critic": critic, "mean": mean, "sd": sd})
                cells.append(f"{mean:8.2f} +-{sd:6.2f}")
            print(f"{name:22s} {task.truth:6.2f} {n:5d} " + " ".join(cells), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
