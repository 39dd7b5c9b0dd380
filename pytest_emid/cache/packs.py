"""Replay packs: answers and vectors as JSON that can be committed, so that a run needs no model and no key.

One entry a line, sorted by key, so that a change reads well in a diff. Each entry has a digest, which is checked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from pytest_emid.cache.store import Answer, Sizes, Store, Vector
from pytest_emid.data.writing import writing
from pytest_emid.errors import DataError
from pytest_emid.models.base import Outcome, Response, Served, TokenScores

__all__ = ["read_entries", "read_pack", "write_pack"]

FORMAT: Final = "pytest-emid replay pack"
VERSION: Final = 1


def write_pack(store: Store, path: Path, vectors: bool = True) -> Sizes:
    """Write a store's answers (failures left out) and vectors.

    Raises:
        DataError: the file cannot be written.
    """
    answers = [_signed(_answer_entry(answer)) for answer in store.every_answer()]
    rows = [_signed(_vector_entry(vector)) for vector in store.every_vector()] if vectors else []
    parts = [f'"{name}": [{_lines(entries)}]' for name, entries in (("answers", answers), ("vectors", rows))]
    text = ",\n".join([f'{{"format": "{FORMAT}", "version": {VERSION}', *parts]) + "}\n"
    try:
        with writing(path) as stream:
            stream.write(text)
    except OSError as error:
        raise DataError(f"cannot write the replay pack {path}: {error}.") from error
    return Sizes(len(answers), 0, len(rows), len(text))


def read_pack(path: Path, store: Store) -> Sizes:
    """Keep what a pack holds in a store.

    Raises:
        DataError: the file is no replay pack, or an entry does not match its digest. Nothing is kept then.
    """
    entries = list(read_entries(path))
    answers = [entry for entry in entries if isinstance(entry, Answer)]
    vectors = [entry for entry in entries if isinstance(entry, Vector)]
    store.put_answers(answers)
    store.put_vectors(vectors)
    return Sizes(len(answers), 0, len(vectors), path.stat().st_size)


def read_entries(path: Path) -> Iterator[Answer | Vector]:
    """The entries of a pack, each checked.

    Raises:
        DataError: the file is no replay pack, or an entry does not match its digest.
    """
    try:
        pack = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"cannot read the replay pack {path}: {type(error).__name__}: {error}.") from error
    if not isinstance(pack, dict) or pack.get("format") != FORMAT:
        raise DataError(f"{path} is not a replay pack. Write one with Cache.export_pack.")
    if pack.get("version") != VERSION:
        raise DataError(
            f"the replay pack {path} has version {pack.get('version')!r}; this version of pytest-emid reads {VERSION}. "
            "Use the version that wrote it, or write the pack again."
        )
    for name, build in (("answers", _answer), ("vectors", _vector)):
        held = pack.get(name, [])
        if not isinstance(held, list):
            kind = type(held).__name__
            raise DataError(
                f"the replay pack {path} is damaged: {name!r} is no list but a {kind}. Write the pack again."
            )
        for number, entry in enumerate(held):
            try:
                if entry != _signed({key: value for key, value in entry.items() if key != "digest"}):
                    raise ValueError("it does not match its digest")
                yield build(entry)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"the replay pack {path} is damaged: entry {number} of {name!r}: {error}. Write the pack again."
                ) from error


def _answer_entry(answer: Answer) -> dict[str, Any]:
    response = answer.response
    return {
        "key": answer.key.hex(),
        "model": answer.model,
        "fingerprint": answer.fingerprint,
        "outcome": str(response.outcome),
        "text": response.text,
        "error": response.error,
        "entropy": response.entropy,
        **({} if response.scores is None else {"scores": response.scores.to_dict()}),
        **({} if response.served is None else {"served": response.served.to_dict()}),
    }


def _answer(entry: dict[str, Any]) -> Answer:
    outcome, entropy = Outcome(entry["outcome"]), entry["entropy"]
    scores = TokenScores.from_dict(entry["scores"]) if "scores" in entry else None
    served = Served.from_dict(entry["served"]) if "served" in entry else None
    entropy = None if entropy is None else float(entropy)
    response = Response(entry["text"], outcome, entry["error"], entropy, scores, served)
    return Answer(bytes.fromhex(entry["key"]), entry["model"], entry["fingerprint"], response)


def _vector_entry(vector: Vector) -> dict[str, Any]:
    raw = np.ascontiguousarray(vector.vector, dtype="<f4").tobytes()
    return {
        "key": vector.key.hex(),
        "encoder": vector.encoder,
        "fingerprint": vector.fingerprint,
        "float32": base64.b64encode(raw).decode(),
    }


def _vector(entry: dict[str, Any]) -> Vector:
    raw = base64.b64decode(entry["float32"], validate=True)
    row = np.frombuffer(raw, dtype="<f4").astype(np.float32)
    return Vector(bytes.fromhex(entry["key"]), entry["encoder"], entry["fingerprint"], row)


def _signed(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "digest": hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]}


def _lines(entries: list[dict[str, Any]]) -> str:
    return "\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n" if entries else ""
