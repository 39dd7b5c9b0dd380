"""What forbids a PASS, whatever the figures say. An obstacle never turns a FAIL into less.

Some are found while measuring, from vectors, and stand in the result; the others follow from its records. `against`
puts them together, the same for every gate.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pytest_emid.measuring.format import clip, measured
from pytest_emid.measuring.results import EmidResult, Record, Side

__all__ = [
    "BOUND",
    "DRIFT",
    "EMI",
    "EMID",
    "INFORMATION",
    "against",
    "apart",
    "collapse",
    "critic",
    "crowded",
    "noted",
    "parroted",
]

INFORMATION: Final = "information"
EMID: Final = "EMID"
EMI: Final = "EMI"
BOUND: Final = "bound"
"""The rigorous bound, which holds EMID in nats over answer classes: no critic takes part."""
DRIFT: Final = "input drift"

DOMINANT: Final = 0.25
"""A picture with a larger share of the samples than this decides them all."""

APART: Final = 0.05
"""Of the samples, so many may share a picture with another cluster."""

ON_THE_CRITIC: Final = (EMID, EMI)
LOOKED_AT: Final = 200
"""Records, evenly spaced, in which a repeated question is looked for: a gate must not take seconds to ask."""


def against(result: EmidResult, measure: str) -> list[str]:
    """Every obstacle of a gate on this measure, in sentences; empty where there is none.

    A gate on input drift asks of no answer. Where the two sides are not the same samples, it rests on an encoder that
    is known to see something: a critic that explains nothing of held-out references is an obstacle there, too.

    Args:
        result: what the gate is asked about.
        measure: `INFORMATION`, `EMID` (also the published forms of the bound), `EMI`, `BOUND` or `DRIFT`.
    """
    found = noted(result, measure)
    if measure in ON_THE_CRITIC:
        found += critic(result)
    if measure != DRIFT:
        found += collapse(result) + parroted(result) + crowded(result) + apart(result)
    if measure == DRIFT and not result.paired and result.critic.r2 is not None and not result.critic.informative:
        found.append(
            f"These encoders tell nothing of held-out references (R2 {measured(result.critic.r2)}), so it is not known "
            "that they see a difference between these inputs."
        )
    return found


def noted(result: EmidResult, measure: str) -> list[str]:
    """Those that were found when it was measured and concern this measure, in sentences."""
    return [obstacle.reason for obstacle in result.obstacles if not obstacle.on or measure in obstacle.on]


def critic(result: EmidResult) -> list[str]:
    """Why nothing that stands or falls with the critic may pass."""
    if result.critic.in_nats:
        from pytest_emid.measuring.losses import Losses  # which needs SciPy: not while tests are collected

        told = Losses.of(result).told(result.emid.confidence)
        if told.low > 0.0:
            return []
        return [f"The clean answers tell nothing of their queries ({measured(told)} nats): there is nothing to lose."]
    if result.critic.informative:
        return []
    r2 = "unknown" if result.critic.r2 is None else measured(result.critic.r2)
    return [f"The critic is uninformative (held-out R2 {r2}), so EMI and EMID say nothing: no gate on them passes."]


def collapse(result: EmidResult) -> list[str]:
    """Why no gate on answers may pass: one side has the same answer to everything, up to case and punctuation."""
    if _one_answer(result.clean):
        return [
            f"All {result.clean.n} answers on clean data are the same ({clip(_first(result.clean), 60)!r}): there is "
            "nothing that the shift could take away. Check the model, its prompt and its pictures."
        ]
    if _one_answer(result.shifted):
        return [
            f"All {result.shifted.n} answers on shifted data are the same ({clip(_first(result.shifted), 60)!r}): they "
            "say nothing about the samples."
        ]
    return []


def parroted(result: EmidResult) -> list[str]:
    """Why no gate on answers may pass: on one side more than half of them are the question, and nothing else.

    Looked for in `LOOKED_AT` records of each side, compared as answers are compared for an exact match.
    """
    for side, name in ((result.clean, "clean"), (result.shifted, "shifted")):
        records = side.records[:: max(1, side.n // LOOKED_AT)]
        count = sum(map(_repeats, records))
        if 2 * count > len(records):
            share = 100 * count / len(records)
            return [
                f"{share:.0f} % of the answers on {name} data repeat the question and add nothing: the model does not "
                "answer. Check its prompt and its chat template."
            ]
    return []


def crowded(result: EmidResult) -> list[str]:
    """Why no gate may pass on samples of which most are about one picture."""
    for name, side in (("clean", result.clean), ("shifted", result.shifted)):
        cluster, count = Counter(record.cluster for record in side.records).most_common(1)[0]
        if count > DOMINANT * side.n:
            return [
                f"{count} of {side.n} {name} samples share one cluster ({clip(cluster, 40)!r}): intervals do not hold "
                "where one picture decides. Use at most a quarter of the samples of any picture."
            ]
    return []


def apart(result: EmidResult) -> list[str]:
    """Why no gate may pass on samples that are resampled as if independent, and are about the same pictures.

    A shift may make different pictures alike: a shifted side is looked at only where it has samples of its own.
    """
    sides = {"clean": result.clean} if result.paired else {"clean": result.clean, "shifted": result.shifted}
    for name, side in sides.items():
        clusters: dict[str, set[str]] = {}
        for record in side.records:
            clusters.setdefault(record.picture, set()).add(record.cluster)
        torn = {picture for picture, found in clusters.items() if picture and len(found) > 1}
        count = sum(record.picture in torn for record in side.records)
        if count > APART * side.n:
            return [
                f"{count} of {side.n} {name} samples share their picture with a sample of another cluster: intervals "
                "take them for independent and are too narrow. Give samples of one picture one `cluster`."
            ]
    return []


def _first(side: Side) -> str:
    return side.records[0].response


def _one_answer(side: Side) -> bool:
    from pytest_emid.information.companions import normalise_answer

    first = normalise_answer(_first(side))
    return all(normalise_answer(record.response) == first for record in side.records)


def _repeats(record: Record) -> bool:
    from pytest_emid.information.companions import normalise_answer

    asked = normalise_answer(record.question)
    return bool(asked) and normalise_answer(record.response) == asked
