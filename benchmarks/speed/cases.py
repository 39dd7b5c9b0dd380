"""One case of one side, in a process of its own: prints seconds, peak memory above the inputs, and the value.

    python benchmarks/speed/cases.py emi 1000 ours

Run by `run.py`, which says what the cases are.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

DIMENSION = 768
HIDDEN = 250
PARTS = ("image", "text", "response", "reference")

Arrays = dict[str, np.ndarray]


def critic_arrays() -> Arrays:
    """A random critic of the authors' shape."""
    rng = np.random.default_rng(0)
    return {
        f"{network}.{name}": (rng.normal(size=shape) / shape[-1] ** 0.5).astype(np.float32)
        for network in ("p_mu", "p_logvar")
        for name, shape in {
            "0.weight": (HIDDEN, DIMENSION),
            "0.bias": (HIDDEN,),
            "2.weight": (DIMENSION, HIDDEN),
            "2.bias": (DIMENSION,),
        }.items()
    }


def unit_rows(n: int, *seed: int) -> np.ndarray:
    rows = np.random.default_rng([1, *seed]).standard_normal((n, DIMENSION), dtype=np.float32) + 0.3
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sample_set(n: int, seed: int) -> Arrays:
    return {part: unit_rows(n, seed, k) for k, part in enumerate(PARTS)}


def scenario_arrays(case: str, limit: int) -> tuple[Arrays, list[Arrays]]:
    """A clean set and up to 61 shifted ones of 90 samples.

    `scenarios` shares arrays as the 61 scenarios of the paper do: 34 synthetic ones (6 visual, 4 textual, 24 joint)
    with the clean references, and 27 natural ones (6 translations of the clean questions; 7 languages on 3 other
    sets of pictures). `unrelated` shares nothing.
    """
    n = 90
    clean = sample_set(n, 0)
    if case == "unrelated":
        return clean, [sample_set(n, seed) for seed in range(1, limit + 1)]
    pictures = [clean["image"]] + [unit_rows(n, 10, k) for k in range(6)]
    questions = [clean["text"]] + [unit_rows(n, 11, k) for k in range(4)]
    inputs = [(image, text, clean["reference"]) for image in pictures for text in questions][1:]
    inputs += [(clean["image"], unit_rows(n, 12, k), clean["reference"]) for k in range(6)]
    for k in range(3):
        image, reference = unit_rows(n, 13, k), unit_rows(n, 14, k)
        inputs += [(image, unit_rows(n, 15, 7 * k + language), reference) for language in range(7)]
    responses = [unit_rows(n, 16, k) for k in range(len(inputs))]
    grid = [
        dict(zip(PARTS, (image, text, response, reference), strict=True))
        for (image, text, reference), response in zip(inputs, responses, strict=True)
    ]
    # Evenly spaced, so that a short run keeps the mixture of kinds.
    return clean, [grid[int(place)] for place in np.linspace(0, len(grid) - 1, min(limit, len(grid)))]


def ours(case: str, n: int) -> Callable[[], float]:
    from pytest_emid.information.critics.club import ClubCritic
    from pytest_emid.information.critics.mutual_information import contributions
    from pytest_emid.information.divergence.rjsd import EmbeddingSet
    from pytest_emid.information.paper import pipeline as paper

    critic = ClubCritic(critic_arrays())
    if case == "emi":
        x, response, reference = (unit_rows(n, 0, k) for k in range(3))
        return lambda: float(contributions(critic, x, response, minus=reference).mean())
    if case == "emid":
        clean, shifted = (SimpleNamespace(**sample_set(n, seed)) for seed in (0, 1))
        return lambda: paper.measure(clean, shifted, critic).score
    if case in {"scenarios", "unrelated"}:
        clean, scenarios = scenario_arrays(case, n)

        def every_scenario() -> float:
            # Arrays that several scenarios share, such as the pictures of one blur, become one set.
            sets: dict[int, EmbeddingSet] = {}

            def prepared(arrays: Arrays) -> paper.PreparedSet:
                return paper.PreparedSet(
                    SimpleNamespace(
                        **{part: sets.setdefault(id(a), EmbeddingSet(a, part)) for part, a in arrays.items()}
                    )
                )

            first = prepared(clean)
            return sum(paper.measure(first, prepared(shifted), critic).score for shifted in scenarios)

        return every_scenario
    raise ValueError(f"this package has no case {case!r}")


def plain(case: str, n: int, dtype: str) -> Callable[[], float]:
    import plain as baseline
    import torch

    torch.set_num_threads(1)

    def tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array.astype(dtype)) for name, array in arrays.items()}

    state = tensors(critic_arrays())
    if case in {"emi", "emi_by_row"}:
        x, response, reference = tensors({str(k): unit_rows(n, 0, k) for k in range(3)}).values()
        club = baseline.club if case == "emi" else baseline.club_by_row
        return lambda: club(state, x, response) - club(state, x, reference)
    if case == "emid":
        clean, shifted = tensors(sample_set(n, 0)), tensors(sample_set(n, 1))
        return lambda: baseline.emid_and_score(state, clean, shifted)[1]
    if case in {"scenarios", "unrelated"}:
        clean_arrays, scenario_sets = scenario_arrays(case, n)
        clean, scenarios = tensors(clean_arrays), [tensors(arrays) for arrays in scenario_sets]
        return lambda: sum(baseline.emid_and_score(state, clean, shifted)[1] for shifted in scenarios)
    raise ValueError(f"the baseline has no case {case!r}")


def peak_bytes(reset: bool = False) -> int:
    """Highest resident memory of this process, since the last reset where the system can reset it (Linux)."""
    if reset and sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else 1024 * used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=["emi", "emi_by_row", "emid", "scenarios", "unrelated"])
    parser.add_argument("n", type=int)
    parser.add_argument("side", choices=["ours", "plain", "plain64"])
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.side == "ours":
        call = ours(arguments.case, arguments.n)
    else:
        call = plain(arguments.case, arguments.n, "float64" if arguments.side == "plain64" else "float32")
    before = peak_bytes(reset=True)
    wall, cpu = [], []
    for _ in range(arguments.repeats):
        start = time.perf_counter(), time.process_time()
        value = call()
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    peak = peak_bytes()
    print(
        json.dumps(
            {
                "wall_s": min(wall),
                "cpu_s": min(cpu),
                "peak_above_inputs_mb": (peak - before) / 1e6,
                "peak_process_mb": peak / 1e6,
                "value": value,
            }
        )
    )


if __name__ == "__main__":
    main()
