"""The authors' critic: two small networks for mean and log-variance, in their checkpoint format."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters
from pytest_emid.information.critics.base import ArrayCritic
from pytest_emid.information.critics.held_out import check_count, fitting_pair, gaussian_r2, grouped_parts
from pytest_emid.information.intervals.clusters import Clusters

if TYPE_CHECKING:
    from pytest_emid.information.critics.training import Training

__all__ = ["ClubCritic"]

Float = NDArray[np.float64]

NETWORKS = ("p_mu", "p_logvar")
SPLIT = (0.7, 0.15, 0.15)
"""Shares of the pairs that fit the weights, stop the training, and measure the held-out R^2."""


class ClubCritic(ArrayCritic):
    """q(y given x) = N(mu(x), diag(exp(logvar(x)))), each a linear-tanh-linear network, logvar with a last tanh.

    The last tanh keeps variances above exp(-1) = .37, while a dimension of a unit-norm embedding varies by about
    1e-3: values are then scaled-down covariances. It is kept for reproduction; prefer the ridge critic.

    Source: Cheng et al., "CLUB", ICML 2020; the architecture of the checkpoint that the authors of EMID published.

    >>> shapes = {"0.weight": (8, 4), "0.bias": (8,), "2.weight": (3, 8), "2.bias": (3,)}
    >>> networks = {f"{net}.{name}": np.ones(s) for net in ("p_mu", "p_logvar") for name, s in shapes.items()}
    >>> critic = ClubCritic(networks)  # `fit` trains them, `load_checkpoint` reads those of the authors
    >>> critic.kind, critic.dimension_x, critic.dimension_y
    ('club', 4, 3)
    >>> a, w = critic.natural(np.zeros((5, 4)))
    >>> a.shape, bool((w >= np.exp(-1)).all())  # logvar is in [-1, 1]
    ((5, 3), True)
    """

    kind = "club"
    names: ClassVar[Mapping[str, int]] = {
        f"{network}.{layer}.{part}": axes
        for network in NETWORKS
        for layer in (0, 2)
        for part, axes in (("weight", 2), ("bias", 1))
    }

    def _dimensions(self) -> tuple[int, int]:
        dx = self._arrays["p_mu.0.weight"].shape[1]
        dy = self._arrays["p_mu.2.weight"].shape[0]
        for network in NETWORKS:
            hidden = self._arrays[f"{network}.0.weight"].shape[0]
            self._expect(f"{network}.0.weight", (hidden, dx))
            self._expect(f"{network}.0.bias", (hidden,))
            self._expect(f"{network}.2.weight", (dy, hidden))
            self._expect(f"{network}.2.bias", (dy,))
        return dx, dy

    def natural(self, x: Float) -> tuple[Float, Float]:
        """`(a, w)` of the Gaussian form: networks in float32, as the authors run them, everything after in float64."""
        # Queries beyond float32 become infinite here; whoever sums finds that, and names the row.
        with np.errstate(over="ignore", invalid="ignore"):
            narrow = x.astype(np.float32)
            logvar = self._network("p_logvar", narrow)
            w: Float = np.tanh(logvar, out=logvar).astype(np.float64)
            np.exp(np.negative(w, out=w), out=w)
            a: Float = self._network("p_mu", narrow).astype(np.float64)
        a *= w
        return a, w

    @cached_property
    def _layers(self) -> dict[str, NDArray[np.float32]]:
        """The weights as right-hand factors: products with a contiguous one take a fifth less time."""
        return {name: np.ascontiguousarray(array.T) for name, array in self._arrays.items() if array.ndim == 2}

    def _network(self, name: str, x: NDArray[np.float32]) -> NDArray[np.float32]:
        arrays = self._arrays
        hidden: NDArray[np.float32] = x @ self._layers[f"{name}.0.weight"]
        hidden += arrays[f"{name}.0.bias"]
        np.tanh(hidden, out=hidden)
        output: NDArray[np.float32] = hidden @ self._layers[f"{name}.2.weight"]
        output += arrays[f"{name}.2.bias"]
        return output

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        *,
        clusters: Clusters = None,
        hidden: int = 250,
        training: Training | None = None,
        seed: int = 0,
    ) -> Self:
        """Trains on ID reference pairs that must be disjoint from the pairs to be tested.

        Of the pairs 70 % fit the weights, 15 % stop the training and 15 % measure the held-out R^2.

        Args:
            x: m x dimension_x query embeddings.
            y: m x dimension_y reference embeddings.
            clusters: (m,) labels; pairs of one cluster (image) stay together.
            hidden: width of both networks.
            training: epochs, patience, batch, learning rate.
            seed: decides split, initial weights and order.

        Raises:
            EstimationError: bad values or shapes, fewer than 10 pairs, constant x or y, a loss that
                diverges, or an option out of range.
        """
        import torch

        from pytest_emid.information.critics.training import Training, perceptron, train

        check_count("hidden", hidden, 1)
        queries, responses = fitting_pair(x, y)
        codes = as_clusters(clusters, len(queries))
        parts = grouped_parts(codes, SPLIT, seed)
        fitting, validation, test = ((queries[parts == k], responses[parts == k]) for k in range(3))
        generator = torch.Generator().manual_seed(seed)
        sizes = (queries.shape[1], hidden, responses.shape[1])
        mean = perceptron(*sizes, generator, bounded=False)
        logvar = perceptron(*sizes, generator, bounded=True)
        # From the mean response on: reaching it by gradient steps of this size is what most epochs would go to.
        with torch.no_grad():
            mean.get_parameter("2.bias").copy_(torch.as_tensor(fitting[1].mean(axis=0)))

        def squared_error(batch_x: torch.Tensor, batch_y: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.mse_loss(mean(batch_x), batch_y)

        def minus_likelihood(batch_x: torch.Tensor, batch_y: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                error = (mean(batch_x) - batch_y) ** 2
            log_variance = logvar(batch_x)
            nll: torch.Tensor = (error / log_variance.exp() + log_variance).mean()
            return nll

        # One after the other: the log-variance takes far longer, and meanwhile the mean would overfit unnoticed.
        schedule = training or Training()
        first = train(mean, squared_error, fitting, validation, generator, schedule)
        mean.load_state_dict({name: torch.as_tensor(array) for name, array in first.arrays.items()})
        second = train(logvar, minus_likelihood, fitting, validation, generator, schedule)
        critic = cls(
            {
                f"{network}.{name}": array
                for network, trained in zip(NETWORKS, (first, second), strict=True)
                for name, array in trained.arrays.items()
            },
            settings={
                "pairs": len(queries),
                "hidden": hidden,
                "epochs": [first.epoch + 1, second.epoch + 1],
                "seed": seed,
            },
        )
        return critic.with_held_out_r2(
            gaussian_r2(critic, *test, baseline=fitting[1].mean(axis=0), clusters=codes[parts == 2])
        )

    @classmethod
    def load_checkpoint(cls, path: str | Path) -> Self:
        """Reads the authors' checkpoint: a torch state dict of `p_mu.*` and `p_logvar.*`, weights only, to the CPU.

        Its held-out R^2 is unknown; measure it with `held_out.gaussian_r2` and `with_held_out_r2`.

        Raises:
            EstimationError: the file is missing, is no plain state dict, or holds other arrays.
        """
        import torch

        path = Path(path)
        if not path.is_file():
            raise EstimationError(f"{path}: no such file. Pass the path of a CLUB checkpoint.")
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
        except Exception as error:  # What the bytes of another file do to an unpickler is anyone's guess.
            raise EstimationError(
                f"{path}: not a torch checkpoint that loads with weights_only=True ({type(error).__name__})."
            ) from error
        if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise EstimationError(f"{path}: a torch file, but not a state dict of tensors.")
        unexpected = sorted(str(name) for name in set(state) - set(cls.names))
        if unexpected:
            raise EstimationError(f"{path}: not a CLUB critic: unexpected arrays {unexpected}.")
        wrong = sorted(
            name for name, tensor in state.items() if not tensor.is_floating_point() or tensor.layout != torch.strided
        )
        if wrong:
            raise EstimationError(f"{path}: not a CLUB critic: {wrong} are no dense arrays of real numbers.")
        arrays = {name: tensor.detach().float().numpy() for name, tensor in state.items()}
        return cls(arrays, settings={"source": path.name})

    def save_checkpoint(self, path: str | Path) -> None:
        """Writes the authors' checkpoint format, which `load_checkpoint` and their code read."""
        import torch

        torch.save({name: torch.tensor(array) for name, array in self._arrays.items()}, Path(path))
