"""What `assert_no_regression` compares with: a saved run, read once a process; and how a run becomes the baseline."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_emid.errors import BaselineError, DataError
from pytest_emid.measuring.format import percent
from pytest_emid.measuring.matching import changes, counterpart
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.config import CONFIG, EmidConfig
from pytest_emid.plugin.runs import SavedRun, read_run

if TYPE_CHECKING:
    from pytest_emid.plugin.ledger import Ledger

__all__ = ["accepted", "baseline_path", "changed_since", "in_words", "is_first", "keep", "saved_baseline", "since"]

AUTO: Final = "auto"
FILE: Final = "emid-baseline.json"
"""What `auto` is, in the root directory."""
HISTORY: Final = "history"
"""Where a baseline keeps what was said when it was accepted, the last first."""


def baseline_path(config: pytest.Config, effective: EmidConfig | None = None) -> Path | None:
    """The file of the baseline, whether it is there or not; None where none is named."""
    effective = config.stash[CONFIG] if effective is None else effective
    if effective.baseline is None:
        return None
    if effective.baseline == AUTO:
        return config.rootpath / FILE
    said_in_ini = effective.origin("baseline").startswith("ini ")
    return (config.rootpath if said_in_ini else config.invocation_params.dir) / effective.baseline


def is_first(config: pytest.Config) -> bool:
    """Whether there is no baseline yet, and this run is to become it."""
    path, effective = baseline_path(config), config.stash[CONFIG]
    may = effective.baseline == AUTO or effective.baseline_update is not None
    return may and path is not None and not path.exists()


def in_ci() -> bool:
    """Whether this machine keeps no files from run to run, by the variable that CI services set."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def saved_baseline(config: pytest.Config | None) -> SavedRun:
    """The run that --emid-baseline names.

    Raises:
        BaselineError: none is named, or it cannot be read.
    """
    path = None if config is None else baseline_path(config)
    if path is None:
        raise BaselineError(
            "there is no baseline to compare with. Name a saved run, --emid-baseline=PATH (ini emid_baseline), which "
            "--emid-save=PATH writes; or --emid-baseline=auto, with which the first run is saved; or give one: "
            "assert_no_regression(result, baseline=measure_emid.against(other_model, shift))."
        )
    if not path.exists():
        raise BaselineError(
            f"there is no baseline {path}. Save one: pytest --emid-save={path.name} on the version to compare with; "
            "or use --emid-baseline=auto, with which the first run is saved."
        )
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> SavedRun:
    try:
        return read_run(path)
    except DataError as error:
        raise BaselineError(f"the baseline cannot be used: {error}") from error


def changed_since(run: SavedRun, results: Sequence[EmidResult]) -> str:
    """What changed beside the answers, in a line; empty where nothing did."""
    found: dict[str, None] = {}
    for result in results:
        try:
            found |= dict.fromkeys(changes(counterpart(result, run.results, str(run.path)), result))
        except BaselineError:
            continue
    return in_words(tuple(found))


def in_words(found: Sequence[str]) -> str:
    """Changes as a line that says what they may mean."""
    if not found:
        return ""
    return f"Since the baseline: {', '.join(found)}. An upgrade or another setting is the usual cause of a silent drop."


def since(config: pytest.Config, ledger: Ledger) -> str:
    """What changed since the baseline beside the answers, in a line; empty where nothing did or nothing is known."""
    try:
        run = saved_baseline(config)
    except BaselineError:
        return ""
    return changed_since(run, [row.result for row in ledger.rows()])


def keep(session: pytest.Session, document: Mapping[str, Any], ledger: Ledger, stopped: str) -> list[str]:
    """Write this run as the baseline, where it is the first one or is accepted in words, and say so in lines.

    Args:
        session: pytest's; whether a test failed does not matter to a first run.
        document: of this run.
        ledger: what it measured.
        stopped: why this run is nothing to compare with; empty where it is.

    Raises:
        BaselineError: the run is accepted, and cannot become the baseline.
        OSError: the file cannot be written.
    """
    config = session.config
    effective, path = config.stash[CONFIG], baseline_path(config)
    words, first = effective.baseline_update, is_first(config)
    if words is None and (not first or in_ci()):  # a job that is run again would compare with what it found red
        return []
    assert path is not None
    if effective.shard is not None:
        raise BaselineError(
            f"{effective.origin('baseline')}: a shard is a part of a run, and no baseline. Merge the reports of all "
            "shards (python -m pytest_emid merge --out), and name the merged one."
        )
    if not document["results"]:
        return []
    stopped = stopped or ("a test failed" if session.testsfailed and words is not None else "")
    if stopped:
        raise BaselineError(f"this run does not become the baseline {path}, because {stopped}. Run again.")
    from pytest_emid.plugin.reports import json
    from pytest_emid.version import __version__

    whole, lines = accepted(document, ledger, path, words or "the first run", __version__)
    json.write(path, whole)
    shown = [f"  {line}" for line in lines]
    return [f"the baseline is now {path.name}: {words or 'the first run'}", *shown]


def accepted(
    document: Mapping[str, Any], ledger: Ledger, path: Path, words: str, version: str
) -> tuple[dict[str, Any], list[str]]:
    """This run as the new baseline, and what it changes, in lines.

    Args:
        document: of this run.
        ledger: what this run measured.
        path: of the baseline; scenarios that this run did not measure keep what it holds of them.
        words: what changed.
        version: of this package.

    Raises:
        BaselineError: the file that is there is no saved run.
    """
    whole = dict(document)
    lines: list[str] = []
    history: list[Any] = []
    rows = ledger.rows()
    if path.exists():
        try:
            before = read_run(path)
        except DataError as error:
            raise BaselineError(f"the baseline cannot be replaced: {error} Remove it first.") from error
        history = list(before.document.get(HISTORY, []))
        mine = {_about(row.result) for row in rows}
        kept = {row.key for row in before.rows if _about(row.result) not in mine} - {row.key for row in rows}
        whole["results"] = [*whole["results"], *(r for r in before.document["results"] if r["key"] in kept)]
        ran = {test["nodeid"] for test in whole["tests"]}
        old_tests = [t for t in before.document["tests"] if t["nodeid"] not in ran and kept.intersection(t["measured"])]
        whole["tests"] = [*whole["tests"], *({**t, **_only(t, kept)} for t in old_tests)]
        for row in rows:
            try:
                old = counterpart(row.result, before.results, str(path))
            except BaselineError:
                lines.append(f"{row.result.scenario}: new, retained {percent(float(row.result.information_retained))}")
                continue
            if old == row.result:
                continue
            was, now = (percent(float(result.information_retained)) for result in (old, row.result))
            fewer = f", on {row.result.n:,} samples in place of {old.n:,}" if row.result.n < old.n else ""
            lines.append(f"{row.result.scenario}: retained {was} -> {now}{fewer}")
    told = {"words": words, "version": version, "changes": lines}
    return {**whole, HISTORY: [told, *history]}, lines


def _about(result: EmidResult) -> tuple[str, str, int]:
    return result.scenario, result.clean.dataset, result.seed


def _only(test: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    """Of a test, what it measured and decided of these results."""
    return {
        "measured": [key for key in test["measured"] if key in keys],
        "decisions": [decision for decision in test["decisions"] if decision["result"] in keys],
    }
