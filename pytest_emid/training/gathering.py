"""One batch over several processes: rows of all of them, with gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed

__all__ = ["everyones"]


def everyones(rows: torch.Tensor) -> torch.Tensor:
    """The rows of all processes, in the order of their ranks; the rows themselves where there is one process only.

    Processes may have different numbers of rows. Gradients are right under DistributedDataParallel, which averages
    them over processes: every process computes the same loss from the same rows, so each one's own rows carry the whole
    gradient, times the number of processes.
    """
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return rows
    gathered: torch.Tensor = _Everyones.apply(rows)  # type: ignore[no-untyped-call]
    return gathered


class _Everyones(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor) -> torch.Tensor:
        world, rank = distributed.get_world_size(), distributed.get_rank()
        mine = torch.tensor([len(rows)], device=rows.device)
        counts = [torch.zeros_like(mine) for _ in range(world)]
        distributed.all_gather(counts, mine)
        sizes = [int(count) for count in counts]
        padded = rows.new_zeros(max(sizes), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(world)]
        distributed.all_gather(parts, padded)
        ctx.start, ctx.rows, ctx.world = sum(sizes[:rank]), len(rows), world
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        mine: torch.Tensor = gradients[0][ctx.start : ctx.start + ctx.rows] * ctx.world
        return mine
