"""Gradient training of small networks with early stopping, for the critics that have no closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError

__all__ = ["Training"]

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Mean loss of a batch of queries and responses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How to train: Adam on shuffled batches until the validation loss has not improved for `patience` epochs.

    >>> Training(epochs=50).patience
    20
    """

    epochs: int = 200
    patience: int = 20
    batch: int = 64
    learning_rate: float = 3e-4
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if min(self.epochs, self.patience, self.batch) < 1 or not self.learning_rate > 0 or self.weight_decay < 0:
            raise EstimationError(
                f"training: epochs, patience and batch must be at least 1, the learning rate positive and the weight "
                f"decay not negative, got {self}."
            )


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training run left: weights of the best epoch, its number and its validation loss.

    >>> Trained({"2.bias": np.zeros(1, np.float32)}, epoch=3, loss=0.5).epoch
    3
    """

    arrays: dict[str, NDArray[np.float32]]
    epoch: int
    loss: float


def perceptron(
    inputs: int, hidden: int, outputs: int, generator: torch.Generator, *, bounded: bool
) -> torch.nn.Sequential:
    """Linear, tanh, linear, and a last tanh when `bounded`, initialised from `generator` alone."""
    layers: list[torch.nn.Module] = []
    for size_in, size_out in ((inputs, hidden), (hidden, outputs)):
        # Created without values, so that the global random state is neither read nor moved.
        layer = torch.nn.Linear(size_in, size_out, device="meta").to_empty(device="cpu")
        limit = size_in**-0.5
        for parameter in layer.parameters():
            torch.nn.init.uniform_(parameter, -limit, limit, generator=generator)
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*(layers if bounded else layers[:-1]))


def train(
    network: torch.nn.Module,
    loss: Loss,
    fitting: tuple[NDArray[np.float64], NDArray[np.float64]],
    validation: tuple[NDArray[np.float64], NDArray[np.float64]],
    generator: torch.Generator,
    training: Training,
) -> Trained:
    """Trains in float32 on the CPU and keeps the weights with the lowest validation loss.

    Raises:
        EstimationError: the loss was never finite.
    """
    x, y, held_x, held_y = (torch.as_tensor(array, dtype=torch.float32) for array in (*fitting, *validation))
    optimizer = torch.optim.Adam(network.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
    best: Trained | None = None
    for epoch in range(training.epochs):
        for rows in torch.split(torch.randperm(len(x), generator=generator), training.batch):
            optimizer.zero_grad()
            batch_loss = loss(x[rows], y[rows])
            batch_loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            held = float(loss(held_x, held_y))
        if np.isfinite(held) and (best is None or held < best.loss):
            arrays = {name: tensor.detach().numpy().copy() for name, tensor in network.state_dict().items()}
            best = Trained(arrays, epoch, held)
        if epoch - (best.epoch if best else 0) >= training.patience:
            break
    if best is None:
        raise EstimationError(
            f"training: the validation loss was never finite in {epoch + 1} epochs. Lower the learning rate "
            f"({training.learning_rate:g}) or check the scale of the embeddings."
        )
    return best
