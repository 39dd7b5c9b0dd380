"""example_suites/openai_server against a server on loopback: it passes, asks once, keeps to its budget."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("openai")

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "example_suites" / "openai_server"
CLUSTER = runpy.run_path(str(ROOT / "benchmarks" / "scale" / "cluster.py"))


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A copy of the suite with encoders that load in no time."""
    copy = tmp_path / "suite"
    shutil.copytree(SUITE, copy, ignore=shutil.ignore_patterns("__pycache__", ".emid"))
    conftest = copy / "conftest.py"
    conftest.write_text(conftest.read_text() + CLUSTER["LIGHT_ENCODERS"])
    return copy


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with CLUSTER["serving"](tmp_path, "server") as url:
        yield url


def run(suite: Path, url: str, *arguments: str, **settings: str) -> tuple[int, str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENAI_API_KEY": "canary-4711-secret", "COLUMNS": "120"}
    served = {"OPENAI_BASE_URL": url, "SERVED_MODEL": "recollection", "SERVED_REVISION": "1", **settings}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--emid-limit=90", *arguments]
    done = subprocess.run(
        command, cwd=suite, env={**environment, **served}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def asked(suite: Path) -> list[str]:
    return (suite.parent / "server.log").read_text().splitlines()


def test_it_passes_and_asks_once(suite: Path, url: str) -> None:
    code, said = run(suite, url, "--emid-json=report.json")
    assert code == 0, said
    assert "6 passed" in said
    document = json.loads((suite / "report.json").read_text())
    assert len(document["results"]) == 6
    questions = asked(suite)
    assert 3 * 90 < len(questions) == len(set(questions)) <= 7 * 90
    # without the server, from the cache
    code, said = run(suite, "http://127.0.0.1:9/v1", "-q", "-k", "photos")
    assert code == 0, said
    assert len(asked(suite)) == len(questions)
    kept = b"".join(path.read_bytes() for path in suite.rglob("*") if path.is_file())
    assert b"canary-4711" not in kept


def test_a_spent_budget_is_undecided(suite: Path, url: str) -> None:
    # 64 tokens in and some out: about 1e-5 a question
    code, said = run(suite, url, "-k", "photos and 1", SERVED_BUDGET="0.0005", SERVED_CONCURRENCY="2")
    assert code == 1, said
    assert "UNDECIDED: defocus_blur:1 was not measured: recollection: the budget of 0.0005 is spent" in said
    assert 0 < len(asked(suite)) < 90


@pytest.mark.parametrize("missing", ["OPENAI_BASE_URL", "SERVED_MODEL"])
def test_what_is_not_set_is_said(suite: Path, missing: str) -> None:
    code, said = run(suite, "http://127.0.0.1:9/v1", "-k", "photos and 1", **{missing: ""})
    assert code == 1
    assert f"the environment variable {missing} is not set; README.md in this folder says to what." in said
