"""Do the intervals cover what they say, and how often does a gate alarm when nothing changed?

    python benchmarks/validity/coverage.py --out coverage.json            # some hours on one core
    python benchmarks/validity/coverage.py --quick --out coverage.json    # under two minutes
    python benchmarks/validity/coverage.py --read a.json b.json           # the rows of earlier runs as a table

Two simulated worlds (linear, nonlinear), n = 60, 90, 300, critics and whitenings fitted on m = 100, 300, 1000 clean
reference pairs and frozen, samples independent or three to a picture, sets paired or not. Reported per cell:

- coverage: share of 95 % intervals of the loss that hold the target (nominal .95); likewise of information retained,
  of the bootstrap, and of intervals that ignore the clusters;
- alarm_two_sided, alarm_one_sided: rejections at 5 % (one-sided: the lower limit of the 90 % interval is above 0);
  under `redraw` nothing has changed, so these are false alarms;
- se_over_sd: mean standard error over the standard deviation of the estimate.

The target is the mean over the draws of one frozen fit. Draws are divided over `--freezes` fits: a rate from few fits
is in part the luck of these fits.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiment import SEED, Cell, run, write
from short_answers import KIND
from simulator import WORLDS

STATISTICS = ("direct", "cosine to the reference", "anchored EMID, ridge", "published EMID, ridge")
CONDITIONS = ("redraw", "style .3", "q .75", "wrong .25")
ANY_DESIGN = ("direct", "cosine to the reference", "exact match")
DESIGNS = ("paired", "unpaired")
COLUMNS = ("coverage", "coverage_retained", "alarm_two_sided", "alarm_one_sided", "se_over_sd")


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of results as Markdown; alarms only where nothing has changed."""
    lines = [
        "| world | n | m | a picture | sets | statistic | condition | draws | loss | share | two-sided | one-sided "
        "| SE / sd |",
        "| --- " * 13 + "|",
    ]
    for row in sorted(rows, key=lambda r: (r["m"], r["n"], r["world"], r["per_cluster"], r["design"])):
        shown = [
            "" if "alarm" in name and row["condition"] != "redraw" else f"{row[name]:.3f}".removeprefix("0")
            for name in COLUMNS
        ]
        labels = ("world", "n", "m", "per_cluster", "design", "statistic", "condition", "draws")
        lines.append("| " + " | ".join([*(str(row[name]) for name in labels), *shown]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000, help="evaluations drawn per cell")
    parser.add_argument("--n", type=int, nargs="*", default=(60, 90, 300), help="samples of an evaluation")
    parser.add_argument("--m", type=int, nargs="*", default=(300, 100, 1000), help="clean reference pairs fitted on")
    parser.add_argument("--worlds", nargs="*", choices=(*WORLDS, KIND), default=WORLDS)
    parser.add_argument("--per-cluster", type=int, nargs="*", default=(1, 3), help="samples that share a picture")
    parser.add_argument("--designs", nargs="*", choices=DESIGNS, default=DESIGNS)
    parser.add_argument("--statistics", nargs="*", default=STATISTICS)
    parser.add_argument("--conditions", nargs="*", default=CONDITIONS)
    parser.add_argument("--freezes", type=int, default=20, help="frozen fits that the draws are divided over")
    parser.add_argument("--resampled", type=int, default=0, help="draws that get a bootstrap and sign flips as well")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="a few draws of a few cells: a smoke test")
    parser.add_argument("--read", type=Path, nargs="*", help="print these results as a table, and draw nothing")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    if options.read:
        print(table(row for path in options.read for row in json.loads(path.read_text())["rows"]))
        return
    if options.quick:
        options.draws, options.freezes, options.resampled, options.n, options.m = 40, 2, 8, (60,), (300,)
    rows: list[dict[str, object]] = []
    settings = ("draws", "freezes", "seed", "quick")
    about = {"command": "benchmarks/validity/coverage.py", **{name: getattr(options, name) for name in settings}}
    for m in options.m:
        for n in options.n:
            for world in options.worlds:
                for per_cluster in options.per_cluster:
                    for design in options.designs:
                        paired = design == "paired"
                        done = run(
                            Cell(world, n, m, per_cluster, options.draws),
                            [name for name in options.statistics if paired or name in ANY_DESIGN],
                            options.conditions,
                            unpaired=not paired,
                            resampled=options.resampled if paired else 0,
                            freezes=options.freezes,
                            seed=options.seed,
                        )
                        rows += done
                        print(table(done), flush=True)
                        write(rows, options.out, about)


if __name__ == "__main__":
    main()
