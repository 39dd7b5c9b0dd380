"""The critic behind EMI and EMID, by name: the witness, in nats, and critics that read the query itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.critics.base import Critic, has_contributions, has_gaussian_form
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.critics.query import QueryContrast
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.reference.whitening import Whitening
from pytest_emid.measuring.embedding import Answered, Embedded
from pytest_emid.measuring.results import CriticReport

__all__ = ["CRITICS", "NATS", "SCALE", "Amounts", "EmiCritic", "critic_named"]

Float = NDArray[np.float64]
Rows = NDArray[np.float32]

NATS: Final = "nats"
SCALE: Final = "critic scale"
PAPER: Final = "paper:"
"""What the name of the authors' critic begins with; the path of their checkpoint follows."""
CRITICS: Final = ("witness", "query", "club-ridge", "club", f"{PAPER}PATH")
"""The names that `critic_named` knows, the default first."""


@dataclass(frozen=True)
class Amounts:
    """What answers and references of one side tell about its queries, sample by sample.

    Attributes:
        response: (n,) influence values of I(X; answer).
        reference: (n,) influence values of I(X; reference).
        candidates: K of a contrastive estimate in nats, at most ln K; 0 for others.
    """

    response: Float
    reference: Float
    candidates: int = 0


class EmiCritic(Protocol):
    """How much answers tell about queries. Frozen, fitted on clean references."""

    @property
    def unit(self) -> str:
        """`nats`, or `critic scale`."""

    def amounts(self, side: Answered, condition: Rows, most: int | None = None) -> Amounts:
        """Of one side; `condition` are the questions that references are conditional on, `most` limits K."""

    def anchored(self, clean: Answered, shifted: Answered, told: Amounts) -> Float:
        """Of shifted answers about the clean queries of the same samples; `told` is what they tell about their own."""

    def report(self, fitted_on: str, m: int) -> CriticReport:
        """What a result says about it."""


@dataclass(frozen=True)
class WitnessEmi:
    """The reference as the clean query's witness: see `information.critics.witness`."""

    witness: Witness
    unit: str = NATS

    def amounts(self, side: Answered, condition: Rows, most: int | None = None) -> Amounts:
        clusters = side.dataset.clusters

        def read(rows: Rows, k: int) -> Float:
            told = self.witness.information(rows, side.reference, condition, clusters=clusters, candidates=k)
            return told.scores

        return _among_candidates(self.witness, side, most, read)

    def anchored(self, clean: Answered, shifted: Answered, told: Amounts) -> Float:
        return told.response  # the reference is the witness of the clean query already

    def report(self, fitted_on: str, m: int) -> CriticReport:
        return _report_in_nats(self.witness, fitted_on, m)


@dataclass(frozen=True)
class QueryEmi:
    """A contrastive critic on query embeddings, in nats."""

    critic: QueryContrast
    unit: str = NATS

    def amounts(self, side: Answered, condition: Rows, most: int | None = None) -> Amounts:
        clusters = side.dataset.clusters

        def read(rows: Rows, k: int) -> Float:
            return self.critic.information(rows, side.query, clusters=clusters, candidates=k).scores

        return _among_candidates(self.critic, side, most, read)

    def anchored(self, clean: Answered, shifted: Answered, told: Amounts) -> Float:
        clusters, k = shifted.dataset.clusters, told.candidates
        found = self.critic.information(shifted.response, clean.query, clusters=clusters, candidates=k)
        return _unless_constant(shifted, found.scores)

    def report(self, fitted_on: str, m: int) -> CriticReport:
        return _report_in_nats(self.critic, fitted_on, m)


@dataclass(frozen=True)
class ClubEmi:
    """A critic of the CLUB family, on its own scale: for comparison with the paper."""

    critic: Any
    unit: str = SCALE

    def amounts(self, side: Answered, condition: Rows, most: int | None = None) -> Amounts:
        return Amounts(self._told(side, side), contributions(self.critic, side.query, side.reference))

    def anchored(self, clean: Answered, shifted: Answered, told: Amounts) -> Float:
        return self._told(clean, shifted)

    def _told(self, clean: Answered, shifted: Answered) -> Float:
        if shifted.only_answer is not None:
            return np.zeros(len(shifted.responses))
        return contributions(self.critic, clean.query, shifted.response)

    def report(self, fitted_on: str, m: int) -> CriticReport:
        return CriticReport(self.critic.kind, self.critic.fingerprint, fitted_on, m, self.critic.held_out_r2, SCALE)


def _among_candidates(
    critic: Witness | QueryContrast, side: Answered, most: int | None, read: Callable[[Rows, int], Float]
) -> Amounts:
    """What a contrastive critic reads of answers and of references, among as many candidates as the side allows."""
    k = min(critic.usable(side.dataset.clusters, len(side.dataset)), most or critic.candidates)
    return Amounts(_unless_constant(side, read(side.response, k)), read(side.reference, k), k)


def _report_in_nats(critic: Witness | QueryContrast, fitted_on: str, m: int) -> CriticReport:
    return CriticReport(critic.kind, critic.fingerprint, fitted_on, m, None, NATS, critic.ceiling, critic.candidates)


def _unless_constant(side: Answered, scores: Float) -> Float:
    """A model that answers everything alike says nothing: I(X; constant) = 0, and so is every contribution."""
    return np.zeros(len(scores)) if side.only_answer is not None else scores


def critic_named(named: str | Critic, pairs: Embedded, whitening: Whitening, seed: int = 0) -> EmiCritic:
    """The critic of a name, fitted on clean reference pairs; or a fitted one of the CLUB family, as it is.

    Args:
        named: `witness`; `query` (needs thousands of pairs); `club-ridge`, what 0.1.0 measured with; `club`, the
            authors' networks trained on these pairs; `paper:PATH`, their checkpoint; or a critic object.
        pairs: embedded clean references.
        whitening: fitted on the same pairs.
        seed: of folds and training.

    Raises:
        EstimationError: no such critic, or it cannot be fitted on these pairs.
    """
    query, reference, clusters = pairs.query, pairs.reference, pairs.dataset.clusters
    if named == "witness":
        return WitnessEmi(Witness.of(whitening, reference, pairs.text))
    if named == "query":
        return QueryEmi(QueryContrast.fit(query, reference, clusters=clusters, seed=seed))
    if named == "club-ridge":
        from pytest_emid.information.critics.ridge import RidgeCritic

        return ClubEmi(RidgeCritic.fit(query, reference, clusters=clusters, seed=seed))
    if isinstance(named, str) and (named == "club" or named.startswith(PAPER)):
        from pytest_emid.information.critics.club import ClubCritic

        if named == "club":
            return ClubEmi(ClubCritic.fit(query, reference, clusters=clusters, seed=seed))
        return ClubEmi(ClubCritic.load_checkpoint(named.removeprefix(PAPER)))
    if isinstance(named, Critic) and (has_gaussian_form(named) or has_contributions(named)):
        return ClubEmi(named)
    raise EstimationError(f"{named!r} is no critic. Name one of {', '.join(CRITICS)}, or give a fitted critic.")
