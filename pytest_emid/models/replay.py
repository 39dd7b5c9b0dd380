"""The model behind a replay pack: answers what the pack holds, and asks nobody."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytest_emid.data.sample import Sample, pictures_digest
from pytest_emid.errors import DataError, listed
from pytest_emid.models.base import Response
from pytest_emid.models.keys import answer_keys, former_keys
from pytest_emid.models.packs import Answer, pack_key, read_answer, read_entries, told

__all__ = ["ReplayModel"]

NAMED: Final = 10
"""Models that an error lists."""


class ReplayModel:
    """Answers by picture and question, from a replay pack that `Cache.export_pack` wrote.

    Only keys are held in memory; an answer is read when it is given.

    Args:
        path: the pack.
        model: name of the model, where the pack holds answers of several.
        key_env: environment variable with the key that the pack must be signed with; None takes any pack.

    Raises:
        DataError: no such pack, or not signed with the key; it holds no answers, or those of several models; while
            answering, the full list of samples that it does not answer.

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

    replays = True

    def __init__(self, path: str | Path, *, model: str | None = None, key_env: str | None = None) -> None:
        self.path = Path(path)
        held: dict[tuple[str, str, bool], int] = {}
        keys, owners, places = bytearray(), array("L"), array("q")
        self._responses: dict[bytes, Response] = {}
        for entry, offset in read_entries(self.path, pack_key(key_env)):
            if not isinstance(entry, Answer):
                continue
            keys += entry.key
            owners.append(held.setdefault((entry.model, entry.fingerprint, entry.by_id), len(held)))
            places.append(-1 if offset is None else offset)
            if offset is None:
                self._responses[entry.key] = entry.response
        chosen = [triple for triple in held if model is None or triple[0] == model]
        if len({triple[:2] for triple in chosen}) != 1:
            there = "; ".join(f"{name[:80]} ({print[:12]})" for name, print in sorted({t[:2] for t in held})[:NAMED])
            wanted = "one model" if model is None else f"one model named {model!r}"
            more = f"; and {len(held) - NAMED} more" if len(held) > NAMED else ""
            raise DataError(
                f"the replay pack {self.path} must hold answers of {wanted}; it holds: {there or 'none'}{more}. "
                "Name one with model=, or write a pack of one: python -m pytest_emid pack --model FINGERPRINT."
            )
        self.name, self.fingerprint, _ = chosen[0]
        self.by_id = any(by_id for _, _, by_id in chosen)
        mine = np.isin(np.asarray(owners), [held[triple] for triple in chosen])
        rows = np.frombuffer(bytes(keys), dtype="S32")[mine]
        order = np.argsort(rows, kind="stable")
        self._keys: NDArray[np.bytes_] = rows[order]
        self._places = np.asarray(places)[mine][order]

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"ReplayModel({str(self.path)!r}, {len(self)} answers of {self.name})"

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """Look every query up.

        Raises:
            DataError: some have no answer; nothing is yielded then.
        """
        pictures = [pictures_digest(sample.open_images()) for sample in samples]
        keys = answer_keys(self, samples, pictures)
        former = former_keys(self, samples, pictures) or keys
        places = [self._place(key) or self._place(old) for key, old in zip(keys, former, strict=True)]
        missing = [sample.id for sample, place in zip(samples, places, strict=True) if place is None]
        if missing:
            raise DataError(
                f"the replay pack {self.path} has no answer to {len(missing)} of {len(samples)} samples: "
                f"{listed(missing, 20)}. Ask the model where it is, and write the pack again."
            )
        for position, place in enumerate(places):
            assert place is not None
            yield position, self._read(*place)

    def _place(self, key: bytes) -> tuple[bytes, int] | None:
        position = int(np.searchsorted(self._keys, np.bytes_(key)))
        found = position < len(self._keys) and bytes(self._keys[position]).ljust(32, b"\0") == key
        return (key, int(self._places[position])) if found else None

    def _read(self, key: bytes, offset: int) -> Response:
        if offset < 0:
            return self._responses[key]
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                answer = read_answer(file.readline())
            if answer.key != key:
                raise ValueError("another answer stands there")
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"the replay pack {self.path} changed while it was in use: {told(error)}. Run again."
            ) from error
        return answer.response
