"""The figures of the documentation: measured on the built-in model, and drawn again from their numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="figures need matplotlib: pip install 'pytest-emid[plots]'")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "figures" / "run.py"
SMALL = ("--models", "tiny-llava", "--families", "keyboard", "--severities", "1", "4", "--suites", "--n", "60")


def run(out: Path, *arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), "--out", str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def moved(row: dict[str, Any], i: int) -> dict[str, Any]:
    """The row as another scenario, whose EMID is twice its scores plus one."""
    bounds = dict.fromkeys(row["bounds"], 0.5 * i)
    key = {"suite": "scenes-synthetic", "scenario": f"made up {i}", "group": str(i), "kind": "VTJ"[i % 3]}
    return {**row, **key, "bounds": bounds, "emid": [1.0 + i, i - 1.0, 3.0 + i]}


@pytest.mark.slow
def test_figures_are_drawn_from_real_runs_and_again_from_their_numbers(tmp_path: Path) -> None:
    out = tmp_path / "numbers.json"
    printed = run(out, *SMALL)
    numbers = json.loads(out.read_text())
    clean, rows = numbers["models"]["tiny-llava"]["clean"], numbers["rows"]
    assert [row["scenario"] for row in rows] == ["keyboard:1", "keyboard:4"]
    accuracies = [clean["accuracy"][0], *(row["accuracy"][0] for row in rows)]
    assert accuracies[0] > accuracies[1] > accuracies[2]
    assert all(row["emid"][0] == pytest.approx(clean["emi"][0] - row["emi"][0], rel=1e-3, abs=1e-3) for row in rows)
    cells = " | ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    assert f"| `keyboard` | `tiny-llava` | {cells} |" in printed
    figure = tmp_path / "severity_textual.svg"
    assert {path.name for path in tmp_path.iterdir()} == {"numbers.json", figure.name}
    first = figure.read_bytes()
    assert first.startswith(b"<?xml")

    numbers["rows"] += [moved(rows[0], i) for i in range(8)]
    out.write_text(json.dumps(numbers))
    printed = run(out, "--redraw")
    assert figure.read_bytes() == first
    assert (tmp_path / "bound_synthetic.svg").read_bytes().startswith(b"<?xml")
    assert not (tmp_path / "bound_natural.svg").exists()
    line = "| scenes-synthetic | `tiny-llava` | published | emid | 8 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |"
    assert line in printed.splitlines()
