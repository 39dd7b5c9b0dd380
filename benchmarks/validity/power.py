"""How small a loss does each statistic see, and what else sets it off?

    python benchmarks/validity/power.py --out power.json            # most of an hour on one core
    python benchmarks/validity/power.py --quick --out power.json    # under two minutes

Share of draws in which a one-sided paired test at 5 % finds a loss, frozen fits on m = 300 clean reference pairs.
`redraw` (nothing changed) and `style` (a constant offset of all answers, information unchanged) are false alarms;
`rotate` is the same information in another subspace, as if the answers had changed their language.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from experiment import Cell, run, write

STATISTICS = (
    "direct",
    "direct, cosine (p = 1)",
    "direct, all directions alike",
    "direct, not whitened",
    "cosine to the reference",
    "anchored EMID, ridge",
    "anchored EMID, kernel",
    "published EMID, ridge",
)
PARTS = (
    "direct",
    "direct, p = 0.15",
    "direct, cosine (p = 1)",
    "direct, all directions alike",
    "direct, weights not cross-fitted",
    "direct, centred by the mean",
    "direct, not centred",
    "direct, not whitened",
)
"""The direct form, and what is left of it without each of its parts."""
CONDITIONS = (
    "redraw",
    "style .3",
    "style .6",
    "rotate",
    "q .80",
    "q .75",
    "q .65",
    "q .45",
    "wrong .10",
    "wrong .25",
    "picture .4, q .65",
    "style .3, q .75",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=200)
    parser.add_argument("--m", type=int, default=300)
    parser.add_argument("--n", type=int, nargs="*", default=(60, 90, 300))
    parser.add_argument("--statistics", nargs="*", default=STATISTICS)
    parser.add_argument("--conditions", nargs="*", default=CONDITIONS)
    parser.add_argument("--parts", action="store_true", help="the direct form, and without each of its parts")
    parser.add_argument("--quick", action="store_true", help="30 draws at n = 90: a smoke test")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    reps = 30 if options.quick else options.reps
    conditions = CONDITIONS[:7:2] if options.quick else options.conditions
    statistics = PARTS if options.parts else options.statistics
    rows: list[dict[str, object]] = []
    for n in (90,) if options.quick else options.n:
        for world in ("linear", "nonlinear"):
            cell = Cell(world, n, options.m, 1, reps)
            names = [name for name in statistics if not (options.quick and "kernel" in name)]
            done = run(cell, names, conditions, freezes=min(5, reps))
            rows += done
            print(f"\n{cell}\n{'':30s}" + "".join(f"{c:>18s}" for c in conditions))
            for name in names:
                power = {row["condition"]: row["alarm_one_sided"] for row in done if row["statistic"] == name}
                print(f"{name:30s}" + "".join(f"{power[c]:18.2f}" for c in conditions))
            write(rows, options.out, {"command": "benchmarks/validity/power.py", "reps": reps, "m": options.m})


if __name__ == "__main__":
    main()
