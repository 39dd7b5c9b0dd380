"""A world where the truth is known: latent content -> embeddings of image, question, reference and response.

Content z of a picture and its question is Gaussian with K coordinates. The reference u keeps a share of it, and the
response keeps a share q (the model's quality) of the reference. All of them are written into d-dimensional unit
embeddings by random maps, plus ambient noise whose spectrum decays like 1/k. In the nonlinear world three quarters of
the content variance of an answer is quadratic in the latent, which no linear critic of the query can see.

A shift lowers the quality, corrupts the picture, makes whole answers wrong, or changes only the style of the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

WORLDS = ("linear", "nonlinear")


@dataclass(frozen=True)
class Condition:
    """What is done to the answers (and, for `picture`, to the query) of the shifted set.

    Attributes:
        quality: share of the reference that the shifted response keeps; None keeps the world's.
        style: length of a constant offset that all shifted responses get; information is unchanged.
        rotate: whether the shifted responses carry the same content in another subspace ("another language").
        wrong: share of answers (of whole clusters, where there are clusters) about something else altogether.
        shrink: factor on the content of shifted responses.
        picture: what the shifted picture still shows of the content; None leaves it as it is.
        identical: the shifted answers are the clean ones, to the bit.
    """

    quality: float | None = None
    style: float = 0.0
    rotate: bool = False
    wrong: float = 0.0
    shrink: float = 1.0
    picture: float | None = None
    identical: bool = False


CONDITIONS: dict[str, Condition] = {
    "redraw": Condition(),
    "style .3": Condition(style=0.3),
    "style .6": Condition(style=0.6),
    "rotate": Condition(rotate=True),
    "q .80": Condition(quality=0.80),
    "q .75": Condition(quality=0.75),
    "q .65": Condition(quality=0.65),
    "q .45": Condition(quality=0.45),
    "wrong .10": Condition(wrong=0.10),
    "wrong .25": Condition(wrong=0.25),
    "picture .4, q .65": Condition(quality=0.65, picture=0.4),
    "style .3, q .75": Condition(quality=0.75, style=0.3),
}


@dataclass(frozen=True)
class Batch:
    """Embeddings of n samples, each (n, d) with unit rows, and the latent content behind them."""

    image: Float
    text: Float
    reference: Float
    response: Float
    content: Float
    latent_reference: Float
    clusters: NDArray[np.intp]

    @property
    def query(self) -> Float:
        return (self.image + self.text) / 2


class World:
    """Random maps, drawn once from a seed: one encoder, one domain, one model."""

    def __init__(
        self,
        kind: Literal["linear", "nonlinear"] = "linear",
        *,
        seed: int = 0,
        d: int = 384,
        latents: int = 12,
        signal: float = 0.15,
        noise: float = 0.25,
        sees_image: float = 0.8,
        sees_text: float = 0.6,
        keeps: float = 0.75,
        quality: float = 0.85,
        cluster_share: float = 0.5,
    ):
        rng = np.random.default_rng(seed)
        self.kind, self.d, self.latents = kind, d, latents
        self.sees_image, self.sees_text, self.keeps, self.quality = sees_image, sees_text, keeps, quality
        self.cluster_share = cluster_share

        def write() -> Float:
            basis = np.linalg.qr(rng.normal(size=(d, latents)))[0].T
            return basis * np.sqrt(signal / latents)

        self.writes = {name: write() for name in ("image", "text", "answer", "other")}
        self.means = {name: unit(rng.normal(size=(1, d)))[0] for name in ("image", "text", "answer", "style", "blur")}
        decay = 1.0 / np.arange(1, d + 1)
        spread = np.sqrt(noise * decay / decay.sum())
        self.ambient = {
            name: spread[:, None] * np.linalg.qr(rng.normal(size=(d, d)))[0] for name in ("image", "text", "answer")
        }

    def draw(self, rng: np.random.Generator, n: int, per_cluster: int = 1) -> Batch:
        """n clean samples; with per_cluster > 1, consecutive ones share a picture and half of their content."""
        clusters = np.arange(n) // per_cluster
        shared = rng.normal(size=(clusters[-1] + 1, self.latents))[clusters]
        own = rng.normal(size=(n, self.latents))
        share = self.cluster_share if per_cluster > 1 else 0.0
        z = np.sqrt(share) * shared + np.sqrt(1 - share) * own
        u = _blur(rng, z, self.keeps)
        picture_noise = rng.normal(size=(clusters[-1] + 1, self.latents))[clusters]
        image = self._image(rng, z, picture_noise, self.sees_image, clusters, 0.0)
        text = self._write(rng, "text", _blur(rng, z, self.sees_text))
        return Batch(
            image,
            text,
            self._answer(rng, u),
            self._answer(rng, _blur(rng, u, self.quality)),
            z,
            u,
            clusters,
        )

    def shift(self, rng: np.random.Generator, clean: Batch, condition: Condition) -> Batch:
        """The same samples under a shift: new responses, and a new picture where the condition says so."""
        if condition.identical:
            return clean
        u = clean.latent_reference
        told = _blur(rng, u, self.quality if condition.quality is None else condition.quality)
        if condition.wrong > 0.0:
            failed = (rng.random(clean.clusters[-1] + 1) < condition.wrong)[clean.clusters]
            told[failed] = rng.normal(size=told.shape)[failed]
        image = clean.image
        if condition.picture is not None:
            noise = rng.normal(size=(clean.clusters[-1] + 1, self.latents))[clean.clusters]
            image = self._image(rng, clean.content, noise, condition.picture, clean.clusters, 0.3)
        response = self._answer(rng, told, condition.style, condition.rotate, condition.shrink)
        return Batch(image, clean.text, clean.reference, response, clean.content, u, clean.clusters)

    def _image(
        self, rng: np.random.Generator, z: Float, noise: Float, sees: float, clusters: NDArray[np.intp], offset: float
    ) -> Float:
        first = np.unique(clusters, return_index=True)[1]
        # One picture per cluster: it shows the content of the cluster's first sample, with one noise.
        seen = (sees * z + np.sqrt(1 - sees**2) * noise)[first]
        return self._write(rng, "image", seen, offset * self.means["blur"])[clusters]

    def _answer(
        self, rng: np.random.Generator, u: Float, style: float = 0.0, rotate: bool = False, shrink: float = 1.0
    ) -> Float:
        content = u if self.kind == "linear" else 0.5 * u + 0.87 * (np.roll(u, 1, axis=1) ** 2 - 1) / np.sqrt(2)
        basis = self.writes["other" if rotate else "answer"]
        offset = style * self.means["style"]
        return unit(self.means["answer"] + offset + shrink * content @ basis + self._noise(rng, "answer", len(u)))

    def _write(self, rng: np.random.Generator, name: str, seen: Float, offset: Float | float = 0.0) -> Float:
        return unit(self.means[name] + offset + seen @ self.writes[name] + self._noise(rng, name, len(seen)))

    def _noise(self, rng: np.random.Generator, name: str, n: int) -> Float:
        return rng.normal(size=(n, self.d)) @ self.ambient[name]


def _blur(rng: np.random.Generator, latent: Float, share: float) -> Float:
    return share * latent + np.sqrt(1 - share**2) * rng.normal(size=latent.shape)


def unit(rows: Float) -> Float:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
