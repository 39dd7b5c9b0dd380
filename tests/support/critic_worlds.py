"""Small worlds and plainly written formulas that the tests of critics share."""

import numpy as np


class LinearWorld:
    """Queries and unit-norm responses that share a few latents."""

    def __init__(self, dimension_x=12, dimension_y=9, latents=4, noise=0.4, seed=0):
        rng = np.random.default_rng(seed)
        self.to_x = rng.normal(size=(latents, dimension_x))
        self.to_y = rng.normal(size=(latents, dimension_y))
        self.centre = 3 * rng.normal(size=dimension_y)
        self.noise = noise

    def draw(self, n, seed):
        rng = np.random.default_rng([7, seed])
        z = rng.normal(size=(n, len(self.to_x)))
        x = z @ self.to_x + self.noise * rng.normal(size=(n, self.to_x.shape[1]))
        y = self.centre + z @ self.to_y + self.noise * rng.normal(size=(n, self.to_y.shape[1]))
        return x / np.linalg.norm(x, axis=1, keepdims=True), y / np.linalg.norm(y, axis=1, keepdims=True)


class RandomGaussianCritic:
    """A heteroscedastic Gaussian critic with random parameters, written apart from the package's own."""

    kind = "random"
    fingerprint = "r" * 64
    held_out_r2 = None

    def __init__(self, dimension_x, dimension_y, seed=0, spread=0.7):
        rng = np.random.default_rng(seed)
        self.dimension_x, self.dimension_y = dimension_x, dimension_y
        self.mean = rng.normal(size=(dimension_x, dimension_y))
        self.log = spread * rng.normal(size=(dimension_x, dimension_y))

    def save(self, path):
        raise NotImplementedError

    def parameters(self, x):
        return np.sin(x @ self.mean), np.tanh(x @ self.log)

    def natural(self, x):
        mean, logvar = self.parameters(x)
        return np.exp(-logvar) * mean, np.exp(-logvar)


def dense_club(mean, logvar, y):
    """CLUB over all n x n pairs: mean log q(y_i given x_i) - mean log q(y_j given x_i)."""
    positive = -((y - mean) ** 2) / (2 * np.exp(logvar))
    negative = -((y[None, :, :] - mean[:, None, :]) ** 2).mean(axis=1) / (2 * np.exp(logvar))
    return float((positive.sum(axis=1) - negative.sum(axis=1)).mean())
