"""The authors' pipeline on embeddings, end to end: EMI, EMID and the scale-adjusted score, as they compute them.

Source: Oh, Fang, Im, Du and Li, "Understanding multimodal LLMs under distribution shifts: an information-theoretic
approach", ICML 2025 (arXiv 2502.00577). The query embedding is x = (z_image + z_text) / 2, mutual information is CLUB,
and the divergences mix scatter matrices before equalising their traces. For reproduction: the rest of this package
estimates the same quantities with more care.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information import critics
from pytest_emid.information.arrays import check_rows
from pytest_emid.information.bounds.published import published_code_form, scale_adjusted_score
from pytest_emid.information.critics.base import Critic
from pytest_emid.information.critics.club import ClubCritic
from pytest_emid.information.critics.mutual_information import estimates
from pytest_emid.information.divergence.rjsd import Embeddings, EmbeddingSet, rjsd_count_weighted, widened

__all__ = ["PaperMeasurement", "PreparedSet", "SampleEmbeddings", "load_critic", "measure"]


class SampleEmbeddings(Protocol):
    """One set of n samples, each attribute n x d: arrays, or `EmbeddingSet` objects whose spectra are reused.

    >>> from types import SimpleNamespace
    >>> rows = np.eye(3)
    >>> clean: SampleEmbeddings = SimpleNamespace(image=rows, text=rows, response=rows, reference=rows)
    >>> PreparedSet(clean).query.shape
    (3, 3)
    """

    @property
    def image(self) -> Embeddings: ...
    @property
    def text(self) -> Embeddings: ...
    @property
    def response(self) -> Embeddings: ...
    @property
    def reference(self) -> Embeddings: ...


@dataclass(frozen=True, slots=True)
class PaperMeasurement:
    """What the authors report for one shift. Information is on the critic's scale, divergences are in nats.

    Attributes:
        mi_response_clean: CLUB of query and response on clean data.
        mi_reference_clean: CLUB of query and reference on clean data.
        mi_response_shifted: CLUB of query and response on shifted data.
        mi_reference_shifted: CLUB of query and reference on shifted data.
        emi_clean: mi_response_clean - mi_reference_clean.
        emi_shifted: the same on shifted data.
        emid: emi_clean - emi_shifted.
        jsd_image: RJSD of clean and shifted images, count-weighted.
        jsd_text: RJSD of clean and shifted questions.
        jsd_output_clean: RJSD of responses and references on clean data.
        jsd_output_shifted: the same on shifted data.
        score: jsd_image^1/2 + jsd_text^1/2 + jsd_output_clean^1/4 + jsd_output_shifted^1/4; with an entropy scale H,
            H times the first two plus 4 times the last two. Neither is a bound: see `bounds`.

    >>> from types import SimpleNamespace
    >>> rng = np.random.default_rng(0)
    >>> names = ("image", "text", "response", "reference")
    >>> clean, shifted = (SimpleNamespace(**{name: rng.normal(size=(30, 6)) for name in names}) for _ in range(2))
    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> critic = RidgeCritic.fit(PreparedSet(clean).query, clean.reference)
    >>> found = measure(clean, shifted, critic)
    >>> found.emid == found.emi_clean - found.emi_shifted
    True
    """

    mi_response_clean: float
    mi_reference_clean: float
    mi_response_shifted: float
    mi_reference_shifted: float
    emi_clean: float
    emi_shifted: float
    emid: float
    jsd_image: float
    jsd_text: float
    jsd_output_clean: float
    jsd_output_shifted: float
    score: float


class PreparedSet:
    """A set that is measured more than once: spectra, information and output divergence are computed once.

    Pass it to `measure` in place of the embeddings, such as the clean set of many shifts.

    Raises:
        EstimationError: bad values, fewer than 2 samples, or attributes of different lengths.

    >>> from types import SimpleNamespace
    >>> clean = PreparedSet(SimpleNamespace(image=np.eye(3), text=np.eye(3), response=np.eye(3), reference=np.eye(3)))
    >>> clean.output_divergence, clean.query.tolist() == np.eye(3).tolist()
    (0.0, True)
    """

    def __init__(self, embeddings: SampleEmbeddings, name: str = "embeddings") -> None:
        self.name = name
        self.image, self.text, self.response, self.reference = (
            _named(getattr(embeddings, attribute), f"{name}.{attribute}")
            for attribute in ("image", "text", "response", "reference")
        )
        for other in (self.text, self.response, self.reference):
            check_rows(other.name, other.n, rows=self.image.n)
        self._information: dict[str, tuple[float, float]] = {}

    @cached_property
    def query(self) -> NDArray[np.float64]:
        """(z_image + z_text) / 2, n x d.

        Raises:
            EstimationError: images and questions have embeddings of different dimensions.
        """
        if self.image.dimension != self.text.dimension:
            raise EstimationError(
                f"{self.name}: the paper's query embedding is the mean of image and question, but the first has "
                f"{self.image.dimension} dimensions and the second {self.text.dimension}. "
                f"Use encoders of one dimension."
            )
        query = self.image.wide + self.text.wide
        query /= 2
        return query

    @cached_property
    def output_divergence(self) -> float:
        """RJSD of responses and references, count-weighted."""
        return rjsd_count_weighted(self.response, self.reference)

    def information(self, critic: Critic) -> tuple[float, float]:
        """I(X; response) and I(X; reference) on the critic's scale."""
        if critic.fingerprint not in self._information:
            response, reference = estimates(critic, self.query, [self.response.wide, self.reference.wide])
            self._information[critic.fingerprint] = response, reference
        return self._information[critic.fingerprint]


def measure(
    clean: SampleEmbeddings | PreparedSet,
    shifted: SampleEmbeddings | PreparedSet,
    critic: Critic,
    entropy_scale: float | None = None,
) -> PaperMeasurement:
    """EMI of both sets, EMID and the authors' score, from embeddings.

    Args:
        clean: ID set; n rows in each of `image`, `text`, `response`, `reference`.
        shifted: OOD set; m rows in each, n and m may differ.
        critic: such as `load_critic` returns; frozen, the same for all four terms.
        entropy_scale: H in nats, at least 0; None leaves it out of the score.

    Raises:
        EstimationError: bad values or shapes, fewer than 2 samples, constant responses, a critic of other dimensions,
            or a count-weighted divergence that came out negative, whose root is no number.

    >>> from types import SimpleNamespace
    >>> rng = np.random.default_rng(0)
    >>> names = ("image", "text", "response", "reference")
    >>> clean, shifted = (SimpleNamespace(**{name: rng.normal(size=(30, 6)) for name in names}) for _ in range(2))
    >>> from pytest_emid.information.critics.ridge import RidgeCritic
    >>> critic = RidgeCritic.fit(PreparedSet(clean).query, clean.reference)
    >>> found = measure(clean, clean, critic)
    >>> found.emid, found.jsd_image, found.jsd_text
    (0.0, 0.0, 0.0)
    """
    first, second = (
        found if isinstance(found, PreparedSet) else PreparedSet(found, name)
        for name, found in (("clean", clean), ("shifted", shifted))
    )
    with widened(second.image, second.text, second.response, second.reference):
        response_clean, reference_clean = first.information(critic)
        response_shifted, reference_shifted = second.information(critic)
        divergences = (
            rjsd_count_weighted(first.image, second.image),
            rjsd_count_weighted(first.text, second.text),
            first.output_divergence,
            second.output_divergence,
        )
    score = (
        scale_adjusted_score(*divergences)
        if entropy_scale is None
        else published_code_form(*divergences, entropy_scale=entropy_scale)
    )
    emi_clean, emi_shifted = response_clean - reference_clean, response_shifted - reference_shifted
    return PaperMeasurement(
        response_clean,
        reference_clean,
        response_shifted,
        reference_shifted,
        emi_clean,
        emi_shifted,
        emi_clean - emi_shifted,
        *divergences,
        score=score.value,
    )


def load_critic(path: str | Path) -> Critic:
    """Reads a critic: the authors' checkpoint (`.pt`, `.pth`, `.bin`; weights only) or one saved as safetensors.

    Raises:
        EstimationError: the file is missing, or is neither.

    >>> import tempfile
    >>> shapes = {"0.weight": (4, 6), "0.bias": (4,), "2.weight": (3, 4), "2.bias": (3,)}
    >>> critic = ClubCritic({f"{net}.{name}": np.ones(s) for net in ("p_mu", "p_logvar") for name, s in shapes.items()})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     critic.save_checkpoint(f"{folder}/club.pt")
    ...     loaded = load_critic(f"{folder}/club.pt")
    >>> loaded.fingerprint == critic.fingerprint
    True
    """
    if Path(path).suffix in {".pt", ".pth", ".bin"}:
        return ClubCritic.load_checkpoint(path)
    return critics.load(path)


def _named(embeddings: Embeddings, name: str) -> EmbeddingSet:
    return embeddings if isinstance(embeddings, EmbeddingSet) else EmbeddingSet(embeddings, name)
