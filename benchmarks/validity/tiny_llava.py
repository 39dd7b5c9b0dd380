"""How well each statistic tracks the true drop in accuracy of the built-in model, over many shifts.

    python benchmarks/validity/tiny_llava.py --out benchmarks/results/tiny_llava.json

The truth is the drop in exact-answer accuracy, which scenes allow and real benchmarks do not. Every statistic is
computed by the package's own `Measurer`, as a user's test would.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scipy.stats import spearmanr

from pytest_emid import encoders, models
from pytest_emid.cache import Cache
from pytest_emid.data import load, scenes_dataset
from pytest_emid.measuring.measurer import Measurer
from pytest_emid.measuring.results import EmidResult

SHIFTS = [
    *(f"defocus_blur:{severity}" for severity in range(1, 6)),
    *(f"frost:{severity}" for severity in range(1, 6)),
    *(f"keyboard:{severity}" for severity in range(1, 6)),
    *(f"synonym:{severity}" for severity in range(1, 6)),
    "defocus_blur:1+keyboard:1",
    "defocus_blur:3+keyboard:1",
    "frost:3+keyboard:2",
    "frost:1+synonym:2",
    "defocus_blur:2+synonym:4",
]
STATISTICS = {
    "information lost (direct)": lambda r: r.information_lost.value,
    "information lost (decoded)": lambda r: None if r.decoded_retained is None else 1 - r.decoded_retained.value,
    "published EMID": lambda r: r.emid.value,
    "anchored EMID": lambda r: r.anchored_emid.value,
    "cosine drop": lambda r: r.cosine_drop.value,
}


def row(result: EmidResult) -> dict[str, object]:
    return {
        "scenario": result.scenario,
        "accuracy": result.shifted.exact.value,
        "accuracy_ratio": result.shifted.exact.value / result.clean.exact.value,
        "accuracy_drop": result.exact_drop.value,
        "retained": result.information_retained.value,
        "retained_decoded": None if result.decoded_retained is None else result.decoded_retained.value,
        **{name: statistic(result) for name, statistic in STATISTICS.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dataset", default="scenes", help="another domain or language, such as scenes:hard:de")
    parser.add_argument("--model", default="tiny-llava")
    parser.add_argument("--encoders", default="tiny")
    parser.add_argument("--cache", type=Path, help="keep answers here between runs")
    parser.add_argument("--shifts", nargs="*", default=SHIFTS)
    parser.add_argument("--out", type=Path, help="write the rows and correlations as JSON")
    options = parser.parse_args()
    measurer = Measurer(
        models.load(options.model),
        load(options.dataset, options.n, options.seed),
        encoders.load(options.encoders),
        calibration=scenes_dataset(1000, stream="calibration"),
        critic="club-ridge",  # what the published EMID is compared with
        cache=Cache(options.cache),
        seed=options.seed,
        permutations=0,
    )
    results = [measurer.measure(shift) for shift in options.shifts]
    rows = [row(result) for result in results]
    print(f"n = {options.n}, clean accuracy {results[0].clean.exact.value:.3f}, critic R2 {results[0].critic.r2}")
    columns = zip(("acc", "ratio", "direct", "decod.", "EMID", "anch.", "cos"), (5, 6, 7, 7, 8, 8, 6), strict=True)
    print(f"{'scenario':28s} " + " ".join(f"{name:>{width}s}" for name, width in columns))
    for r in rows:
        decoded = float("nan") if r["retained_decoded"] is None else r["retained_decoded"]
        print(
            f"{r['scenario']:28s} {r['accuracy']:5.3f} {r['accuracy_ratio']:6.3f} {r['retained']:7.3f} {decoded:7.3f} "
            f"{r['published EMID']:8.3f} {r['anchored EMID']:8.3f} {r['cosine drop']:6.3f}"
        )
    correlations = {}
    for name in STATISTICS:
        pairs = [(r["accuracy_drop"], r[name]) for r in rows if r[name] is not None]
        if len(pairs) > 2:
            correlations[name] = float(spearmanr(*zip(*pairs, strict=True)).statistic)
            print(f"Spearman with the accuracy drop, {len(pairs)} shifts: {name:28s} {correlations[name]:.3f}")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"n": options.n, "rows": rows, "spearman": correlations}, indent=1) + "\n")


if __name__ == "__main__":
    main()
