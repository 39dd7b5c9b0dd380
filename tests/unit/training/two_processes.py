"""Two processes with unequal shares of a batch, under DistributedDataParallel, against one process with all of it.

Prints the largest difference of losses and of gradients. Run by test_gathering.py: forks before anything is computed.
"""

import os
import sys

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from pytest_emid.training.regulariser import EmidRegulariser
from pytest_emid.training.states import Answers, States
from pytest_emid.training.terms import TERMS

SHARES = (slice(0, 3), slice(3, 8))


class Model(torch.nn.Module):
    """Makes states of all kinds from inputs: rows of 6 numbers, each with an answer of one token."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.states, self.scores = torch.nn.Linear(6, 5).double(), torch.nn.Linear(6, 7).double()

    def forward(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.states(rows), self.states(rows).square(), self.scores(rows)


def found(model: torch.nn.Module, rows: torch.Tensor, gather: bool) -> list[float]:
    """The loss, and the gradients of the model's parameters in a row."""
    views = []
    for moved in (rows, rows + 0.3 * rows.roll(1, 1)):
        visual, question, logits = model(moved)
        labels = (10 * rows[:, 0].abs()).long() % 7
        views.append(States(visual, question, Answers(logits, labels, torch.arange(len(rows)))))
    loss = EmidRegulariser(dict.fromkeys(TERMS, 1.0), pairs=4, gather=gather)(*views).loss
    loss.backward()
    return [loss.item(), *torch.cat([p.grad.flatten() for p in model.parameters()]).tolist()]


def main() -> None:
    torch.set_num_threads(1)
    rank = 0 if os.fork() else 1
    distributed.init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=rank, world_size=2)
    rows = torch.randn(8, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    together = found(DistributedDataParallel(Model()), rows[SHARES[rank]], gather=True)
    if rank:
        distributed.destroy_process_group()
        os._exit(0)
    alone = found(Model(), rows, gather=False)
    sys.stdout.write(f"{max(abs(a - b) for a, b in zip(alone, together, strict=True))}\n")
    distributed.destroy_process_group()
    os.wait()


if __name__ == "__main__":
    main()
