"""One scored side as it is reported: means with intervals, and a record of every sample."""

from __future__ import annotations

from typing import Final

from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.measuring.guards import Guarded
from pytest_emid.measuring.results import Record, Side
from pytest_emid.measuring.scores import Float, Scored

__all__ = ["side"]


DIGITS: Final = 16
"""Hexadecimal digits of a picture's digest that stand for it."""


def side(scored: Scored, emi: Estimate, confidence: float, guarded: Guarded | None) -> Side:
    """The scores of one side as means with intervals, and as records.

    Args:
        scored: the side.
        emi: its EMI.
        confidence: of the other intervals.
        guarded: what the guards compare; None where they were not asked.
    """
    dataset, clusters, amounts = scored.answered.dataset, scored.clusters, scored.amounts
    pictures = scored.answered.pictures or ("",) * len(dataset)

    def mean(values: Float, unit: str, support: tuple[float, float] | None = None) -> Estimate:
        return mean_interval(values, clusters, confidence, support=support, unit=unit)

    records = tuple(
        Record(
            id=sample.id,
            cluster=sample.cluster_id,
            category=sample.category,
            question=sample.question,
            reference=sample.reference,
            response=response.text,
            outcome=str(response.outcome),
            emi=float(amounts.response[i] - amounts.reference[i]),
            information=float(scored.information[i]),
            decoded=None if scored.decoded is None else float(scored.decoded[i]),
            cosine=float(scored.cosine[i]),
            exact=float(scored.exact[i]),
            told=float(amounts.response[i]),
            unasked=None if guarded is None else float(guarded.unasked[i]),
            repeated=None if guarded is None else float(guarded.repeated[i]),
            contradicts=None if guarded is None else guarded.contradicts(i),
            served="" if response.served is None else str(response.served),
            references=sample.references,
            again=tuple(repeat.responses[i].text for repeat in scored.repeats),
            common=float(scored.common[i]),
            picture=pictures[i][:DIGITS],
        )
        for i, (sample, response) in enumerate(zip(dataset, scored.answered.responses, strict=True))
    )
    return Side(
        dataset=dataset.name,
        fingerprint=dataset.fingerprint,
        records=records,
        mi_response=float(amounts.response.mean()),
        mi_reference=float(amounts.reference.mean()),
        emi=emi,
        information=mean(scored.information, "cosine"),
        decoded=None if scored.decoded is None else mean(scored.decoded, "cosine"),
        cosine=mean(scored.cosine, "cosine"),
        exact=mean(scored.exact, "fraction", (0.0, 1.0)),
    )
