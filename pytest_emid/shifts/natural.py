"""Natural shifts: one dataset against another, and questions as somebody else shifted them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_emid.errors import ShiftError

if TYPE_CHECKING:  # naming shifts, which users do at collection, must not import numpy
    from pytest_emid.data.dataset import Dataset

__all__ = ["NaturalShift", "ParallelText", "natural", "parallel_text"]


@dataclass(frozen=True, eq=False, slots=True)
class NaturalShift:
    """The shift from a clean dataset to another dataset; make it with `natural`.

    Attributes:
        target: the shifted samples.
        id: what results call it.
        paired: whether each clean sample has its counterpart, under the same id, in `target`.
    """

    target: Dataset = field(repr=False)
    id: str
    paired: bool

    @property
    def modality(self) -> str:
        return "natural"

    def __str__(self) -> str:
        return self.id

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The other dataset: whole when unpaired; when paired, the counterparts in the order of the clean samples.

        Counterparts take the clean samples' clusters: which clean samples share an image is what resampling needs.
        The seed plays no part.

        Raises:
            ShiftError: the shift is paired and a clean sample has no counterpart.
        """
        if not self.paired:
            return self.target
        counterparts = {sample.id: sample for sample in self.target}
        missing = [sample_id for sample_id in dataset.ids if sample_id not in counterparts]
        if missing:
            raise ShiftError(
                f"shift {self.id!r} is paired, but dataset {self.target.name!r} lacks {len(missing)} of the "
                f"{len(dataset)} samples of {dataset.name!r}: {_listed(missing)}. Give it samples with these ids, or "
                "pass paired=False to compare the two sets as they are."
            )
        recipe = None
        if self.target.recipe is not None:
            parts = "".join(f":{len(sample_id)}:{sample_id}" for sample_id in dataset.ids)
            recipe = hashlib.sha256(f"{self.target.recipe}:paired{parts}".encode("utf-8", "surrogatepass")).hexdigest()
        samples = (counterparts[clean.id].with_(cluster=clean.cluster_id) for clean in dataset)
        return type(dataset)(f"{dataset.name}/{self.id}", samples, recipe)


def natural(target: Dataset, *, paired: bool = False, id: str | None = None) -> NaturalShift:
    """The shift from the clean dataset to `target`: another domain, another language, another time.

    Args:
        target: the shifted samples.
        paired: True when `target` asks the same, under the same ids, in another language or domain: sample by sample
            comparison then gives narrower intervals. Equal ids alone do not make two sets paired, so it must be said.
        id: what results call it; by default the name of `target`.

    Raises:
        ShiftError: the target is no dataset, or the id is empty.
    """
    if not hasattr(target, "ids"):
        raise ShiftError(
            f"a natural shift is made of a dataset, not of {target!r}. Load it first: data.load('scenes:de'), "
            "for example."
        )
    chosen = target.name if id is None else id
    if not isinstance(chosen, str) or not chosen.strip():
        raise ShiftError(f"a shift's id must be text, not {chosen!r}. Pass one: natural(dataset, id='night').")
    return NaturalShift(target, chosen, bool(paired))


@dataclass(frozen=True, eq=False, slots=True)
class ParallelText:
    """Questions that were shifted or translated elsewhere; make it with `parallel_text`.

    Attributes:
        id: what results call it.
        texts: sample id to the shifted question.
    """

    id: str
    texts: Mapping[str, str] = field(repr=False)

    @property
    def modality(self) -> str:
        return "textual"

    @property
    def paired(self) -> bool:
        return True

    def __str__(self) -> str:
        return self.id

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The dataset with the other questions; pictures and references stay. The seed plays no part.

        Raises:
            ShiftError: a sample has no text or an empty one, or no question changes.
        """
        missing = [sample.id for sample in dataset if not self.texts.get(sample.id, "").strip()]
        if missing:
            raise ShiftError(
                f"shift {self.id!r} has no text for {len(missing)} of the {len(dataset)} samples of dataset "
                f"{dataset.name!r}: {_listed(missing)}. Add them, or leave these samples out."
            )
        if all(self.texts[sample.id] == sample.question for sample in dataset):
            raise ShiftError(
                f"shift {self.id!r} changed none of the {len(dataset)} questions of dataset {dataset.name!r}, so it "
                f"would measure nothing. The first question is {dataset[0].question!r}. Is it the right column?"
            )
        digest = hashlib.sha256(f"{dataset.fingerprint}:parallel".encode())
        for sample in dataset:
            text = self.texts[sample.id]
            digest.update(f":{len(text)}:{text}".encode("utf-8", "surrogatepass"))
        return dataset.map(
            f"{dataset.name}/{self.id}", lambda sample: sample.with_(question=self.texts[sample.id]), digest.hexdigest()
        )


def parallel_text(id: str, texts: Mapping[str, str]) -> ParallelText:
    """The textual shift that replaces each question by a given text.

    For questions as somebody else shifted them: `parallel_text("sr_4", data.load_prompts("answers.jsonl"))` replays
    the questions that recorded answers belong to. It has any id, is known to nobody else and composes with nothing;
    `translate` is for translations, which do.

    Args:
        id: what results call it.
        texts: sample id to question; further ids are not used.

    Raises:
        ShiftError: the id is empty, or a text is no text.
    """
    if not isinstance(id, str) or not id.strip():
        raise ShiftError(f"a shift's id must be text, not {id!r}. Pass one: parallel_text('sr_4', texts).")
    if not isinstance(texts, Mapping):
        raise ShiftError(f"shift {id!r}: texts are a mapping from sample id to question, not {type(texts).__name__}.")
    for sample_id, text in texts.items():
        if not isinstance(sample_id, str) or not isinstance(text, str):
            raise ShiftError(f"shift {id!r}: sample ids and texts are strings, not {sample_id!r}: {text!r}.")
    return ParallelText(id, dict(texts))


def _listed(ids: Sequence[str], most: int = 10) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(map(repr, ids[:most])) + more
