"""How often metric gates are wrong, and what they see: shares of wrong verdicts where the truth is the threshold.

    python benchmarks/validity/metrics.py --answers answers [--draws 200]

`--answers` is a folder that nats_answers.py filled. Pictures are drawn again from the answers to each shift, whose
whole is the truth: n = 60, 90 and 300, with one question a picture and with three. PASS and FAIL are wrong where the
threshold is the truth; both together are 1 - coverage. Power is of `assert_metric_drop_below(result, "exact", 0)`,
two-sided at .05: with one question a picture against McNemar's test (as it is, and with the mid-p value that is
advised for few changes), with three against its form for clusters (Durkalski) and a sign test of pictures (mid-p).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, chi2

from pytest_emid import metrics
from pytest_emid.information.intervals.rates import rate_contrast, rate_drop

Float = NDArray[np.float64]
Clusters = NDArray[np.intp]
NAMES = ("exact", "token_f1", "character_accuracy")
"""A 0/1 metric and two between: all from 0 to 1, so that one answer can change 1."""
SIZES = (60, 90, 300)


class Population(NamedTuple):
    """A metric of every answer, (pictures, questions), clean and shifted."""

    name: str
    clean: Float
    shifted: Float


def populations(folder: Path, metric: str) -> list[Population]:
    found = []
    score = metrics.library_metric(metric)
    known: dict[tuple[str, str], float] = {}

    def scored(side: dict[str, NDArray[np.str_]], n: int, order: NDArray[np.intp]) -> Float:
        pairs = [(str(side["answer"][i]), str(side["truth"][i])) for i in order[:n]]
        for answer, truth in pairs:
            if (answer, truth) not in known:
                known[answer, truth] = score(answer, [truth], None)
        return np.array([known[pair] for pair in pairs]).reshape(-1, 3)

    for path in sorted(folder.glob("tiny-llava*_*.npz")):
        model, _, shift = path.stem.partition("_")
        if shift == "clean":
            continue
        clean, shifted = (dict(np.load(file)) for file in (folder / f"{model}_clean.npz", path))
        n = min(len(clean["exact"]), len(shifted["exact"]))
        _, picture = np.unique(clean["picture"][:n], return_inverse=True)
        order = np.argsort(picture, kind="stable")
        a, b = (scored(side, n, order) for side in (clean, shifted))
        if (a != b).sum() >= 5:  # fewer changes are no population to draw from
            found.append(Population(path.stem, a, b))
    return found


def draw(rng: np.random.Generator, of: Population, n: int, per: int) -> tuple[Float, Float, Clusters]:
    pictures = rng.integers(len(of.clean), size=n // per)
    if per == 3:
        return of.clean[pictures].ravel(), of.shifted[pictures].ravel(), np.repeat(np.arange(n // per), 3)
    question = rng.integers(3, size=n)
    return of.clean[pictures, question], of.shifted[pictures, question], np.arange(n)


def wrong(of: Population, n: int, per: int, draws: int) -> tuple[float, ...]:
    """Wrong PASS and wrong FAIL of a share retained, and of a drop."""
    rng = np.random.default_rng([n, per])
    ratio, lost = of.shifted.mean() / of.clean.mean(), of.clean.mean() - of.shifted.mean()
    counts = np.zeros(4)
    for _ in range(draws):
        a, b, clusters = draw(rng, of, n, per)
        kept, drop = rate_contrast(a, b, ratio, clusters), rate_drop(a, b, clusters)
        counts += kept.low > 0, kept.high < 0, drop.high < lost, drop.low > lost
    return tuple(counts / draws)


def mid_p(lost: int, gained: int) -> float:
    """Of the binomial test that as many were lost as gained, two-sided."""
    total, least = lost + gained, min(lost, gained)
    return float(min(1.0, 2 * binom.cdf(least, total, 0.5) - binom.pmf(least, total, 0.5)))


def tests(a: Float, b: Float, clusters: Clusters) -> tuple[bool, bool]:
    """Whether a loss is significant: by McNemar's test over clusters, and by a sign test of them with the mid-p."""
    change = np.bincount(clusters, a - b)
    lost, gained = int((change > 0).sum()), int((change < 0).sum())
    square = float((change**2).sum())
    mcnemar = change.sum() > 0 and chi2.sf(change.sum() ** 2 / square, 1) < 0.05
    return bool(mcnemar), lost > gained and mid_p(lost, gained) < 0.05


def power(of: Population, n: int, per: int, draws: int) -> Float:
    """Of the gate, of McNemar's test, and of the one with the mid-p value."""
    rng = np.random.default_rng([n, 7, per])
    counts = np.zeros(3)
    for _ in range(draws):
        a, b, clusters = draw(rng, of, n, per)
        counts += rate_drop(a, b, clusters).low > 0, *tests(a, b, clusters)
    return counts / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=500)
    options = parser.parse_args()
    print("metric               n    questions  retained: wrong PASS  wrong FAIL   drop: wrong PASS  wrong FAIL")
    for metric in NAMES:
        chosen = populations(options.answers, metric)
        for n in SIZES:
            for per in (1, 3):
                shares = np.mean([wrong(of, n, per, options.draws) for of in chosen], axis=0)
                shown = "".join(f"{share:>14.3f}" for share in shares)
                print(f"{metric:<21}{n:<5}{per:<11}{shown}   {len(chosen)} shifts", flush=True)
    print("n    questions  power of the gate  McNemar  mid-p   largest lead of McNemar, of mid-p, at a shift")
    chosen = populations(options.answers, "exact")
    for n in SIZES:
        for per in (1, 3):
            found = np.array([power(of, n, per, options.draws) for of in chosen])
            means, leads = found.mean(axis=0), (found[:, 1:] - found[:, :1]).max(axis=0)
            print(f"{n:<5}{per:<11}{means[0]:>17.3f}{means[1]:>9.3f}{means[2]:>7.3f}{leads[0]:>10.3f}{leads[1]:>8.3f}")


if __name__ == "__main__":
    main()
