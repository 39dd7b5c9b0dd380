"""The workflow files in docs/how-to/ci.md: what they run is run, as it stands there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_emid.__main__ import main

yaml = pytest.importorskip("yaml", reason="comes with transformers")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "ci.md"
FILES = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
]
TESTS = """
import pytest
from pytest_emid import assert_information_retained, assert_no_regression

@pytest.mark.parametrize("percent", [95, 96, 97, 98])
def test_survives(measure_emid, percent):
    assert_information_retained(measure_emid(f"blur:{percent}"), 0.9)
"""
COMPARES = """
def test_no_regression(measure_emid):
    assert_no_regression(measure_emid("blur:97"), 0.05)
"""
OURS = ("python -m pytest ", "python -m pytest_emid ")


def jobs_of(file: dict[Any, Any]) -> dict[str, dict[str, Any]]:
    """By name; of GitHub they stand under `jobs`."""
    found: dict[str, dict[str, Any]] = file.get("jobs", file)
    return found


def commands_of(job: dict[str, Any]) -> list[str]:
    steps = [step["run"] for step in job.get("steps", []) if "run" in step]
    return [*steps, *job.get("script", [])]


def runs(file: dict[Any, Any]) -> Iterator[str]:
    """The commands of all jobs, with what CI puts in; those of a matrix once for each of its values."""
    for job in jobs_of(file).values():
        shards = job.get("strategy", {}).get("matrix", {}).get("shard") or range(1, job.get("parallel", 1) + 1)
        for shard in shards:
            for command in commands_of(job):
                if command.startswith(OURS):
                    command = command.replace("${{ matrix.shard }}", str(shard)).replace("$CI_NODE_INDEX", str(shard))
                    yield command.replace("$CI_NODE_TOTAL", str(job.get("parallel", 1)))


def test_there_are_four_ways_on_two_platforms() -> None:
    assert [("jobs" in file, len(jobs_of(file))) for file in FILES] == [
        *((True, 1), (False, 1)),
        *((True, 1), (False, 1)),
        *((True, 2), (False, 2)),
        *((True, 1), (False, 2)),
    ]


@pytest.mark.parametrize("file", FILES, ids=range(len(FILES)))
def test_every_command_runs_as_it_stands(project: pytest.Pytester, file: dict[Any, Any]) -> None:
    commands = list(runs(file))
    compares = any("--emid-baseline" in command for command in commands)
    project.makepyfile(test_x=TESTS + (COMPARES if compares else ""))
    for command in commands:
        _, _, module, *arguments = shlex.split(command)
        if module == "pytest":
            # a measurer that makes numbers up has no answers to replay; test_emid_replay.py does that
            result = project.runpytest(*(given for given in arguments if given != "--emid-replay=answers.json"))
            assert result.ret == pytest.ExitCode.OK, result.stdout.str()
        else:
            assert main(arguments) == 0
    kept = {path.name for path in project.path.iterdir()}
    for job in jobs_of(file).values():
        for path in uploaded(job):
            assert not path.endswith((".json", ".html", ".xml", ".md")) or "*" in path or path in kept, path


def uploaded(job: dict[str, Any]) -> list[str]:
    artifacts = job.get("artifacts", {})
    steps = [step.get("with", {}).get("path", "") for step in job.get("steps", []) if "uses" in step]
    reports = artifacts.get("reports", {}).values()
    return [*artifacts.get("paths", []), *reports, *(line for step in steps for line in step.split())]


@pytest.mark.parametrize("file", [file for file in FILES if "jobs" in file], ids=range(4))
def test_a_failed_build_still_shows_what_failed(file: dict[Any, Any]) -> None:
    # YAML reads the key `on` as true
    assert file.get("on") or file.get(True)
    for job in jobs_of(file).values():
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w.-]+@v\d+", step.get("uses", "a/b@v1"))
            named = step.get("with", {}).get("name", "")
            if step.get("uses", "").startswith("actions/upload-artifact") and named != "baseline":
                assert step["if"] == "always()"
