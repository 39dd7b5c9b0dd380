"""Runs that are killed: what the next one finds, and asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reliability" / "kill.py"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kills process groups")]


@pytest.mark.parametrize(("workers", "kills"), [(0, 2), (2, 1)])
def test_a_killed_run_loses_nothing_and_asks_nothing_twice(tmp_path: Path, workers: int, kills: int) -> None:
    out = tmp_path / "kill.json"
    command = [sys.executable, str(SCRIPT), f"--workers={workers}", f"--kills={kills}", f"--out={out}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [row] = json.loads(out.read_text())["runs"]
    assert row["killed"] == kills
    assert row["problems"] == []
    assert row["asked"] - row["asked_again"] == row["caches"] * row["distinct"]
