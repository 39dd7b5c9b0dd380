"""The reports of a suite's shards become one: the same as the report of a run that was not sharded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_emid.errors import DataError
from pytest_emid.measuring.plain import in_natural_order
from pytest_emid.plugin.ledger import Ledger
from pytest_emid.plugin.reports.json import read_document
from pytest_emid.version import __version__

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What the shards of one run found together.

    Attributes:
        ledger: the results and decisions of all.
        options: what decided them, by option; all shards had the same.
        problems: what is missing, as sentences: reasons to fail.
        notes: what a reader should know, as sentences.
        failed: whether a test failed in any shard, one that measures nothing included, or something is missing.
        incomplete: of shards that ended before their last test, why, as sentences.
        pictures: by digest, those that the shards kept for a page; None where none was asked for one.
    """

    ledger: Ledger
    options: Mapping[str, Any]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    failed: bool
    incomplete: tuple[str, ...] = ()
    pictures: Mapping[str, str] | None = None

    def document(self) -> dict[str, Any]:
        """What the report of the same run without shards holds."""
        ended = {
            "complete": not self.incomplete,
            **({"incomplete": " ".join(self.incomplete)} if self.incomplete else {}),
        }
        kept = {} if self.pictures is None else {"pictures": dict(self.pictures)}
        found = {**self.ledger.document(), "problems": list(self.problems), "options": dict(self.options)}
        return {**found, **ended, **kept}


@dataclass(frozen=True, slots=True)
class _Part:
    """One shard's report."""

    path: Path
    document: Mapping[str, Any]

    @property
    def shard(self) -> Mapping[str, Any]:
        shard: Mapping[str, Any] = self.document["shard"]
        return shard

    def __str__(self) -> str:
        return f"shard {self.shard['of']} ({self.path})"


def merge(paths: Sequence[Path]) -> Merged:
    """Put the reports together that `--emid-json` wrote in each shard of one run.

    Args:
        paths: one file a shard, in any order.

    Raises:
        DataError: a file is no report of a shard, a shard is missing or given twice, or the shards are not of one run:
            they split another selection of tests, or options or versions differ. The message names file and difference.
    """
    parts = sorted((_read(path) for path in paths), key=lambda part: part.shard["number"])
    _check_one_run(parts)
    _check_complete(parts)
    ledger = Ledger()
    problems: list[str] = []
    for part in parts:
        ledger.restore(part.document)
        problems += part.document["problems"]
        problems += _not_run(part)
    notes = tuple(_clean_differences(parts))
    outcomes = [test["outcome"] for test in ledger.document()["tests"]]
    failed = bool(problems) or "failed" in outcomes or any(part.shard["failed"] for part in parts)
    incomplete = tuple(f"{p}: {p.document['incomplete']}." for p in parts if not p.document["complete"])
    kept = [part.document["pictures"] for part in parts if "pictures" in part.document]
    return Merged(
        ledger,
        parts[0].document["options"],
        tuple(problems),
        notes,
        failed or bool(incomplete),
        incomplete,
        {digest: uri for pictures in kept for digest, uri in pictures.items()} if kept else None,
    )


def _read(path: Path) -> _Part:
    try:
        part = _Part(path, read_document(path))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot merge {path}: {error}") from error
    if part.document["version"] != __version__:
        raise DataError(
            f"cannot merge {path}: pytest-emid {part.document['version']} wrote it, and this is {__version__}. "
            "Merge with the version that wrote it."
        )
    if "plan" in part.document:
        raise DataError(f"cannot merge {path}: it is of --emid-plan, and nothing was measured. Run without it.")
    if "shard" not in part.document:
        raise DataError(
            f"cannot merge {path}: it is the report of a whole run. A shard writes its report with "
            "--emid-shard=K/N --emid-json=PATH."
        )
    if "plan" not in part.shard:
        raise DataError(
            f"cannot merge {path}: the run of shard {part.shard['of']} ended before it knew its tests. Run it again."
        )
    return part


def _check_one_run(parts: Sequence[_Part]) -> None:
    if not parts:
        raise DataError("there is nothing to merge: no report is given.")
    first = parts[0]
    for other in parts[1:]:
        if other.shard["total"] != first.shard["total"]:
            raise DataError(
                f"cannot merge {other} with {first}: they are shards of {other.shard['total']} and of "
                f"{first.shard['total']}. Give the reports of one run."
            )
        for key in sorted({*first.document["options"], *other.document["options"]}):
            theirs, ours = (part.document["options"].get(key) for part in (other, first))
            if theirs != ours:
                flag = f"--emid-{key.replace('_', '-')}"
                raise DataError(
                    f"cannot merge {other} with {first}: {flag} is {theirs!r} in the one and {ours!r} in the other. "
                    "Run all shards with the same options."
                )
        if other.shard["plan"] != first.shard["plan"]:
            raise DataError(
                f"cannot merge {other} with {first}: they are shards of different selections of tests. Run all shards "
                "on the same commit, with the same paths, -k and -m."
            )


def _check_complete(parts: Sequence[_Part]) -> None:
    total = parts[0].shard["total"]
    by_number: dict[int, _Part] = {}
    for part in parts:
        twin = by_number.setdefault(part.shard["number"], part)
        if twin is not part:
            raise DataError(f"shard {part.shard['of']} is given twice: {twin.path} and {part.path}.")
    missing = [f"{number}/{total}" for number in range(1, total + 1) if number not in by_number]
    if missing:
        raise DataError(
            f"the report of shard {', '.join(missing)} is missing: {len(parts)} of {total} are given. Nothing that "
            f"{'it gates' if len(missing) == 1 else 'they gate'} was checked."
        )


def _not_run(part: _Part) -> Iterator[str]:
    """Tests that were the shard's, and of which its report says nothing: the run ended early."""
    told = {test["nodeid"] for test in part.document["tests"] if test["outcome"] != "unknown"}
    lost = sorted((nodeid for nodeid in part.shard["tests"] if nodeid not in told), key=in_natural_order)
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        yield f"{part} ended before {', '.join(lost[:3])}{more} ran. Nothing that they gate was checked."


def _clean_differences(parts: Sequence[_Part]) -> Iterator[str]:
    """Shards that asked the clean questions anew and got other answers: each compares with its own, which is sound."""
    first: dict[tuple[str, str], tuple[_Part, Mapping[str, Any]]] = {}
    for part in parts:
        seen: Counter[tuple[str, str]] = Counter()
        for result in part.document["results"]:
            clean = result["clean"]
            key = (result["settings"].get("model", result["model"]), clean["fingerprint"])
            seen[key] += 1
            before, answers = first.setdefault(key, (part, clean))
            if before is part or seen[key] > 1:
                continue
            pairs = zip(answers["records"], clean["records"], strict=True)
            other = sum(a["response"] != b["response"] for a, b in pairs)
            if other:
                yield (
                    f"{part} got other answers to {other} of {len(clean['records'])} clean questions than {before}: "
                    "this model does not answer the same when it is asked again. Each shard compares with its own "
                    "clean answers; shards that begin with one cache share them."
                )
