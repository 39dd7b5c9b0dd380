"""Power, false alarms and coverage of regression gates: the built-in model against a copy with damaged answers.

    python benchmarks/validity/regression.py --out regression.json

The built-in model answers clean and shifted scenes once (300 pictures, three questions each). Each resample draws
pictures with replacement, n questions in all, one or three to a picture; "old" and "new" are these answers, of which a
share is replaced, independently for old and new and for clean and shifted, by the answer to a question of the same kind
about another picture. Gates are decided at a margin of 0 and a one-sided level of 5 % (confidence 90 %); beside them
McNemar's test on exact matches: the classic one (z of the discordant pairs), with mid-p, and exact. Coverage is that of
95 % intervals of the difference in differences, as a share of the old clean information, around the mean of all
resamples.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from pytest_emid import encoders, models, shifts
from pytest_emid.cache import Cache
from pytest_emid.data import scenes_dataset
from pytest_emid.information.companions import exact_match
from pytest_emid.information.critics.witness import Witness
from pytest_emid.information.intervals.regressions import loss
from pytest_emid.information.reference.direct import direct_between
from pytest_emid.measuring.asking import Asker
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.scores import COMMON_EXPONENT

Float = NDArray[np.float64]
Rows = NDArray[np.intp]
QUESTIONS = 3
WORLDS = {
    "null, 5 % of both": (0.05, 0.05),
    "null, 10 % of both": (0.1, 0.1),
    "5 % of the new": (0.0, 0.05),
    "10 % of the new": (0.0, 0.1),
}
"""Share of damaged answers, old and new."""


class Study:
    """Answers that were asked once, and draws of them."""

    def __init__(self, options: argparse.Namespace):
        dataset, calibration = scenes_dataset(QUESTIONS * options.pictures), scenes_dataset(300, stream="calibration")
        encoder = encoders.load("tiny")
        asker = Asker(models.load("tiny-llava"), encoder, Cache(options.cache), time.time())
        self.whitening = Calibration.fit(asker.embed(calibration), "", 0).whitening
        embedded = asker.embed(calibration)
        self.witness = Witness.of(self.whitening, embedded.reference, embedded.text)
        self.clean = asker.answered(dataset, asker.ask(dataset, "clean"))
        shifted = shifts.parse(options.shift).apply(dataset, 0)
        self.shifted = asker.answered(shifted, asker.ask(shifted, options.shift), self.clean)
        self.references = [sample.reference for sample in dataset]
        self.pictures = options.pictures
        for name, side in (("clean", self.clean), ("shifted", self.shifted)):
            print(f"exact match, {name}: {self.right(side, np.arange(len(dataset))).mean():.3f}", flush=True)

    def right(self, side: Answered, answers: Rows, of: Rows | None = None) -> Float:
        """Whether answers are the references of the same questions, or of the questions `of`."""
        asked = answers if of is None else of
        return exact_match([side.responses[i].text for i in answers], [self.references[i] for i in asked])

    def draw(self, rng: np.random.Generator, n: int, per: int) -> tuple[Rows, Rows]:
        """Questions, and the cluster of each; a picture that is drawn twice is two pictures."""
        pictures = rng.integers(0, self.pictures, n // per)
        if per == 1:
            return QUESTIONS * pictures + rng.integers(0, QUESTIONS, n), np.arange(n)
        rows = (QUESTIONS * pictures[:, None] + np.arange(QUESTIONS)).ravel()
        return rows, np.repeat(np.arange(n // per), per)

    def damaged(self, rng: np.random.Generator, rows: Rows, share: float) -> Rows:
        """Whose answer is given to each question."""
        other = QUESTIONS * rng.integers(0, self.pictures, len(rows)) + rows % QUESTIONS
        return np.where(rng.random(len(rows)) < share, other, rows)

    def scores(self, side: Answered, answers: Rows, rows: Rows, clusters: Rows, emid: bool) -> dict[str, Float]:
        """By measure, of answers to the questions `rows`."""
        text, reference = self.clean.text[rows], self.clean.reference[rows]
        response = side.response[answers]
        pairs = self.whitening.pairs(response, reference, text)
        found = {
            "retained": direct_between(pairs, clusters=clusters, exponent=COMMON_EXPONENT),
            "exact": self.right(side, answers, rows),
        }
        if emid:
            found["emid"] = self.witness.information(response, reference, text, clusters=clusters).scores
        return found


def mcnemar(old: Float, new: Float) -> dict[str, bool]:
    """Whether each form of the test rejects at 5 %, one-sided."""
    lost, gained = int(((old == 1) & (new == 0)).sum()), int(((old == 0) & (new == 1)).sum())
    n = lost + gained
    if n == 0:
        return {"classic": False, "mid-p": False, "exact": False}
    exact = float(binom.sf(lost - 1, n, 0.5))
    return {
        "classic": bool((lost - gained) / math.sqrt(n) > norm.ppf(0.95)),
        "mid-p": exact - 0.5 * float(binom.pmf(lost, n, 0.5)) <= 0.05,
        "exact": exact <= 0.05,
    }


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % limits of a share."""
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def shown(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}]"


def alarms(study: Study, world: str, per: int, options: argparse.Namespace) -> dict[str, object]:
    """Share of resamples in which a loss under the shift is found."""
    rng = np.random.default_rng([options.seed, per, list(WORLDS).index(world)])
    hits: dict[str, int] = {}
    reps = options.emid_reps if options.emid else options.reps
    for _ in range(reps):
        rows, clusters = study.draw(rng, options.n, per)
        by: list[dict[str, Float]] = []
        for share in WORLDS[world]:
            by.append(study.scores(study.shifted, study.damaged(rng, rows, share), rows, clusters, options.emid))
        old, new = by
        for measure in old:
            found = loss(old[measure], new[measure], clusters).mean(0.9).low > 0.0
            hits[measure] = hits.get(measure, 0) + found
        for name, found in mcnemar(old["exact"], new["exact"]).items():
            hits[f"McNemar, {name}"] = hits.get(f"McNemar, {name}", 0) + found
    print(f"{world}, {per} a picture: " + ", ".join(f"{k} {shown(v, reps)}" for k, v in hits.items()), flush=True)
    return {"world": world, "per_picture": per, "reps": reps, "alarms": {k: v / reps for k, v in hits.items()}}


def coverage(study: Study, per: int, options: argparse.Namespace) -> dict[str, object]:
    """Of the difference in differences, where 5 % of the new clean answers and 15 % of the shifted ones are damaged."""
    rng = np.random.default_rng([options.seed, per, 99])
    estimates: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(options.reps):
        rows, clusters = study.draw(rng, options.n, per)
        sides = [
            study.scores(side, study.damaged(rng, rows, share), rows, clusters, False)
            for side, share in ((study.clean, 0.0), (study.shifted, 0.0), (study.clean, 0.05), (study.shifted, 0.15))
        ]
        for measure in sides[0]:
            old_clean, old_shifted, new_clean, new_shifted = (scores[measure] for scores in sides)
            found = loss(old_shifted - old_clean, new_shifted - new_clean, clusters, whole=old_clean).share(0.95)
            estimates.setdefault(measure, []).append((found.value, found.low, found.high))
    told: dict[str, float] = {}
    for measure, rows_of in estimates.items():
        value, low, high = np.array(rows_of).T
        inside = int(((low <= value.mean()) & (value.mean() <= high)).sum())
        told[measure] = inside / options.reps
        print(
            f"difference in differences, {per} a picture, {measure}: {value.mean():.3f}, covered "
            f"{shown(inside, options.reps)}",
            flush=True,
        )
    return {"per_picture": per, "reps": options.reps, "coverage": told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=90)
    parser.add_argument("--pictures", type=int, default=300, help="that are drawn from")
    parser.add_argument("--reps", type=int, default=2000)
    parser.add_argument("--shift", default="defocus_blur:5")
    parser.add_argument("--emid", action="store_true", help="EMID, too, in fewer resamples")
    parser.add_argument("--emid-reps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="keep answers here between runs")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    study = Study(options)
    rows = [alarms(study, world, per, options) for per in (1, QUESTIONS) for world in WORLDS]
    if not options.emid:
        rows += [coverage(study, per, options) for per in (1, QUESTIONS)]
    if options.out:
        options.out.write_text(json.dumps({"shift": options.shift, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
