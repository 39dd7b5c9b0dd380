"""The bounds on EMID on exact finite instances: where the published one fails, that the rigorous one does not.

    python benchmarks/validity/theory.py --out theory.json            # about a minute
    python benchmarks/validity/theory.py --quick --out theory.json    # some seconds

- counterexamples: EMID, the published right-hand sides and the rigorous bound on the two families that break the
  published ones, and the smallest alphabets on which they break.
- random: instances with Dirichlet tables (sparse to uniform), queries whose image and text determine each other, no
  label shift: how often each bound is violated, median bounds, the median of EMID / bound where EMID > 0, and the
  correlation of each bound with EMID.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pytest_emid.information.theory.finite import FiniteInstance
from pytest_emid.information.theory.finite_bounds import (
    counterexample_large_alphabet,
    counterexample_preference,
    counterexample_small_alphabet,
    preference_gap,
    published_code_form,
    published_general,
    published_simplified,
    rigorous,
)

Bound = Callable[[FiniteInstance], float]

PUBLISHED: dict[str, Bound] = {
    "published_simplified": published_simplified,
    "published_general": published_general,
    "published_code_form": published_code_form,
}
BOUNDS: dict[str, Bound] = {
    **PUBLISHED,
    **{f"rigorous_{form}": lambda x, form=form: rigorous(x, form).value for form in ("tv", "inverse_js", "sqrt_js")},
}


def row(instance: FiniteInstance) -> dict[str, float]:
    return {"emid": instance.emid, **{name: bound(instance) for name, bound in BOUNDS.items()}}


def first_failure(bound: Bound, low: int, high: int) -> int:
    """Smallest alphabet of `counterexample_large_alphabet` on which EMID exceeds the bound, by bisection."""
    while high - low > 1:
        middle = (low + high) // 2
        example = counterexample_large_alphabet(middle)
        low, high = (low, middle) if example.emid > bound(example) else (middle, high)
    return high


def random_instance(rng: np.random.Generator) -> FiniteInstance:
    queries, letters = int(rng.integers(2, 9)), int(rng.integers(2, 9))

    def table(rows: int, size: int) -> np.ndarray:
        return np.nan_to_num(rng.dirichlet(np.full(size, rng.choice([0.1, 1.0, 5.0])), rows), nan=1.0 / size)

    p, q = table(2, queries)
    return FiniteInstance(p, q, table(queries, letters), table(queries, letters))


def random_summary(count: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    rows = [row(random_instance(rng)) for _ in range(count)]
    emid = np.array([r["emid"] for r in rows])
    summary: dict[str, object] = {"instances": count, "positive_emid": int((emid > 0).sum())}
    for name in BOUNDS:
        values = np.array([r[name] for r in rows])
        summary[name] = {
            "violations": int((emid > values + 1e-9).sum()),
            "median": float(np.median(values)),
            "median_tightness": float(np.median((emid / values)[emid > 0])),
            "correlation_with_emid": float(np.corrcoef(values, emid)[0, 1]),
        }
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer random instances")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the JSON goes; standard output if left out")
    options = parser.parse_args()
    result = {
        "small_alphabet": {f"m=2 t={t}": row(counterexample_small_alphabet(2, t)) for t in (0.05, 0.5, 0.9, 0.999)},
        "large_alphabet": {f"m={m}": row(counterexample_large_alphabet(m)) for m in (36, 1469, 2000)},
        "first_failure": {
            "published_simplified": first_failure(published_simplified, 2, 2000),
            "published_code_form": first_failure(published_code_form, 2, 2000),
        },
        "preference": {
            f"m={m} epsilon=0.1": {
                "delta": -math.log(0.9),
                "gap": preference_gap(*counterexample_preference(m, 0.1)).gap,
            }
            for m in (10, 1000, 100_000)
        },
        "random": random_summary(1000 if options.quick else 12_000, options.seed),
    }
    text = json.dumps(result, indent=1)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
