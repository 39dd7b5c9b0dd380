"""A look at a few answers before many are asked for: is the model plainly broken?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import ModelError
from pytest_emid.information.companions import normalise_answer
from pytest_emid.measuring.answers import reads_like_a_refusal
from pytest_emid.measuring.asking import Asker
from pytest_emid.measuring.format import clip
from pytest_emid.measuring.leaving_out import UnansweredError
from pytest_emid.measuring.plan import CLEAN
from pytest_emid.measuring.verdicts import MINIMUM_SAMPLES
from pytest_emid.models.base import Outcome, Response

__all__ = ["SMOKE", "broken", "exchanged"]

SMOKE: Final = MINIMUM_SAMPLES
"""Samples that are looked at of each set: those that a measurement asks anyway."""
EXCHANGED: Final = 20
"""Questions that are asked once more, each of another sample's picture."""
DIFFERENT: Final = 15
"""Different answers that there must be to them: of few, such as yes and no, or dog on every picture, all may stay."""
MOST: Final = 0.5
"""The share of answers that are none above which a model is broken, whatever it is asked."""


def broken(asker: Asker, sides: Sequence[tuple[str, Dataset]], other: Dataset | None = None) -> str | None:
    """Why the model is plainly broken, in a sentence; None where it is not.

    A model that answers clean questions and breaks under one shift is what a measurement finds: that is no fault here.
    Asks nothing about shifted sets where the clean one says enough.

    Args:
        asker: asks the model, through the cache.
        sides: labels and their first samples: the clean set, and one scenario of each family.
        other: some clean questions of `exchanged` pictures; None where they cannot be asked.

    Raises:
        EmidError: as asking does, other than for answers that fail.
    """
    faults = _faults(asker, sides)
    first = next(faults, None)
    if first is not None:
        return f"of {CLEAN}, {first}"
    if other is not None and _unlooked(asker, sides[0][1], other):
        return (
            f"of {CLEAN}, all of {len(other)} answers stay the same when each question is asked of another sample's "
            "picture: nothing shows that pictures reach the model"
        )
    shifted = [(label, fault) for (label, _), fault in zip(sides[1:], faults, strict=True)]
    if shifted and all(fault is not None for _, fault in shifted):
        label, fault = shifted[0]
        others = f", and likewise of {', '.join(name for name, _ in shifted[1:])}" if shifted[1:] else ""
        return f"of {label}, {fault}{others}"
    return None


def exchanged(dataset: Dataset, digests: Sequence[str]) -> Dataset | None:
    """Some of the questions, each with the picture of another sample; None where pictures hardly differ.

    Neighbours are often alike (frames of a video, a set that is sorted by class): the other picture is one from half of
    the set away, or from beyond, and as many pictures as the question had.

    Args:
        dataset: clean.
        digests: of its samples' pictures, empty where there is none.

    >>> from pytest_emid.data import scenes_dataset
    >>> clean = scenes_dataset(60)
    >>> other = exchanged(clean, [str(i // 3) for i in range(60)])
    >>> len(other), other[0].id == clean[0].id, other[0].image is clean[30].image
    (20, True, True)
    """
    samples = [(sample, digest) for sample, digest in zip(dataset, digests, strict=True) if sample.pictures]
    found = []
    for place, (sample, digest) in enumerate(samples[:EXCHANGED]):
        far = (place + max(len(samples) // 2, 1)) % len(samples)
        after, count = (*samples[far:], *samples[:far]), len(sample.pictures)
        images = next((o.pictures for o, shown in after if shown != digest and len(o.pictures) == count), ())
        found += [sample.with_(images=images)] if images else []
    return Dataset(dataset.name, found) if len(found) == EXCHANGED else None


def _unlooked(asker: Asker, clean: Dataset, other: Dataset) -> bool:
    """Whether no answer changes with the picture, and not because there is little to answer."""
    try:
        before, after = asker.ask(clean, CLEAN)[0], asker.ask(other, "pictures exchanged")[0]
    except ModelError:  # it may be made for the pictures of its question
        return False
    told = {sample.id: normalise_answer(response.text) for sample, response in zip(clean, before, strict=True)}
    pairs = [(told[sample.id], normalise_answer(response.text)) for sample, response in zip(other, after, strict=True)]
    return len({one for one, _ in pairs}) >= DIFFERENT and all(one == again for one, again in pairs)


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
