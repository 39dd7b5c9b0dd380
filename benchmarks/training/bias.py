"""How much of a divergence of states is bias at the batch sizes of training: same and other samples in the two views.

python benchmarks/training/bias.py --out bias.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from pytest_emid.training import EmidRegulariser, States

WIDTH, FACTORS = 128, 12


def world(n: int, generator: torch.Generator) -> torch.Tensor:
    """States that a few factors and some noise make."""
    loadings = torch.randn(FACTORS, WIDTH, generator=torch.Generator().manual_seed(1)) / FACTORS**0.5
    return (
        torch.randn(n, FACTORS, generator=generator) @ loadings + 0.3 * torch.randn(n, WIDTH, generator=generator) + 0.5
    )


def measured(clean: torch.Tensor, shifted: torch.Tensor) -> tuple[float, float]:
    """RJSD in nats, and the length of its gradient with respect to the shifted states."""
    shifted = shifted.clone().requires_grad_()
    loss = EmidRegulariser("rjsd")(States(clean), States(shifted)).loss
    loss.backward()
    return loss.item(), shifted.grad.norm().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--reps", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    offset = torch.zeros(WIDTH)
    offset[: WIDTH // 4] = 0.5
    rows = []
    for n in (8, 16, 32, 64):
        found = {"other samples": [], "same samples, 5 % noise": [], "same samples, an offset": []}
        for _ in range(options.reps):
            clean = world(n, generator)
            found["other samples"].append(measured(clean, world(n, generator)))
            noise = 0.05 * torch.randn(n, WIDTH, generator=generator)
            found["same samples, 5 % noise"].append(measured(clean, clean + noise))
            found["same samples, an offset"].append(measured(clean, clean + offset))
        for name, values in found.items():
            nats, slope = torch.tensor(values).mean(0).tolist()
            rows.append({"pairs": n, "views": name, "nats": nats, "gradient": slope})
            print(f"{n:3d} {name:25s} {nats:.4f} nats, gradient {slope:.4f}")
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
