"""A contrastive critic, for comparison: InfoNCE with a separable score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters, as_matrix, blocks
from pytest_emid.information.critics.base import ArrayCritic
from pytest_emid.information.critics.held_out import check_count, fitting_pair, grouped_parts
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.means import mean_interval

if TYPE_CHECKING:
    from pytest_emid.information.critics.training import Training

__all__ = ["InfoNCECritic"]

Float = NDArray[np.float64]

NETWORKS = ("query", "response")
SPLIT = (0.7, 0.15, 0.15)


class InfoNCECritic(ArrayCritic):
    """Scores f(x, y) = g(x) . h(y) with two linear-tanh-linear networks; I = E[f(x, y)] - E_x log E_y exp f(x, y).

    It has no q(y given x), so no Gaussian form: it costs O(n^2), and never exceeds log n. `held_out_r2` is its
    stand-in, the held-out estimate as a fraction of log n (its unit says so); near 0 the critic is uninformative.

    Source: van den Oord, Li and Vinyals, "Representation learning with contrastive predictive coding", 2018.
    """

    kind = "infonce"
    names: ClassVar[Mapping[str, int]] = {
        **{
            f"{network}.{layer}.{part}": axes
            for network in NETWORKS
            for layer in (0, 2)
            for part, axes in (("weight", 2), ("bias", 1))
        },
        "query.centre": 1,
        "query.scale": 1,
        "response.centre": 1,
        "response.scale": 1,
    }

    def _dimensions(self) -> tuple[int, int]:
        features = self._arrays["query.2.weight"].shape[0]
        sizes = []
        for network in NETWORKS:
            hidden, size = self._arrays[f"{network}.0.weight"].shape
            self._expect(f"{network}.0.bias", (hidden,))
            self._expect(f"{network}.2.weight", (features, hidden))
            self._expect(f"{network}.2.bias", (features,))
            self._expect(f"{network}.centre", (size,))
            self._expect(f"{network}.scale", (1,))
            sizes.append(size)
        self._wide = {name: array.astype(np.float64) for name, array in self._arrays.items()}
        return sizes[0], sizes[1]

    def contributions(self, x: ArrayLike, y: ArrayLike) -> Float:
        """Influence values (n,): f_ii - log Z_i - mean_k [exp(f_ki) / Z_k] + 1 with Z_i = mean_j exp(f_ij).

        Their mean is the InfoNCE estimate, in nats, at most log n. Scores are made in blocks, never n x n at once.

        Raises:
            EstimationError: bad values or shapes, or fewer than 2 rows.
        """
        queries = self._features("query", as_matrix("x", x, columns=self.dimension_x, min_rows=2))
        responses = self._features("response", as_matrix("y", y, rows=len(queries), columns=self.dimension_y))
        n = len(queries)
        own, partition, weight = np.empty(n), np.empty(n), np.zeros(n)
        for block in blocks(n):
            scores = queries[block] @ responses.T
            peak = scores.max(axis=1, keepdims=True)
            shares = np.exp(scores - peak)
            total = shares.sum(axis=1, keepdims=True)
            own[block] = np.einsum("ij,ij->i", queries[block], responses[block])
            partition[block] = (peak + np.log(total / n))[:, 0]
            weight += (shares / total).sum(axis=0)
        return own - partition - weight + 1.0

    def _features(self, network: str, rows: Float) -> Float:
        wide = self._wide
        scaled = (rows - wide[f"{network}.centre"]) / wide[f"{network}.scale"]
        hidden = np.tanh(scaled @ wide[f"{network}.0.weight"].T + wide[f"{network}.0.bias"])
        output: Float = hidden @ wide[f"{network}.2.weight"].T + wide[f"{network}.2.bias"]
        return output

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        *,
        clusters: Clusters = None,
        hidden: int = 128,
        features: int = 32,
        training: Training | None = None,
        seed: int = 0,
    ) -> Self:
        """Trains on ID reference pairs that must be disjoint from the pairs to be tested; arguments as in `ClubCritic`.

        Raises:
            EstimationError: bad values or shapes, fewer than 10 pairs, constant x or y, a loss that
                diverges, or an option out of range.
        """
        import torch

        from pytest_emid.information.critics.training import Training, perceptron, train

        check_count("hidden", hidden, 1)
        check_count("features", features, 1)
        pair = fitting_pair(x, y)
        codes = as_clusters(clusters, len(pair[0]))
        parts = grouped_parts(codes, SPLIT, seed)
        if min(np.bincount(parts)) < 2:
            raise EstimationError("x: too few pairs to hold out two for stopping and two for checking.")
        scaling = {}
        scaled = []
        for network, rows in zip(NETWORKS, pair, strict=True):
            centre = rows[parts == 0].mean(axis=0)
            scale = float(np.sqrt(((rows[parts == 0] - centre) ** 2).mean()))
            scaling[f"{network}.centre"], scaling[f"{network}.scale"] = centre, np.array([scale])
            scaled.append((rows - centre) / scale)
        fitting, validation = ((scaled[0][parts == k], scaled[1][parts == k]) for k in range(2))
        generator = torch.Generator().manual_seed(seed)
        network_pair = torch.nn.ModuleDict(
            {
                name: perceptron(rows.shape[1], hidden, features, generator, bounded=False)
                for name, rows in zip(NETWORKS, scaled, strict=True)
            }
        )

        def loss(batch_x: torch.Tensor, batch_y: torch.Tensor) -> torch.Tensor:
            scores = network_pair["query"](batch_x) @ network_pair["response"](batch_y).T
            estimate: torch.Tensor = (scores.diagonal() - scores.logsumexp(dim=1)).mean() + math.log(len(batch_x))
            return -estimate

        trained = train(network_pair, loss, fitting, validation, generator, training or Training())
        critic = cls(
            {**trained.arrays, **scaling},
            settings={"pairs": len(codes), "hidden": hidden, "features": features, "epochs": trained.epoch + 1},
        )
        test = parts == 2
        psi = critic.contributions(pair[0][test], pair[1][test])
        limit = math.log(len(psi))
        estimate = mean_interval(psi / limit, codes[test], unit="fraction of log n")
        return critic.with_held_out_r2(replace(estimate, high=min(estimate.high, 1.0)))
