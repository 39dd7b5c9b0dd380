"""Answers that were recorded in several scenarios: which of them are given follows from the scenario that is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError
from pytest_emid.models.base import CLEAN, Response
from pytest_emid.models.recorded import RecordedModel, same_question

if TYPE_CHECKING:
    from pytest_emid.data.dataset import Dataset

__all__ = ["RecordedScenarios", "RecordedShift", "load_recorded"]

Answers = str | Path | Sequence[str | Path] | Mapping[Any, str | Response] | Iterable[Mapping[str, Any]] | RecordedModel
_UNSHIFTED: Final = (CLEAN, "identity")
"""Scenarios to which the clean answers are the answers."""


@dataclass(frozen=True, eq=False, slots=True)
class RecordedShift:
    """The shift under which answers were recorded: the clean samples, with the questions that were recorded.

    Pictures stay as they are, for a recording knows none: what they were is no part of the measurement, and the results
    show no change of the pictures.

    Attributes:
        id: the scenario.
        questions: sample id to question, as far as the recording holds them.
    """

    id: str
    questions: Mapping[str, str] = field(repr=False)

    @property
    def modality(self) -> str:
        return "natural"

    @property
    def paired(self) -> bool:
        return True

    def __str__(self) -> str:
        return self.id

    def apply(self, dataset: Dataset, seed: int) -> Dataset:
        """The clean samples with the recorded questions, under their ids. The seed plays no part."""

        def asked(sample: Sample) -> Sample:
            question = self.questions.get(sample.id)
            if question is None or same_question(question, sample.question):
                return sample
            return sample.with_(question=question.replace("<image>", " ").strip())

        return dataset.map(f"{dataset.name}/{self.id}", asked)


class RecordedScenarios:
    """Recorded answers by sample id and scenario; make it with `load_recorded`.

    As a model it gives the clean answers; `under(scenario)` is the model of another scenario.

    Example:
        >>> model = load_recorded({"s1": "A dog."}, {"new release": {"s1": "A cat."}}, name="recorded")
        >>> model.scenarios
        ('new release',)
    """

    by_id = replays = True

    def __init__(self, clean: RecordedModel, shifted: Mapping[str, RecordedModel]) -> None:
        self.name, self.fingerprint = clean.name, clean.fingerprint
        self._clean = clean
        self._shifted = dict(shifted)

    def __repr__(self) -> str:
        return f"RecordedScenarios({self.name!r}, clean, {', '.join(self._shifted)})"

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The ids of the recorded scenarios, in the order in which they were given."""
        return tuple(self._shifted)

    def under(self, scenario: str) -> RecordedModel:
        """The recording of a scenario; that of the clean set for `clean` and `identity`.

        Raises:
            DataError: nothing was recorded under it.
        """
        if scenario in self._shifted:
            return self._shifted[scenario]
        if scenario in _UNSHIFTED:
            return self._clean
        raise DataError(
            f"the recording {self.name!r} holds no answers under {scenario!r}; it holds clean, "
            f"{', '.join(self._shifted)}. Record them, and give them to load_recorded: shifted={{{scenario!r}: path}}."
        )

    def shift(self, scenario: str) -> RecordedShift:
        """The shift of a recorded scenario, to be measured; for those that are no shift's id, such as a new release.

        Raises:
            DataError: nothing was recorded under it.
        """
        return RecordedShift(scenario, self.under(scenario).questions)

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Look every sample up in the clean recording by its id.

        Raises:
            DataError: as for `RecordedModel.respond`.
        """
        return self._clean.respond(samples)


def load_recorded(clean: Answers, shifted: Mapping[str, Answers], *, name: str | None = None) -> RecordedScenarios:
    """The model of two or more files of recorded answers to the same samples: clean, and in other scenarios.

    Samples are paired by their ids: record the answer to a shifted sample under the id of the clean one.

    Args:
        clean: the answers on the clean set, as `RecordedModel` takes them.
        shifted: scenario to answers. A scenario is the id of the shift that was applied (`"keyboard:1"`), and is
            measured by that id; or any other name (`"new release"`), and is measured by `model.shift(name)`.
        name: what reports call the model; by default the clean file's name without its suffix.

    Raises:
        DataError: as for `RecordedModel`; no scenario, or one that cannot be told from the clean set.

    Example:
        >>> model = load_recorded({"s1": "A dog."}, {"keyboard:1": {"s1": "A cat."}}, name="recorded")
        >>> model
        RecordedScenarios('recorded', clean, keyboard:1)
    """
    if not isinstance(shifted, Mapping) or not shifted:
        raise DataError(
            "shifted is a mapping from scenario to recorded answers, at least one: {'keyboard:1': 'keyboard.jsonl'}."
        )
    for scenario in shifted:
        if not isinstance(scenario, str) or not scenario.strip() or scenario in _UNSHIFTED:
            raise DataError(f"{scenario!r} names no scenario: give the id of a shift, or a name such as 'new release'.")
        if _same(clean, shifted[scenario]):
            raise DataError(f"{scenario!r} has the recording of the clean set, {clean!s}: nothing would be compared.")
    first = _recording(clean, name)
    return RecordedScenarios(first, {key: _recording(answers, first.name) for key, answers in shifted.items()})


def _same(one: Answers, other: Answers) -> bool:
    """Whether both are one file."""
    return (
        isinstance(one, str | Path) and isinstance(other, str | Path) and Path(one).resolve() == Path(other).resolve()
    )


def _recording(answers: Answers, name: str | None) -> RecordedModel:
    return answers if isinstance(answers, RecordedModel) else RecordedModel(answers, name=name)
