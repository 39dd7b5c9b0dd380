"""Power, false alarms and style on the real answers of the built-in model, at several sizes.

    python benchmarks/validity/tiny_llava_power.py --out tiny_llava_power.json

The built-in model answers clean and shifted scenes once; evaluations of n samples are then drawn from them by whole
pictures, without replacement. Per size and statistic: the share of evaluations in which a one-sided paired test at 5 %
finds a loss under each shift; false alarms when the two sides of each picture are swapped at random (so that nothing
separates them but chance); and what is retained when the clean answers only change their style.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import styles
from numpy.typing import NDArray

from pytest_emid import encoders, models
from pytest_emid.cache import Cache
from pytest_emid.data import scenes_dataset
from pytest_emid.information.answers import one_wording
from pytest_emid.information.companions import cosine_to_reference, exact_match
from pytest_emid.information.critics.mutual_information import contributions
from pytest_emid.information.intervals.means import paired_interval
from pytest_emid.information.reference.decoded import decoded, decoded_obstacle
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.measuring.measurer import Measurer

Float = NDArray[np.float64]
SHIFTS = ("defocus_blur:5", "zoom_blur:2", "zoom_blur:3", "pixelate:4", "motion_blur:4", "gaussian_noise:1")
"""Such as cost few answers: what costs many, every statistic sees."""
SIZES = (60, 90, 200, 500)
SHARES = ("direct", "decoded", "cosine", "exact match")
"""Statistics of which a share can be retained; EMI of a right answer is 0."""
STATISTICS = ("direct", "decoded", "cosine", "exact match", "anchored EMID")
FIXED = {f"direct, p = {p}": p for p in (0.25, 0.15, 0.05, 0.02)}
"""The direct form with one exponent for all sets."""
DECODED = "decoded"


STYLES = {**styles.STYLES, "paraphrase": styles.scene_paraphrase}


class Answers:
    """Everything that the statistics read of one set of answers to the same questions."""

    def __init__(self, texts: list[str], response: Float, query: Float):
        self.texts, self.response, self.query = texts, response, query


class Study:
    """The answered sets, and the statistics on any subset of their samples."""

    def __init__(self, options: argparse.Namespace):
        dataset = scenes_dataset(options.n, options.seed)
        encoder = encoders.load(options.encoders)
        self.measurer = Measurer(
            models.load("tiny-llava"),
            dataset,
            encoder,
            calibration=scenes_dataset(1000, stream="calibration"),
            critic="club-ridge",  # of the published EMID
            cache=Cache(options.cache),
            seed=options.seed,
            permutations=0,
        )
        clean = self.measurer.clean.answered
        self.clusters = np.array(dataset.clusters)
        self.text = np.asarray(clean.text, dtype=np.float64)
        self.reference = np.asarray(clean.reference, dtype=np.float64)
        self.references = [sample.reference for sample in dataset]
        self.clean = Answers([r.text for r in clean.responses], clean.response, clean.query)

        def encode(texts: list[str]) -> Float:
            """As a measurement does: what equals a reference or a clean answer is worded as that."""
            texts = one_wording(texts, self.references, self.clean.texts)
            different = list(dict.fromkeys(texts))
            place = {text: i for i, text in enumerate(different)}
            rows: Float = np.asarray(encoder.text.encode(different))[[place[text] for text in texts]]
            return rows

        self.shifted = {}
        for shift in options.shifts:
            texts = [record.response for record in self.measurer.measure(shift).shifted.records]
            self.shifted[shift] = Answers(texts, encode(texts), clean.query)
            print(f"{shift:16s} accuracy {self.exact(texts).mean():.3f}", flush=True)
        self.styled = {}
        for name, change in STYLES.items():
            texts = [change(text) for text in self.clean.texts]
            self.styled[name] = Answers(texts, encode(texts), clean.query)

    def exact(self, texts: list[str]) -> Float:
        return exact_match(texts, self.references)

    def scores(
        self, rows: NDArray[np.intp], a: Answers, b: Answers, names: Sequence[str] = STATISTICS
    ) -> dict[str, tuple[Float, Float]]:
        """Scores of both sides on the samples `rows`, by statistic; `a` is the clean side."""
        calibration = self.measurer.calibration
        text, reference, clusters = self.text[rows], self.reference[rows], self.clusters[rows]
        arguments = (reference, text)
        reliability = reliability_of(calibration.whitening, a.response[rows], *arguments, clusters=clusters)

        def both(score: Callable[[Answers], Float]) -> tuple[Float, Float]:
            return score(a), score(b)

        options = {"reliability": reliability, "clusters": clusters}

        def informed(exponent: float | None = None) -> Callable[[Answers], Float]:
            return lambda s: direct(calibration.whitening, s.response[rows], *arguments, exponent=exponent, **options)

        score: dict[str, Callable[[Answers], Float]] = {
            "direct": informed(),
            **{name: informed(exponent) for name, exponent in FIXED.items()},
            DECODED: lambda s: decoded(calibration.whitening, s.response[rows], *arguments, clusters=clusters),
            "cosine": lambda s: cosine_to_reference(s.response[rows], reference),
            "exact match": lambda s: self.exact(s.texts)[rows],
            "anchored EMID": lambda s: contributions(calibration.critic.critic, a.query[rows], s.response[rows]),
        }
        too_few = decoded_obstacle(len(rows), len(set(clusters))) is not None
        return {name: both(score[name]) for name in names if name != DECODED or not too_few}

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.intp]:
        pictures = rng.permutation(np.unique(self.clusters))[: -(-n // 3)]
        return np.flatnonzero(np.isin(self.clusters, pictures))

    def swapped(self, rng: np.random.Generator, b: Answers) -> tuple[Answers, Answers]:
        """Both sides with the answers to a random half of the pictures exchanged."""
        pictures = np.unique(self.clusters)
        swap = np.isin(self.clusters, pictures[rng.random(len(pictures)) < 0.5])
        one = Answers(
            [y if s else x for x, y, s in zip(self.clean.texts, b.texts, swap, strict=True)],
            np.where(swap[:, None], b.response, self.clean.response),
            self.clean.query,
        )
        two = Answers(
            [x if s else y for x, y, s in zip(self.clean.texts, b.texts, swap, strict=True)],
            np.where(swap[:, None], self.clean.response, b.response),
            self.clean.query,
        )
        return one, two


def alarms(
    study: Study,
    rows: NDArray[np.intp],
    a: Answers,
    b: Answers,
    names: Sequence[str],
    into: dict[str, list[bool]],
) -> None:
    for name, (x, y) in study.scores(rows, a, b, names).items():
        into.setdefault(name, []).append(paired_interval(x, y, study.clusters[rows], 0.9).low > 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=900, help="samples that evaluations are drawn from")
    parser.add_argument("--reps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoders", default="tiny")
    parser.add_argument("--shifts", nargs="*", default=SHIFTS)
    parser.add_argument(
        "--statistics", nargs="*", choices=(*STATISTICS, *FIXED), default=STATISTICS, help="of power and alarms"
    )
    parser.add_argument("--style-draws", type=int, default=20)
    parser.add_argument("--cache", type=Path, help="keep answers here between runs")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    study = Study(options)
    clean = study.exact(study.clean.texts).mean()
    print(f"clean accuracy {clean:.3f} on {options.n}")
    rows: list[dict[str, object]] = []
    for n in options.sizes:
        for shift, answers in study.shifted.items():
            rng = np.random.default_rng([options.seed, n, zlib.crc32(shift.encode())])
            power: dict[str, list[bool]] = {}
            false: dict[str, list[bool]] = {}
            for _ in range(options.reps):
                alarms(study, study.draw(rng, n), study.clean, answers, options.statistics, power)
                alarms(study, study.draw(rng, n), *study.swapped(rng, answers), options.statistics, false)
            drop = clean - study.exact(answers.texts).mean()
            print(
                f"n={n} {shift} drop {drop:.3f}: "
                + ", ".join(
                    f"{name} {np.mean(power[name]):.2f} (swapped {np.mean(false[name]):.2f})" for name in power
                ),
                flush=True,
            )
            rows += [
                {
                    "n": n,
                    "shift": shift,
                    "accuracy_drop": float(drop),
                    "statistic": name,
                    "power": float(np.mean(power[name])),
                    "alarms_when_swapped": float(np.mean(false[name])),
                }
                for name in power
            ]
        swapped = {
            name: np.mean([row["alarms_when_swapped"] for row in rows if row["n"] == n and row["statistic"] == name])
            for name in options.statistics
            if any(row["n"] == n and row["statistic"] == name for row in rows)
        }
        print(f"n={n} swapped, all shifts: " + ", ".join(f"{name} {rate:.3f}" for name, rate in swapped.items()))
    for n in options.sizes:
        for style, answers in study.styled.items():
            rng = np.random.default_rng([options.seed, n, 99])
            kept: dict[str, list[float]] = {}
            for _ in range(options.style_draws):
                sample = study.draw(rng, n)
                for name, (x, y) in study.scores(sample, study.clean, answers, SHARES).items():
                    kept.setdefault(name, []).append(float(y.mean() / x.mean()))
            shown = ", ".join(f"{k} {np.mean(v):.2f} (sd {np.std(v):.2f})" for k, v in kept.items())
            print(f"n={n} style {style}: retained {shown}", flush=True)
            rows += [
                {
                    "n": n,
                    "style": style,
                    "statistic": name,
                    "retained": float(np.mean(values)),
                    "sd": float(np.std(values)),
                }
                for name, values in kept.items()
            ]
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"clean_accuracy": float(clean), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
