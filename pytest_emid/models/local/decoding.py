"""Choosing tokens by argmax, with a record of how clear each choice was.

Sampling is the Gumbel-max form: every row adds its own noise, drawn from its own generator, and takes the largest
score. Greedy is the same without noise, and the gap between the two best scores tells whether rounding, which
depends on the batch, could have changed the choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from transformers import LogitsProcessor

from pytest_emid.models.local.sampling import Sampling

__all__ = ["Choice", "distribution"]


@dataclass
class Choice(LogitsProcessor):
    """Records, a step at a time, how clear each row's choice was; adds the sampling noise where there is any.

    Attributes:
        sampling: None for greedy.
        generators: one per row; needed for sampling only.
        measure: whether to record log-probabilities and entropies. They are reduced at each step, so that no more
            than one step's scores of the vocabulary are in memory.
        keep: how many steps' scores to keep.
        scores: the scores of the first steps, each of shape (rows, vocabulary), before any noise.
        gaps: per step, best minus second-best score of every row, relative to the size of the best (at least 1).
        chosen: per step, log-probability of every row's choice, in nats (measured only).
        entropies: per step, entropy of every row's distribution, in nats (measured, or sampling).
    """

    sampling: Sampling | None = None
    generators: Sequence[np.random.Generator] = ()
    measure: bool = False
    keep: int = 0
    scores: list[torch.Tensor] = field(default_factory=list)
    gaps: list[torch.Tensor] = field(default_factory=list)
    chosen: list[torch.Tensor] = field(default_factory=list)
    entropies: list[torch.Tensor] = field(default_factory=list)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of shape (rows, vocabulary) in, those to take the argmax of out."""
        scores = scores.float()
        if len(self.scores) < self.keep:
            self.scores.append(scores)
        if self.sampling is not None:
            logp = distribution(scores, self.sampling)
            scores = logp + self._gumbel(logp)
            self._measure(logp, scores)
        elif self.measure:
            self._measure(torch.log_softmax(scores, dim=-1), scores)
        best = scores.topk(2, dim=-1).values
        self.gaps.append((best[:, 0] - best[:, 1]) / best[:, 0].abs().clamp(min=1.0))
        return scores

    def _measure(self, logp: torch.Tensor, scores: torch.Tensor) -> None:
        self.entropies.append(torch.special.entr(logp.exp()).sum(-1))
        if self.measure:
            self.chosen.append(logp.gather(-1, scores.argmax(-1, keepdim=True))[:, 0])

    def _gumbel(self, like: torch.Tensor) -> torch.Tensor:
        rows = [generator.gumbel(size=like.shape[-1]) for generator in self.generators]
        return torch.from_numpy(np.stack(rows)).to(device=like.device, dtype=like.dtype)


def distribution(scores: torch.Tensor, how: Sampling) -> torch.Tensor:
    """Log-probabilities after temperature, top-k and top-p; minus infinity where a token is ruled out."""
    logp = torch.log_softmax(scores / how.temperature, dim=-1)
    if how.top_k is not None and how.top_k < logp.shape[-1]:
        least = logp.topk(how.top_k, dim=-1).values[:, -1:]
        logp = torch.log_softmax(logp.masked_fill(logp < least, -math.inf), dim=-1)
    if how.top_p is not None and how.top_p < 1.0:
        ordered, places = logp.sort(dim=-1, descending=True, stable=True)
        before = ordered.exp().cumsum(-1) - ordered.exp()
        ordered = ordered.masked_fill(before >= how.top_p, -math.inf)
        logp = torch.log_softmax(torch.empty_like(ordered).scatter(-1, places, ordered), dim=-1)
    return logp
