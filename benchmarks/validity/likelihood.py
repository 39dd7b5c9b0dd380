"""The model's own likelihood of the references against accuracy, over many shifts, and what it costs.

    python benchmarks/validity/likelihood.py --answers answers --n 300 --set pictures --out likelihood.json

`--answers` is a folder of nats_answers.py, which asks what it lacks. The truth is the drop in exact match; the measure
is the drop of E log P(reference | query), in nats, of the same samples. t is the drop over its standard error, with
clusters. Times are CPU seconds of one clean pass each, and batches of 1 and 16 are compared on a tenth of the samples.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from nats_answers import collect
from scipy.stats import spearmanr
from tiny_llava import SHIFTS

from pytest_emid import models, shifts
from pytest_emid.data import load
from pytest_emid.data.dataset import Dataset
from pytest_emid.information.intervals.means import paired_interval
from pytest_emid.models.base import Model

PICTURES = (
    *(f"defocus_blur:{severity}" for severity in range(2, 6)),
    *("frost:1", "frost:2", "frost:3", "keyboard:1", "keyboard:3", "synonym:1", "synonym:4", "zoom_blur:2"),
    *("gaussian_noise:1", "gaussian_noise:2", "gaussian_noise:3", "zoom_blur:3", "pixelate:4", "motion_blur:4"),
    *("fog:2", "contrast:1", "snow:1"),
)
SETS = {"mixed": SHIFTS, "pictures": PICTURES}


def likelihoods(model: Model, dataset: Dataset) -> np.ndarray:
    """log P(reference | query) of every sample."""
    samples = list(dataset)
    told = dict(model.score(samples, [sample.reference for sample in samples]))  # type: ignore[attr-defined]
    return np.array([told[i].log_probability for i in range(len(samples))])


def seconds(call: object) -> float:
    began = time.process_time()
    call()  # type: ignore[operator]
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--model", default="tiny-llava")
    parser.add_argument("--set", choices=SETS, default="pictures")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chosen = SETS[options.set]
    dataset, model = load("scenes", options.n, 0), models.load(options.model)
    some = dataset.first(max(16, options.n // 10))
    one, many = (likelihoods(models.load(options.model, batch_size=size), some) for size in (1, 16))
    apart = float(np.abs(one - many).max())
    asked = seconds(lambda: dict(model.respond(list(some))))
    scored = seconds(lambda: likelihoods(model, some))
    print(f"batch 1 against 16: {apart:.1e} nats at most; {scored:.1f} s for {asked:.1f} s of answering", flush=True)
    clean_answers, shifted_answers = collect(options.model, options.n, options.answers, chosen)
    clean, clusters, rows = likelihoods(model, dataset), dataset.clusters, []
    for shift in chosen:
        shifted = likelihoods(model, shifts.parse(shift).apply(dataset, 0))
        nats = paired_interval(clean, shifted, clusters, unit="nats")
        right = paired_interval(clean_answers["exact"], shifted_answers[shift]["exact"], clusters)
        rows.append(
            {
                "shift": shift,
                "accuracy_drop": right.value,
                "likelihood_drop": nats.value,
                "t_accuracy": right.value / right.se if right.se else 0.0,
                "t_likelihood": nats.value / nats.se,
            }
        )
        print(
            f"{shift:28}{right.value:>8.3f}{nats.value:>8.3f} nats   t {rows[-1]['t_accuracy']:>6.1f} of exact match"
            f"{rows[-1]['t_likelihood']:>7.1f} of likelihood",
            flush=True,
        )
    found = spearmanr([row["accuracy_drop"] for row in rows], [row["likelihood_drop"] for row in rows]).statistic
    print(f"{len(rows)} shifts ({options.set}), n = {options.n}: rank correlation {found:.3f}")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        told = {"n": options.n, "spearman": found, "batches": apart, "answering": asked, "scoring": scored}
        options.out.write_text(json.dumps({"model": model.name, **told, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
