"""The model behind a replay pack: answers what the pack holds, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_emid.cache.keys import answer_keys
from pytest_emid.cache.packs import read_entries
from pytest_emid.cache.store import Answer
from pytest_emid.data.sample import Sample, image_digest
from pytest_emid.errors import DataError, listed
from pytest_emid.models.base import Response

__all__ = ["ReplayModel"]


class ReplayModel:
    """Answers by picture and question, from a replay pack that `Cache.export_pack` wrote.

    Args:
        path: the pack.
        model: name of the model, where the pack holds answers of several.

    Raises:
        DataError: no such pack; it holds no answers, or those of several models; while answering, the full list of
            samples that it does not answer.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from pytest_emid import data, models
        >>> from pytest_emid.cache import Cache
        >>> echo = models.load(lambda images, questions: questions, fingerprint="v1", name="echo")
        >>> with TemporaryDirectory() as folder, Cache(None) as cache:
        ...     _ = cache.respond(echo, data.load("scenes", 2))
        ...     _ = cache.export_pack(f"{folder}/pack.json")
        ...     replayed = models.ReplayModel(f"{folder}/pack.json")
        >>> replayed.name, len(replayed)
        ('echo', 2)
    """

    def __init__(self, path: str | Path, *, model: str | None = None) -> None:
        self.path = Path(path)
        answers = [entry for entry in read_entries(self.path) if isinstance(entry, Answer)]
        held = sorted({(answer.model, answer.fingerprint) for answer in answers})
        chosen = [pair for pair in held if model is None or pair[0] == model]
        if len(chosen) != 1:
            there = "; ".join(f"{name} ({fingerprint[:12]})" for name, fingerprint in held) or "none"
            wanted = "one model" if model is None else f"one model named {model!r}"
            raise DataError(
                f"the replay pack {self.path} must hold answers of {wanted}; it holds: {there}. "
                "Name one with model=, or write a pack of one model."
            )
        self.name, self.fingerprint = chosen[0]
        self._answers = {answer.key: answer.response for answer in answers if answer.fingerprint == self.fingerprint}

    def __len__(self) -> int:
        return len(self._answers)

    def __repr__(self) -> str:
        return f"ReplayModel({str(self.path)!r}, {len(self)} answers of {self.name})"

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Look every query up.

        Raises:
            DataError: some have no answer; nothing is yielded then.
        """
        keys = answer_keys(self, samples, [image_digest(sample.open_image()) for sample in samples])
        missing = [sample.id for sample, key in zip(samples, keys, strict=True) if key not in self._answers]
        if missing:
            raise DataError(
                f"the replay pack {self.path} has no answer to {len(missing)} of {len(samples)} samples: "
                f"{listed(missing, 20)}. Ask the model where it is, and write the pack again."
            )
        for position, key in enumerate(keys):
            yield position, self._answers[key]
