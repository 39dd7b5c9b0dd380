"""The format of replay packs: answers and vectors as JSON that can be reviewed and committed.

One entry a line, sorted by key, so that a change reads well in a diff, and a pack of any length is read line by line.
Each entry has a digest, which is checked. A pack may be signed with a key that only its writers and readers have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytest_emid.errors import DataError
from pytest_emid.models.base import Outcome, Response, Served, TokenScores

__all__ = ["Answer", "Placed", "Vector", "distinct", "pack_key", "read_answer", "read_entries", "told", "write_entries"]

FORMAT: Final = "pytest-emid replay pack"
VERSION: Final = 2
READ: Final = (1, 2)
"""Versions that are read. The first had no samples, no questions and no signature."""
MOST: Final = 600
"""Characters of somebody else's error that a message repeats."""
_HEADER: Final = re.compile(rf'\{{"format": "{FORMAT}", "version": (\d{{1,9}}),?\n')
_SECTION: Final = re.compile(r'"(answers|vectors)": \[(\])?(,|\})?')
_SIGNATURE: Final = re.compile(r'"signature": "([^"\\]*)"\}')


class Answer(NamedTuple):
    """An answer, with who gave it and to what.

    Attributes:
        key: what it is kept by (`pytest_emid.models.keys`).
        model: the model's name.
        fingerprint: the model's.
        response: the answer.
        sample: the id of the sample that was asked about; of several that ask the same, the first. Empty where nobody
            noted it.
        question: what was asked, likewise.
        by_id: whether the sample's id is a part of the key.
    """

    key: bytes
    model: str
    fingerprint: str
    response: Response
    sample: str = ""
    question: str = ""
    by_id: bool = False


class Vector(NamedTuple):
    """A vector, with the name and fingerprint of the encoder that made it."""

    key: bytes
    encoder: str
    fingerprint: str
    vector: NDArray[np.float32]


class Placed(NamedTuple):
    """An entry, and the byte of the file at which its line begins; None where the file has another layout."""

    entry: Answer | Vector
    offset: int | None


class _Row(NamedTuple):
    section: str
    number: int
    entry: Any
    offset: int | None


def pack_key(variable: str | None) -> bytes | None:
    """The key that packs are signed with, from an environment variable; None where none is named.

    Raises:
        DataError: the variable is not set, or empty.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise DataError(
            f"the environment variable {variable!r}, which names the key of replay packs, is not set. Set it, or leave "
            "--emid-pack-key-env out: packs are then read without their signature being checked."
        )
    return key.encode("utf-8", "surrogateescape")


def write_entries(
    path: Path, answers: Iterable[Answer], vectors: Iterable[Vector], key: bytes | None = None
) -> tuple[int, int, int]:
    """Write a pack, entry by entry.

    Args:
        path: its folder is made when missing; the file is replaced when all is written.
        answers: in the order of their keys.
        vectors: likewise.
        key: signs the pack; None leaves it unsigned.

    Returns:
        How many answers, vectors and bytes.

    Raises:
        DataError: the file cannot be written.
    """
    signature = None if key is None else hmac.new(key, digestmod="sha256")
    counts = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        direct = path.exists() and not path.is_file()  # a pipe or a device is written into
        target = path if direct else path.resolve().with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with target.open("w", encoding="utf-8", newline="\n") as file:
                size = file.write(f'{{"format": "{FORMAT}", "version": {VERSION}')
                for name, entries in (
                    ("answers", map(_answer_entry, answers)),
                    ("vectors", map(_vector_entry, vectors)),
                ):
                    size += file.write(f',\n"{name}": [')
                    count = 0
                    for count, entry in enumerate(entries, 1):
                        line = json.dumps(_digested(entry))
                        size += file.write(f"{',' if count > 1 else ''}\n{line}")
                        if signature is not None:
                            signature.update(_canonical(name, _digested(entry)))
                    size += file.write("\n]" if count else "]")
                    counts.append(count)
                size += file.write(
                    "" if signature is None else f',\n"signature": "hmac-sha256:{signature.hexdigest()}"'
                )
                size += file.write("}\n")
            if not direct:
                target.replace(path.resolve())
        except BaseException:
            if not direct:
                with suppress(OSError):
                    target.unlink()
            raise
    except OSError as error:
        raise DataError(f"cannot write the replay pack {path}: {error}.") from error
    return counts[0], counts[1], size


def read_entries(path: Path, key: bytes | None = None) -> Iterator[Placed]:
    """The entries of a pack, each checked. Whether it is signed is known after the last one.

    Args:
        path: the pack.
        key: the pack must be signed with it; None takes any pack.

    Raises:
        DataError: the file is no replay pack, an entry does not match its digest or occurs twice, or the pack is not
            signed with the key.
    """
    signature = None if key is None else hmac.new(key, digestmod="sha256")
    said: list[str] = []
    seen = {"answers": bytearray(), "vectors": bytearray()}
    for section, number, entry, offset in _rows(path, said):
        try:
            built = _built(section, entry)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise _damaged(path, f"entry {number} of {section!r}: {told(error)}") from error
        if signature is not None:
            signature.update(_canonical(section, entry))
        seen[section] += built.key
        yield Placed(built, offset)
    for section, keys in seen.items():
        twice = distinct(keys)
        if twice is not None:
            raise _damaged(path, f"{section!r} holds the key {twice.hex()} twice")
    if signature is not None:
        wanted = f"hmac-sha256:{signature.hexdigest()}"
        if not said:
            raise DataError(
                f"the replay pack {path} is not signed, and --emid-pack-key-env asks for a signature. Write it with "
                "that key: python -m pytest_emid pack --key-env NAME."
            )
        if not hmac.compare_digest(said[0].encode(), wanted.encode()):
            raise DataError(
                f"the replay pack {path} is not signed with the key that --emid-pack-key-env names: it was changed "
                "after it was signed, or signed with another key. Write the pack again."
            )


def read_answer(line: bytes) -> Answer:
    """The answer of one line of a pack.

    Raises:
        ValueError: it is none, or does not match its digest.
    """
    built = _built("answers", json.loads(line.strip().rstrip(b",")))
    assert isinstance(built, Answer)
    return built


def distinct(keys: bytes | bytearray) -> bytes | None:
    """A key that occurs twice among 32-byte keys in a row; None where each occurs once."""
    rows = np.frombuffer(bytes(keys), dtype=">u8").reshape(-1, 4)
    ordered = rows[np.lexsort(rows.T[::-1])]
    same = np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))
    return ordered[same[0]].tobytes() if len(same) else None


def told(error: BaseException) -> str:
    """An error in a message: somebody else's text, which may be of any length, cut."""
    text = str(error).encode("utf-8", "backslashreplace").decode().removesuffix(".")
    return text if len(text) <= MOST else f"{text[:MOST]} ... ({len(text):,} characters)"


def _rows(path: Path, signature: list[str]) -> Iterator[_Row]:
    """Every entry as it stands; the pack's signature is added to the list."""
    try:
        with path.open("rb") as file:
            header = _HEADER.fullmatch(file.readline(200).decode("utf-8", "replace"))
            if header is not None:
                _must_be_read(path, int(header[1]))
                yield from _lines(path, file, signature)
                return
        pack = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except DataError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"cannot read the replay pack {path}: {type(error).__name__}: {told(error)}.") from error
    if not isinstance(pack, dict) or pack.get("format") != FORMAT:
        raise DataError(f"{path} is not a replay pack. Write one with Cache.export_pack.")
    _must_be_read(path, pack.get("version"))
    if isinstance(pack.get("signature"), str):
        signature.append(pack["signature"])
    for name in ("answers", "vectors"):
        held = pack.get(name, [])
        if not isinstance(held, list):
            raise _damaged(path, f"{name!r} is no list but a {type(held).__name__}")
        for number, entry in enumerate(held):
            yield _Row(name, number, entry, None)


def _lines(path: Path, file: Any, signature: list[str]) -> Iterator[_Row]:
    """The entries of a pack in the layout in which it is written, after the first line."""
    section, number, ended, met = "", 0, False, set()
    offset, line_number = file.tell(), 1
    for raw in file:
        line_number += 1
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        start, offset = offset, offset + len(raw)
        if ended:
            raise _damaged(path, f"line {line_number} stands after its end")
        if section and text in ("]", "],", "]}"):
            section, ended = "", text == "]}"
        elif section:
            try:
                entry = json.loads(text.removesuffix(","), object_pairs_hook=_once)
            except (ValueError, RecursionError) as error:
                raise _damaged(path, f"line {line_number}: {told(error)}") from error
            yield _Row(section, number, entry, start)
            number += 1
        elif opened := _SECTION.fullmatch(text):
            if opened[1] in met:
                raise _damaged(path, f"line {line_number}: {opened[1]!r} occurs twice")
            met.add(opened[1])
            section, number = "" if opened[2] else opened[1], 0
            ended = bool(opened[2]) and opened[3] == "}"
        elif signed := _SIGNATURE.fullmatch(text):
            signature.append(signed[1])
            ended = True
        else:
            raise _damaged(path, f"line {line_number}: {text[:80]!r} is no part of a pack")
    if not ended:
        raise _damaged(path, "its end is missing")


def _must_be_read(path: Path, version: object) -> None:
    if version not in READ or isinstance(version, bool):
        raise DataError(
            f"the replay pack {path} has version {told(ValueError(repr(version)))}; this version of pytest-emid reads "
            f"{' and '.join(map(str, READ))}. Use the version that wrote it, or write the pack again."
        )


def _damaged(path: Path, what: str) -> DataError:
    return DataError(f"the replay pack {path} is damaged: {what}. Write the pack again.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:80]!r} occurs twice in one object")
    return made


def _built(section: str, entry: Any) -> Answer | Vector:
    if not isinstance(entry, dict):
        raise TypeError(f"it is no object but a {type(entry).__name__}")
    if entry != _digested({name: value for name, value in entry.items() if name != "digest"}):
        raise ValueError("it does not match its digest")
    for name in ("key", "fingerprint", "model" if section == "answers" else "encoder"):
        if not isinstance(entry[name], str) or not entry[name]:
            raise TypeError(f"its {name} is no text")
        entry[name].encode()  # a lone surrogate names nobody
    if len(bytes.fromhex(entry["key"])) != 32:
        raise ValueError("its key is no digest of 32 bytes")
    build: Callable[[dict[str, Any]], Answer | Vector] = _answer if section == "answers" else _vector
    return build(entry)


def _answer_entry(answer: Answer) -> dict[str, Any]:
    response = answer.response
    return {
        "key": answer.key.hex(),
        "model": answer.model,
        "fingerprint": answer.fingerprint,
        "sample": answer.sample,
        "question": answer.question,
        "outcome": str(response.outcome),
        "text": response.text,
        "error": response.error,
        "entropy": response.entropy,
        **({} if response.scores is None else {"scores": response.scores.to_dict()}),
        **({} if response.served is None else {"served": response.served.to_dict()}),
        **({"reasoning": response.reasoning} if response.reasoning else {}),
        **({"by_id": True} if answer.by_id else {}),
    }


def _answer(entry: dict[str, Any]) -> Answer:
    outcome, entropy = Outcome(entry["outcome"]), entry["entropy"]
    if outcome is Outcome.FAILED:
        raise ValueError("a failure is no answer")
    scores = TokenScores.from_dict(entry["scores"]) if "scores" in entry else None
    served = Served.from_dict(entry["served"]) if "served" in entry else None
    entropy = None if entropy is None else float(entropy)
    response = Response(entry["text"], outcome, entry["error"], entropy, scores, served, entry.get("reasoning", ""))
    sample, question, by_id = entry.get("sample", ""), entry.get("question", ""), entry.get("by_id", False)
    if not isinstance(sample, str) or not isinstance(question, str) or not isinstance(by_id, bool):
        raise TypeError("its sample or its question is no text")
    key = bytes.fromhex(entry["key"])
    return Answer(key, entry["model"], entry["fingerprint"], response, sample, question, by_id)


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
    with np.errstate(all="ignore"):
        length = float(np.linalg.norm(row.astype(np.float64)))
    if not abs(length - 1) <= 1e-3:
        raise ValueError(f"its vector has length {length:.4g}, not 1")
    return Vector(bytes.fromhex(entry["key"]), entry["encoder"], entry["fingerprint"], row)


def _digested(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "digest": hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]}


def _canonical(section: str, entry: dict[str, Any]) -> bytes:
    return f"{section}:{json.dumps(entry, sort_keys=True)}\n".encode()
