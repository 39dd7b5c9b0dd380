"""A look at a few answers before many are asked for: is the model plainly broken?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.measuring.answers import reads_like_a_refusal
from pytest_emid.measuring.asking import Asker
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.leaving_out import UnansweredError
from pytest_emid.measuring.plan import CLEAN
from pytest_emid.measuring.verdicts import MINIMUM_SAMPLES
from pytest_emid.models.base import Outcome, Response

__all__ = ["SMOKE", "broken"]

SMOKE: Final = MINIMUM_SAMPLES
"""Samples that are looked at of each set: those that a measurement asks anyway."""
MOST: Final = 0.5
"""The share of answers that are none above which a model is broken, whatever it is asked."""


def broken(asker: Asker, sides: Sequence[tuple[str, Dataset]]) -> str | None:
    """Why the model is plainly broken, in a sentence; None where it is not.

    A model that answers clean questions and breaks under one shift is what a measurement finds: that is no fault here.
    Asks nothing about shifted sets where the clean one says enough.

    Args:
        asker: asks the model, through the cache.
        sides: labels and their first samples: the clean set, and one scenario of each family.

    Raises:
        EmidError: as asking does, other than for answers that fail.
    """
    faults = _faults(asker, sides)
    first = next(faults, None)
    if first is not None:
        return f"of {CLEAN}, {first}"
    shifted = [(label, fault) for (label, _), fault in zip(sides[1:], faults, strict=True)]
    if shifted and all(fault is not None for _, fault in shifted):
        label, fault = shifted[0]
        others = f", and likewise of {', '.join(name for name, _ in shifted[1:])}" if shifted[1:] else ""
        return f"of {label}, {fault}{others}"
    return None


def _faults(asker: Asker, sides: Sequence[tuple[str, Dataset]]) -> Iterator[str | None]:
    for label, dataset in sides:
        try:
            responses = asker.ask(dataset, label)[0]
        except UnansweredError as error:
            failed = len(error.failed)
            yield f"{failed} of {error.total} answers failed ({clip(error.shown)})" if _most(failed, dataset) else None
        else:
            yield _fault(responses, dataset)


def _fault(responses: Sequence[Response], dataset: Dataset) -> str | None:
    """What is wrong with the answers to one set."""
    outcomes = Counter(str(response.outcome) for response in responses)
    refusals = sum(
        response.outcome is Outcome.OK and reads_like_a_refusal(response.text) and not reads_like_a_refusal(s.reference)
        for response, s in zip(responses, dataset, strict=True)
    )
    none = len(responses) - outcomes[str(Outcome.OK)] + refusals
    texts = {response.text for response in responses}
    if _most(none, dataset):
        kinds = {**outcomes, "refusals in prose": refusals}
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()) if count and kind != Outcome.OK)
        return f"{none} of {len(responses)} answers are none ({told}), such as {clip(responses[0].text)!r}"
    if len(texts) == 1 and len({sample.reference for sample in dataset}) > 1:
        return f"all {len(responses)} answers are {clip(texts.pop())!r}"
    return None


def _most(count: int, dataset: Dataset) -> bool:
    return count > MOST * len(dataset)
