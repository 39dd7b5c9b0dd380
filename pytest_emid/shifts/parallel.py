"""Questions as somebody else shifted them, one text a sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_emid.errors import ShiftError, listed

if TYPE_CHECKING:  # naming shifts, which users do at collection, must not import numpy
    from pytest_emid.data.dataset import Dataset

__all__ = ["ParallelText", "parallel_text"]


@dataclass(frozen=True, eq=False, slots=True)
class ParallelText:
    """Questions that were shifted or translated elsewhere; make it with `parallel_text`.

    Attributes:
        id: what results call it.
        texts: sample id to the shifted question.

    Example:
        >>> from pytest_emid import shifts
        >>> shifts.parallel_text("sr_4", {"1": "what is it"})
        ParallelText(id='sr_4')
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
                f"{dataset.name!r}: {listed(missing)}. Add them, or leave these samples out."
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

    Example:
        >>> from pytest_emid import data, shifts
        >>> clean = data.load("scenes", 1)
        >>> shift = shifts.parallel_text("polite", {clean.ids[0]: "What can be seen, please?"})
        >>> shift.apply(clean, seed=0)[0].question
        'What can be seen, please?'
    """
    if not isinstance(id, str) or not id.strip():
        raise ShiftError(f"a shift's id must be text, not {id!r}. Pass one: parallel_text('sr_4', texts).")
    if not isinstance(texts, Mapping):
        raise ShiftError(f"shift {id!r}: texts are a mapping from sample id to question, not {type(texts).__name__}.")
    for sample_id, text in texts.items():
        if not isinstance(sample_id, str) or not isinstance(text, str):
            raise ShiftError(f"shift {id!r}: sample ids and texts are strings, not {sample_id!r}: {text!r}.")
    return ParallelText(id, dict(texts))
