"""Averages of weights: a fine-tuned model between where it came from and where it went."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from pytest_emid.errors import ModelError

__all__ = ["averaged_weights"]


def averaged_weights(
    before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor], share: float = 0.5
) -> dict[str, torch.Tensor]:
    """(1 - share) before + share after, of two state dicts of one architecture; WiSE-FT (Wortsman et al., 2022).

    Costs no training, and is what a regulariser that keeps a model near its start must be compared with. What is no
    floating-point number is taken from `after`.

    Raises:
        ModelError: other names or shapes in the two, or a share outside of 0 to 1.

    >>> averaged_weights({"w": torch.zeros(2)}, {"w": torch.ones(2)}, 0.25)["w"].tolist()
    [0.25, 0.25]
    """
    if not 0 <= share <= 1:
        raise ModelError(f"share={share!r}: give a number from 0 to 1.")
    different = sorted(set(before) ^ set(after)) or [
        name for name, weight in before.items() if weight.shape != after[name].shape
    ]
    if different:
        raise ModelError(f"the two models differ in {len(different)} weights, the first of which is {different[0]!r}.")
    return {
        name: torch.lerp(before[name].to(weight), weight, share) if weight.is_floating_point() else weight
        for name, weight in after.items()
    }
