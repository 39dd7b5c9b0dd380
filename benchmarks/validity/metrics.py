"""How often metric gates are wrong: shares of wrong verdicts where the truth is the threshold, and power at margin 0.

    python benchmarks/validity/metrics.py --answers answers [--quick]

`--answers` is a folder that nats_answers.py filled. Pictures are drawn again from the answers to each shift, whose
whole is the truth: n = 60, 90 and 300, with one question a picture and with three. PASS and FAIL are wrong where the
threshold is the truth; both together are 1 - coverage. Power is of `assert_metric_drop_below(result, "exact", 0)`
against McNemar's test, two-sided at .05, one question a picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from pytest_emid.information.intervals.rates import rate_contrast, rate_drop

Float = NDArray[np.float64]


class Population(NamedTuple):
    """Right (1) or wrong (0) answers, (pictures, questions), clean and shifted."""

    name: str
    clean: Float
    shifted: Float


def populations(folder: Path) -> list[Population]:
    found = []
    for path in sorted(folder.glob("tiny-llava*_*.npz")):
        model, _, shift = path.stem.partition("_")
        if shift == "clean":
            continue
        clean, shifted = (np.load(file) for file in (folder / f"{model}_clean.npz", path))
        n = min(len(clean["exact"]), len(shifted["exact"]))
        _, picture = np.unique(clean["picture"][:n], return_inverse=True)
        order = np.argsort(picture, kind="stable")
        a, b = (np.asarray(side["exact"][:n], float)[order].reshape(-1, 3) for side in (clean, shifted))
        if np.abs(a - b).sum() >= 5:  # fewer changes are no population to draw from
            found.append(Population(path.stem, a, b))
    return found


def draw(rng: np.random.Generator, of: Population, n: int, per: int) -> tuple[Float, Float, NDArray[np.intp]]:
    pictures = rng.integers(len(of.clean), size=n // per)
    if per == 3:
        return of.clean[pictures].ravel(), of.shifted[pictures].ravel(), np.repeat(np.arange(n // per), 3)
    question = rng.integers(3, size=n)
    return of.clean[pictures, question], of.shifted[pictures, question], np.arange(n)


def wrong(of: Population, n: int, per: int, draws: int, width: float) -> tuple[float, float, float, float]:
    """Wrong PASS and wrong FAIL of a share retained, and of a drop."""
    rng = np.random.default_rng([n, per])
    ratio, lost = of.shifted.mean() / of.clean.mean(), of.clean.mean() - of.shifted.mean()
    counts = np.zeros(4)
    for _ in range(draws):
        a, b, clusters = draw(rng, of, n, per)
        kept = rate_contrast(a, b, ratio, clusters, width=width)
        drop = rate_drop(a, b, clusters, width=width)
        counts += kept.low > 0, kept.high < 0, drop.high < lost, drop.low > lost
    return tuple(counts / draws)  # type: ignore[return-value]


def power(of: Population, n: int, draws: int) -> tuple[float, float]:
    """Of the gate and of McNemar's test."""
    rng = np.random.default_rng([n, 7])
    gate = mcnemar = 0
    for _ in range(draws):
        a, b, clusters = draw(rng, of, n, 1)
        lost, gained = int((a > b).sum()), int((b > a).sum())
        gate += rate_drop(a, b, clusters).low > 0
        mcnemar += lost > gained and chi2.sf((lost - gained) ** 2 / (lost + gained), 1) < 0.05
    return gate / draws, mcnemar / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="40 draws of every fourth shift")
    options = parser.parse_args()
    every, draws = (4, 40) if options.quick else (1, 500)
    chosen = populations(options.answers)[::every]
    print(f"{len(chosen)} shifts, {draws} draws each; means over the shifts")
    print("n    questions  width  retained: wrong PASS  wrong FAIL   drop: wrong PASS  wrong FAIL")
    for n in (60, 90, 300):
        for per in (1, 3):
            for width in (0.0, 1.0):
                shares = np.mean([wrong(of, n, per, draws, width) for of in chosen], axis=0)
                print(f"{n:<5}{per:<11}{width:<7g}" + "".join(f"{share:>14.3f}" for share in shares))
    print("n    power of the gate  McNemar  largest difference of a shift")
    for n in (60, 90, 300):
        found = np.array([power(of, n, draws) for of in chosen])
        print(f"{n:<5}{found[:, 0].mean():>17.3f}{found[:, 1].mean():>9.3f}{np.abs(np.diff(found)).max():>10.3f}")


if __name__ == "__main__":
    main()
