"""example_suites/at_scale on a cluster of processes: shards, a server that dies, one report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scale" / "cluster.py"


@pytest.mark.slow
def test_two_shards_on_a_dying_cluster_are_the_run_and_ask_nothing_twice(tmp_path: Path) -> None:
    out = tmp_path / "cluster.json"
    command = [sys.executable, str(SCRIPT), "--quick", "--latency=0.005", f"--out={out}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())
    assert found["merged_equals_whole"]
    assert found["again_equals_whole"]
    assert found["problems"] == []
    assert (found["scenarios"], found["samples"]) == (5, 90)
    assert found["answers"]["dying"] == 100
    assert found["answers"]["lasting"] == found["questions"] - 100
    assert (found["answered_twice"], found["not_answered"]) == (0, 0)
    assert found["cache"]["answers"] == found["questions"]
    assert found["cache"]["failures"] == 0
    assert "frost:1" in done.stdout
    assert "FAILED: 2 shards" in done.stdout  # the small model does not survive frost
