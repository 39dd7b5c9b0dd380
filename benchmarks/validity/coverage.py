"""Do the intervals cover what they say, and how often does a gate alarm when nothing changed?

    python benchmarks/validity/coverage.py --out coverage.json            # some hours on one core
    python benchmarks/validity/coverage.py --quick --out coverage.json    # under two minutes

Two simulated worlds (linear, nonlinear), n = 60, 90, 300, critics and whitenings fitted on m = 100, 300, 1000 clean
reference pairs and frozen, samples independent or three to a picture, sets paired or not. Reported per cell:

- coverage: share of 95 % intervals of the loss that hold the target (nominal .95); likewise of information retained,
  of the bootstrap, and of intervals that ignore the clusters;
- alarm_two_sided, alarm_one_sided: rejections at 5 % (one-sided: the lower limit of the 90 % interval is above 0);
  under `redraw` nothing has changed, so these are false alarms;
- se_over_sd: mean standard error over the standard deviation of the estimate.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from experiment import Cell, run, write

STATISTICS = ("direct", "cosine to the reference", "anchored EMID, ridge", "published EMID, ridge")
PAIRED = ("redraw", "style .3", "q .75", "wrong .25")
UNPAIRED = ("redraw", "q .75")
HEADLINE_M = 300


def cells(reps: int, quick: bool) -> list[Cell]:
    sizes = ((60, 90) if quick else (60, 90, 300), (HEADLINE_M,) if quick else (100, HEADLINE_M, 1000))
    return [
        Cell(world, n, m, per_cluster, reps if m == HEADLINE_M else max(reps // 4, 40))
        for m in sorted(sizes[1], key=lambda m: m != HEADLINE_M)
        for n in sizes[0]
        for world in ("linear", "nonlinear")
        for per_cluster in (1, 3)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=1000, help="draws per headline cell (m = 300); others a quarter")
    parser.add_argument("--m", type=int, nargs="*", help="only these numbers of reference pairs")
    parser.add_argument("--n", type=int, nargs="*", help="only these numbers of samples")
    parser.add_argument("--statistics", nargs="*", default=STATISTICS)
    parser.add_argument("--conditions", nargs="*", default=PAIRED)
    parser.add_argument("--quick", action="store_true", help="40 draws of a few cells: a smoke test")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    reps = 40 if options.quick else options.reps
    rows: list[dict[str, object]] = []
    about = {"command": "benchmarks/validity/coverage.py", "reps": reps, "quick": options.quick}
    for cell in cells(reps, options.quick):
        if (options.m and cell.m not in options.m) or (options.n and cell.n not in options.n):
            continue
        done = run(cell, options.statistics, options.conditions, resampled=reps // 5)
        if cell.m == HEADLINE_M:
            done += run(cell, [s for s in options.statistics if s in STATISTICS[:2]], UNPAIRED, unpaired=True)
        rows += done
        print(f"\n{cell}")
        for row in done:
            flip = row.get("alarm_sign_flip")
            print(
                f"  {row['design']:8s} {row['statistic']:24s} {row['condition']:10s} "
                f"coverage {row['coverage']:.3f}  retained {row['coverage_retained']:.3f}  "
                f"alarms: two-sided {row['alarm_two_sided']:.3f}, one-sided {row['alarm_one_sided']:.3f}"
                + ("" if flip is None else f", sign flip {flip:.3f}")
                + f"  SE/sd {row['se_over_sd']:.2f}"
            )
        write(rows, options.out, about)


if __name__ == "__main__":
    main()
