"""What a model made of one view of a batch: its states by sample, and its distributions over answer tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pytest_emid.errors import EstimationError

__all__ = ["Answers", "States"]


@dataclass(frozen=True)
class Answers:
    """The model's scores where it was to write the reference answers.

    Attributes:
        logits: t x V, one row an answer token.
        labels: t, the reference token of each row.
        sample: t, which sample of the batch each row belongs to, from 0.

    Example:
        >>> answers = Answers(torch.zeros(3, 2), torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]))
        >>> answers.by_sample(torch.tensor([[2.0], [4.0], [5.0]]), samples=2).tolist()
        [[3.0], [5.0]]
    """

    logits: torch.Tensor
    labels: torch.Tensor
    sample: torch.Tensor

    def by_sample(self, values: torch.Tensor, samples: int) -> torch.Tensor:
        """Means over the answer tokens of each sample: t x k in, samples x k out."""
        sums = values.new_zeros(samples, values.shape[1]).index_add(0, self.sample, values)
        counts = torch.bincount(self.sample, minlength=samples)
        return sums / counts.clamp_min(1)[:, None]


@dataclass(frozen=True)
class States:
    """One view of a batch of n samples, as a model sees it. What is None cannot be used by a term.

    Attributes:
        visual: n x d, the model's own states of each picture, averaged over its tokens.
        question: n x d, its states of each question, averaged likewise.
        answers: its scores of the answer tokens.

    Raises:
        EstimationError: visual and question states of different numbers of samples.

    Example:
        >>> clean, shifted = States(visual=torch.eye(4)).halves()
        >>> clean.samples
        2
    """

    visual: torch.Tensor | None = None
    question: torch.Tensor | None = None
    answers: Answers | None = None

    def __post_init__(self) -> None:
        if self.visual is not None and self.question is not None and len(self.visual) != len(self.question):
            raise EstimationError(
                f"there are visual states of {len(self.visual)} samples and question states of {len(self.question)}; "
                "give one row a sample in both."
            )

    @property
    def samples(self) -> int:
        """How many samples the view has."""
        for rows in (self.visual, self.question):
            if rows is not None:
                return len(rows)
        if self.answers is None or not len(self.answers.sample):
            return 0
        return int(self.answers.sample.max()) + 1

    def halves(self) -> tuple[States, States]:
        """The first and the second half of the samples: the clean and the shifted view of a batch made by `Collator`.

        Raises:
            EstimationError: the number of samples is odd.
        """
        if self.samples % 2:
            raise EstimationError(f"a batch of two views has an even number of rows, not {self.samples}.")
        n = self.samples // 2
        return self._rows(0, n), self._rows(n, 2 * n)

    def _rows(self, start: int, end: int) -> States:
        answers = self.answers
        if answers is not None:
            here = (answers.sample >= start) & (answers.sample < end)
            answers = Answers(answers.logits[here], answers.labels[here], answers.sample[here] - start)
        visual = None if self.visual is None else self.visual[start:end]
        question = None if self.question is None else self.question[start:end]
        return States(visual, question, answers)
