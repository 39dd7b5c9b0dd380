"""Answers that were recorded earlier: LLaVA answer files, or a dict. No model is needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_emid.data.files import json_lines
from pytest_emid.data.sample import Sample
from pytest_emid.errors import DataError, listed
from pytest_emid.models.base import Outcome, Response, TokenScores

__all__ = ["RecordedModel", "same_question"]


class RecordedModel:
    """Answers by sample id.

    Args:
        answers: a LLaVA answer file (JSON lines with `question_id` and `text`), several of them, a mapping from
            sample id to text or `Response`, or a list of such records.
        name: what reports call it; by default the file's name without its suffix.

    A record may also hold `outcome` (`ok`, `empty`, `refused`, `truncated` or `failed`), `error`, `entropy`, and
    `scores` (see `TokenScores.to_dict`). An answer belongs to a sample id: when the recording holds the question
    (`prompt`), it must be the one that is asked. Where its ids stand for other queries in a shifted set than in the
    clean one, no gate passes; `load_recorded` holds answers to clean and shifted queries under the same ids.

    Raises:
        DataError: unreadable files or records, a repeated id, other questions than those asked; while answering,
            the full list of samples that have no answer.

    Example:
        >>> from pytest_emid import models
        >>> models.RecordedModel({"1": "A cat.", "2": "A dog."}, name="pets")
        RecordedModel('pets', 2 answers)
    """

    by_id = replays = True

    def __init__(
        self,
        answers: str | Path | Sequence[str | Path] | Mapping[Any, str | Response] | Iterable[Mapping[str, Any]],
        *,
        name: str | None = None,
    ) -> None:
        self._answers: dict[str, tuple[Response, str | None]] = {}
        if isinstance(answers, str | Path):
            answers = [answers]
        if isinstance(answers, Mapping):
            self.name = name or "recorded"
            for key, value in answers.items():
                try:
                    response = value if isinstance(value, Response) else Response(value)
                except DataError as error:
                    raise DataError(f"answer {key!r}: {error}") from error
                self._add(str(key), response, None, f"answer {key!r}")
        else:
            given = list(answers)
            paths = [Path(item) for item in given if isinstance(item, str | Path)]
            self.name = name or (paths[0].stem if paths else "recorded")
            for item in given:
                if isinstance(item, str | Path):
                    self._read(Path(item))
                else:
                    self._record(item, f"record {given.index(item)}")
        if not self._answers:
            raise DataError(f"the recording {self.name!r} holds no answers.")
        digest = hashlib.sha256()
        for key in sorted(self._answers):
            response, question = self._answers[key]
            # an empty answer was "ok" in version 0.1.0, whose entries are served
            outcome = Outcome.OK if response.outcome is Outcome.EMPTY else response.outcome
            parts = [key, response.text, outcome, response.error, str(response.entropy), question or ""]
            if response.scores is not None:
                parts.append(json.dumps(response.scores.to_dict()))
            digest.update(json.dumps(parts).encode())
        self.fingerprint = hashlib.sha256(b"recorded:" + digest.digest()).hexdigest()

    def __len__(self) -> int:
        return len(self._answers)

    def __repr__(self) -> str:
        return f"RecordedModel({self.name!r}, {len(self)} answers)"

    def _read(self, path: Path) -> None:
        for where, record in json_lines(path):
            self._record(record, where)

    def _record(self, record: Any, where: str) -> None:
        if not isinstance(record, Mapping):
            raise DataError(f"{where}: a record is an object with question_id and text, not a {type(record).__name__}.")
        for key, kinds in (("question_id", (str, int)), ("text", (str,))):
            if not isinstance(record.get(key), kinds):
                held = ", ".join(map(repr, record)) or "nothing"
                raise DataError(f"{where}: the record has no {key!r}; it holds {held}.")
        said = str(record.get("outcome", Outcome.OK))
        if said not in list(Outcome):
            raise DataError(f"{where}: unknown outcome {said!r}; it is one of {', '.join(Outcome)}.")
        try:
            scores = None if record.get("scores") is None else TokenScores.from_dict(record["scores"])
            said_error = str(record.get("error", ""))
            response = Response(record["text"], Outcome(said), said_error, record.get("entropy"), scores)
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        prompt = record.get("prompt")
        if not isinstance(prompt, str | None):
            raise DataError(f"{where}: the prompt is a string, not a {type(prompt).__name__}.")
        self._add(str(record["question_id"]), response, prompt, where)

    def _add(self, key: str, response: Response, question: str | None, where: str) -> None:
        if key in self._answers:
            raise DataError(f"{where}: a second answer to {key!r}. One recording holds one answer per sample.")
        self._answers[key] = (response, question)

    @property
    def questions(self) -> dict[str, str]:
        """Sample id to the question that was recorded with the answer, where one was."""
        return {key: question for key, (_, question) in self._answers.items() if question is not None}

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Look every sample up by its id.

        Raises:
            DataError: some have no answer (nothing is yielded then), or were answered for another question.
        """
        missing = [sample.id for sample in samples if sample.id not in self._answers]
        if missing:
            raise DataError(
                f"the recording {self.name!r} has no answer to {len(missing)} of {len(samples)} samples: "
                f"{listed(missing, 20)}. Record them, or leave these samples out of the dataset."
            )
        others = [
            sample.id
            for sample in samples
            if (question := self._answers[sample.id][1]) is not None and not same_question(question, sample.question)
        ]
        if others:
            asked = next(sample.question for sample in samples if sample.id == others[0])
            raise DataError(
                f"the recording {self.name!r} answers other questions than those asked for {len(others)} of "
                f"{len(samples)} samples: {listed(others, 20)}. Sample {others[0]!r} asks {asked[:80]!r}; recorded was "
                f"{str(self._answers[others[0]][1])[:80]!r}. Use the recording of this dataset and shift."
            )
        for position, sample in enumerate(samples):
            yield position, self._answers[sample.id][0]


def same_question(one: str, other: str) -> bool:
    """Whether two prompts ask the same: they may differ in white space and in where the image token stands."""
    return _words(one) == _words(other)


def _words(text: str) -> list[str]:
    """The question's words: prompts differ in white space and in where they put the image token."""
    return text.replace("<image>", " ").split()
