"""Reports of shards become one, or a refusal that names the file and the difference."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from emid_factory import make_result

from pytest_emid.errors import DataError
from pytest_emid.measuring.results import EmidResult
from pytest_emid.plugin.merging import merge
from pytest_emid.plugin.reports import json as json_report
from pytest_emid.version import __version__

Edit = Callable[[dict[str, Any]], object]
OPTIONS = {"seed": 0, "confidence": 0.95}


def shard(number: int, total: int = 3, *, key: str | None = None, outcome: str = "passed") -> dict[str, Any]:
    """The report of a shard that holds one test, on one result of its own."""
    key = key or f"k{number}"
    test = {
        "nodeid": f"t{number}", "outcome": outcome, "measured": [key], "decisions": [], "expected": False,
        "direct": True, "attempts": 1,
    }  # fmt: skip
    of = {"number": number, "total": total, "of": f"{number}/{total}", "plan": "p", "tests": [f"t{number}"]}
    return {
        "results": [{"key": key, **make_result(f"blur:{number}", n=60).to_dict()}],
        "tests": [test],
        "problems": [],
        "options": dict(OPTIONS),
        "complete": True,
        "shard": {**of, "elsewhere": total - 1, "failed": False},
    }


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    monkeypatch.chdir(tmp_path)

    def written(*documents: dict[str, Any]) -> list[Path]:
        paths = [Path(f"{i}.json") for i in range(len(documents))]
        for path, document in zip(paths, documents, strict=True):
            json_report.write(path, document)
        return paths

    return written


def test_shards_in_any_order_are_the_run(write: Callable[..., list[Path]]) -> None:
    merged = merge(write(shard(3), shard(1), shard(2)))
    assert [row.key for row in merged.ledger.rows()] == ["k1", "k2", "k3"]
    assert (merged.options, merged.problems, merged.notes, merged.failed) == (OPTIONS, (), (), False)
    document = merged.document()
    assert [test["nodeid"] for test in document["tests"]] == ["t1", "t2", "t3"]
    assert (document["options"], document["problems"], document["complete"]) == (OPTIONS, [], True)
    assert "incomplete" not in document
    assert "shard" not in document


def test_letters_that_the_output_does_not_know_are_escaped(write: Callable[..., list[Path]]) -> None:
    document = shard(1, 1)
    document["problems"] = ["→ ✓ 猫"]
    command = [sys.executable, "-m", "pytest_emid", "merge", *map(str, write(document))]
    ran = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert rb"\u2192 \u2713 \u732b" in ran.stdout


def edited(number: int, edit: Edit, total: int = 3) -> dict[str, Any]:
    document = shard(number, total)
    edit(document)
    return document


@pytest.mark.parametrize(
    ("edit", "problems"),
    [
        (lambda d: d["shard"].update(failed=True), ()),
        (lambda d: d["tests"][0].update(outcome="failed"), ()),
        (lambda d: d.update(problems=["Something is missing."]), ("Something is missing.",)),
    ],
    ids=["a test that measures nothing", "a test that measures", "a problem"],
)
def test_what_fails_one_shard_fails_the_run(
    write: Callable[..., list[Path]], edit: Edit, problems: tuple[str, ...]
) -> None:
    merged = merge(write(shard(1), edited(2, edit), shard(3)))
    assert merged.failed
    assert merged.problems == problems
    assert merged.document()["problems"] == list(problems)


def test_a_shard_that_was_stopped_leaves_the_run_incomplete(write: Callable[..., list[Path]]) -> None:
    stopped = edited(2, lambda d: d.update(complete=False, incomplete="KeyboardInterrupt"))
    merged = merge(write(shard(1), stopped, shard(3)))
    assert merged.incomplete == ("shard 2/3 (1.json): KeyboardInterrupt.",)
    assert (merged.failed, merged.problems) == (True, ())
    document = merged.document()
    assert (document["complete"], document["incomplete"]) == (False, merged.incomplete[0])


def test_outcomes_that_are_no_failures(write: Callable[..., list[Path]]) -> None:
    assert not merge(write(shard(1, outcome="skipped"), shard(2), shard(3))).failed


@pytest.mark.parametrize(
    ("tests", "named"),
    [
        (["t1", "u10", "u9"], "u9, u10"),
        (["u1", "u2", "u3"], "u1, u2, u3"),
        (["u1", "u2", "u3", "u4", "u10"], "u1, u2, u3 and 2 more"),
    ],
)
def test_a_shard_that_ended_early_is_a_problem(write: Callable[..., list[Path]], tests: list[str], named: str) -> None:
    merged = merge(write(edited(1, lambda d: d["shard"].update(tests=tests), total=1)))
    assert merged.problems == (f"shard 1/1 (0.json) ended before {named} ran. Nothing that they gate was checked.",)
    assert merged.failed


def test_a_test_of_which_only_the_setup_was_told_did_not_run(write: Callable[..., list[Path]]) -> None:
    merged = merge(write(edited(1, lambda d: d["tests"][0].update(outcome="unknown"), total=1)))
    assert merged.problems == ("shard 1/1 (0.json) ended before t1 ran. Nothing that they gate was checked.",)


def several(*edits: Edit | None) -> list[dict[str, Any]]:
    return [edited(i, edit or (lambda d: None), len(edits)) for i, edit in enumerate(edits, start=1)]


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([], "there is nothing to merge: no report is given."),
        (
            several(None, lambda d: d["options"].update(cache_dir="x")),
            "cannot merge shard 2/2 (1.json) with shard 1/2 (0.json): --emid-cache-dir is 'x' in the one and None in "
            "the other. Run all shards with the same options.",
        ),
        (
            several(None, lambda d: d["options"].pop("seed")),
            "cannot merge shard 2/2 (1.json) with shard 1/2 (0.json): --emid-seed is None in the one and 0 in the "
            "other. Run all shards with the same options.",
        ),
        (
            several(None, None, lambda d: d["shard"].update(plan="q")),
            "cannot merge shard 3/3 (2.json) with shard 1/3 (0.json): they are shards of different selections of "
            "tests. Run all shards on the same commit, with the same paths, -k and -m.",
        ),
        (
            [shard(1, 2), shard(2, 3)],
            "cannot merge shard 2/3 (1.json) with shard 1/2 (0.json): they are shards of 3 and of 2. Give the reports "
            "of one run.",
        ),
        (
            [shard(2), shard(1), shard(2)],
            "shard 2/3 is given twice: 0.json and 2.json.",
        ),
        (
            [shard(2), shard(1)],
            "the report of shard 3/3 is missing: 2 of 3 are given. Nothing that it gates was checked.",
        ),
        (
            [shard(2, 4)],
            "the report of shard 1/4, 3/4, 4/4 is missing: 1 of 4 are given. Nothing that they gate was checked.",
        ),
        (
            several(lambda d: d["shard"].pop("plan")),
            "cannot merge 0.json: the run of shard 1/1 ended before it knew its tests. Run it again.",
        ),
        (
            several(lambda d: d.pop("shard")),
            "cannot merge 0.json: it is the report of a whole run. A shard writes its report with --emid-shard=K/N "
            "--emid-json=PATH.",
        ),
        (
            several(lambda d: d.update(plan={})),
            "cannot merge 0.json: it is of --emid-plan, and nothing was measured. Run without it.",
        ),
        (
            several(lambda d: d.update(version="0.0.1")),
            f"cannot merge 0.json: pytest-emid 0.0.1 wrote it, and this is {__version__}. Merge with the version that "
            "wrote it.",
        ),
        (
            several(lambda d: d.update(plugin="another")),
            "cannot merge 0.json: 0.json was not written by --emid-json or --emid-save.",
        ),
    ],
)
def test_what_is_not_one_whole_run_is_refused(
    write: Callable[..., list[Path]], documents: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        merge(write(*documents))
    assert str(caught.value) == message


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^cannot merge .*nowhere\.json: \[Errno 2\]"):
        merge([tmp_path / "nowhere.json"])


# clean answers


def answering(result: EmidResult, *answers: str) -> dict[str, Any]:
    """The first clean answers are others."""
    records = [replace(r, response=text) for r, text in zip(result.clean.records, answers, strict=False)]
    records += result.clean.records[len(answers) :]
    return replace(result, clean=replace(result.clean, records=tuple(records))).to_dict()


def holding(number: int, *bodies: dict[str, Any]) -> dict[str, Any]:
    """A shard of two with these results."""
    document = shard(number, 2)
    document["results"] = [{"key": f"k{number}{i}", **body} for i, body in enumerate(bodies)]
    document["tests"][0]["measured"] = [result["key"] for result in document["results"]]
    return document


NOTE = (
    "shard 2/2 (1.json) got other answers to {} of 60 clean questions than shard 1/2 (0.json): this model does not "
    "answer the same when it is asked again. Each shard compares with its own clean answers; shards that begin with "
    "one cache share them."
)
ONE, TWO = make_result("blur:1", n=60), make_result("blur:2", n=60)


@pytest.mark.parametrize(
    ("first", "second", "notes"),
    [
        ([answering(ONE)], [answering(TWO)], ()),
        ([answering(ONE)], [answering(TWO, "a", "b")], (NOTE.format(2),)),
        ([answering(ONE, "a")], [answering(TWO, "b", "c"), answering(ONE, "b", "c")], (NOTE.format(2),)),
        ([answering(ONE), answering(TWO, "a")], [answering(ONE)], ()),
        ([answering(ONE)], [answering(replace(TWO, model="another"), "a")], ()),
        ([answering(ONE)], [answering(replace(TWO, settings={"model": "fake, quantised"}), "a")], ()),
        ([answering(ONE)], [answering(replace(TWO, clean=replace(TWO.clean, fingerprint="x")), "a")], ()),
    ],
    ids=["same", "two others", "once a shard", "within a shard", "other model", "other origin", "other dataset"],
)
def test_other_clean_answers_are_noted_once_a_shard(
    write: Callable[..., list[Path]], first: list[Any], second: list[Any], notes: tuple[str, ...]
) -> None:
    merged = merge(write(holding(1, *first), holding(2, *second)))
    assert (merged.notes, merged.failed) == (notes, False)
