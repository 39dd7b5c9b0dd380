"""How fast and how small the estimators are, against the authors' formulas written plainly (`plain.py`).

    python benchmarks/speed/run.py --out speed.json            # some minutes; 8 GB of free memory
    python benchmarks/speed/run.py --quick --out speed.json    # about a minute

Every figure comes from a process of its own on one thread, the sides turn by turn, so that what else the machine
does falls on all; the fastest of the repeats counts. CPU time is steadier than wall time where others work too. The
baseline runs twice: in float32 as the authors run it (`plain`), and in float64, in which our divergences are computed
(`plain64`).

- emi: one EMI at n samples, d = 768, with a critic of the authors' shape.
- emi_by_row: the baseline's arithmetic without its n x n x d tensor, which does not fit at n = 3,000.
- emid: one EMID with its score at n = 90 (four CLUBs, four divergences), nothing prepared.
- scenarios: 61 shifted sets of n = 90 against one clean set, which share pictures, questions and references as the
  paper's do (joint scenarios combine the visual and the textual ones); unrelated: 61 sets that share nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
DIMENSION = 768
TENSORS_OF_THE_BASELINE = 2
"""n x n x d float32 tensors that the plain CLUB holds at once: the differences and their squares."""


def run(case: str, n: int, side: str, repeats: int) -> dict[str, Any]:
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, str(HERE / "cases.py"), case, str(n), side, "--repeats", str(repeats)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **one_thread})
    result: dict[str, Any] = json.loads(output.stdout)
    return result


def best(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {**results[0], **{key: min(r[key] for r in results) for key in ("wall_s", "cpu_s")}}


def fits(n: int, side: str) -> str | None:
    """Why the plain CLUB cannot run at n samples, or None."""
    needed = TENSORS_OF_THE_BASELINE * (8.0 if side == "plain64" else 4.0) * n * n * DIMENSION
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None if needed < 0.5 * free else f"needs {needed / 1e9:.0f} GB, {free / 1e9:.0f} GB are free"


def compare(case: str, n: int, *, ours_repeats: int, plain_repeats: int, rounds: int) -> dict[str, Any]:
    """Both sides turn by turn, and how many times slower the baseline is."""
    row: dict[str, Any] = {"case": case, "n": n}
    plain_sides = ["plain", "plain64"]
    if case == "emi":
        row["not_run"] = {side: reason for side in plain_sides if (reason := fits(n, side))}
        plain_sides = [side for side in plain_sides if side not in row["not_run"]]
    results: dict[str, list[dict[str, Any]]] = {side: [] for side in ("ours", *plain_sides)}
    for _ in range(rounds):
        for side, found in results.items():
            found.append(
                run("emi", n, side, ours_repeats)
                if side == "ours" and case == "emi_by_row"
                else run(case, n, side, ours_repeats if side == "ours" else plain_repeats)
            )
    row.update({side: best(found) for side, found in results.items()})
    for side in plain_sides:
        row[f"times_faster_than_{side}"] = {key: row[side][key] / row["ours"][key] for key in ("cpu_s", "wall_s")}
        if not np.isclose(row["ours"]["value"], row[side]["value"], rtol=1e-3, atol=1e-6):
            raise SystemExit(f"{case} {n}: the sides disagree: {row['ours']['value']} and {row[side]['value']}")
    return row


def show(row: dict[str, Any]) -> str:
    def figures(side: str) -> str:
        return f"{side} {1e3 * row[side]['cpu_s']:9.1f} ms {row[side]['peak_above_inputs_mb']:7.1f} MB"

    parts = [f"{row['case']:>10} {row['n']:<6} {figures('ours')}"]
    for side in ("plain", "plain64"):
        if side in row:
            faster = row[f"times_faster_than_{side}"]
            parts.append(f"{figures(side)} {faster['cpu_s']:6.1f} times (wall {faster['wall_s']:.1f})")
        elif side in row.get("not_run", {}):
            parts.append(f"{side} {row['not_run'][side]}")
    return " | ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file to write the figures to, as JSON")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, one round")
    arguments = parser.parse_args()
    quick = arguments.quick
    rounds = 1 if quick else 2
    rows = [
        compare("emi", 90, ours_repeats=20, plain_repeats=5, rounds=rounds),
        compare("emid", 90, ours_repeats=20, plain_repeats=3, rounds=rounds),
        compare("scenarios", 8 if quick else 61, ours_repeats=8, plain_repeats=1, rounds=rounds),
        compare("unrelated", 5 if quick else 61, ours_repeats=5, plain_repeats=1, rounds=1),
        compare("emi", 300 if quick else 1000, ours_repeats=5, plain_repeats=1, rounds=rounds),
        *([] if quick else [compare("emi", 3000, ours_repeats=5, plain_repeats=1, rounds=1)]),
        compare("emi_by_row", 500 if quick else 3000, ours_repeats=5, plain_repeats=1, rounds=1),
    ]
    report = {
        "machine": {"platform": platform.platform(), "cpu": platform.processor(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "load_average": os.getloadavg(),
        "quick": quick,
        "dimension": DIMENSION,
        "rows": rows,
    }
    for row in rows:
        print(show(row))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
