"""Spoiled versions of the built-in model: does any gate pass what is wrong?

    python benchmarks/validity/spoiled.py --out spoiled.json                   # shifted answers are spoiled
    python benchmarks/validity/spoiled.py --sides both --only left/right       # clean ones alike: nothing is lost

`tiny-llava` is asked once, clean and under a shift that costs it nothing; its answers are then made wrong, all, half or
a fifth of them, and every gate is asked. The truth is the share of exact answers that is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytest_emid import (
    EmidResult,
    Response,
    assert_emi_above,
    assert_emid_below,
    assert_information_retained,
    assert_robust,
    data,
    encoders,
    models,
    shifts,
)
from pytest_emid.data import Sample, scenes_dataset
from pytest_emid.measuring.measurer import Measurer

Spoil = Callable[[int, Sequence[str], Sequence[str]], str]
"""The place of a sample, all answers and all questions to what is said instead."""

SIDES, HEIGHTS = [("left", "right")], [("top", "bottom"), ("above", "below")]
COLOURS = [("red", "blue"), ("green", "yellow"), ("purple", "orange"), ("white", "black")]
SHAPES, SIZES = [("circle", "square"), ("triangle", "cross")], [("small", "large"), ("larger", "smaller")]
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six"]
DINOSAUR = "There is also a large red dinosaur."
SEED = 3


def exchanged(pairs: Sequence[tuple[str, str]]) -> Spoil:
    other = dict(pairs) | {b: a for a, b in pairs}
    return lambda i, answers, _: re.sub(r"\b(" + "|".join(other) + r")\b", lambda m: other[m.group()], answers[i])


def negated(i: int, answers: Sequence[str], _: Sequence[str]) -> str:
    for pattern, put in ((r"\bis\b", "is not"), (r"\bare\b", "are not"), (r"\bhave\b", "do not have")):
        if re.search(pattern, answers[i]):
            return re.sub(pattern, put, answers[i])
    return f"There is not: {answers[i]}"


def one_more(i: int, answers: Sequence[str], _: Sequence[str]) -> str:
    return re.sub(r"\b(" + "|".join(NUMBERS[:-1]) + r")\b", lambda m: NUMBERS[NUMBERS.index(m.group()) + 1], answers[i])


def another(i: int, answers: Sequence[str], _: Sequence[str]) -> str:
    return answers[(7 * i + 31) % len(answers)]


def facts_dropped(i: int, answers: Sequence[str], _: Sequence[str]) -> str:
    words = [word for pair in (*COLOURS, *SIZES) for word in pair]
    return re.sub(r"\b(" + "|".join(words) + r") ", "", answers[i].split(". ")[0])


def told(text: str) -> Spoil:
    return lambda *_: text


SPOILS: dict[str, tuple[float, Spoil]] = {
    "as it is": (0.0, told("")),
    "one word": (1.0, told("red")),
    "empty": (1.0, told("")),
    "refusal": (1.0, told("I'm sorry, but I can't help with that.")),
    "refusal, a fifth": (0.2, told("I am not able to see the picture well enough.")),
    "negated": (1.0, negated),
    "negated, half": (0.5, negated),
    "negated, a fifth": (0.2, negated),
    "left/right": (1.0, exchanged(SIDES)),
    "all sides": (1.0, exchanged([*SIDES, *HEIGHTS])),
    "colours": (1.0, exchanged(COLOURS)),
    "colours, half": (0.5, exchanged(COLOURS)),
    "shapes": (1.0, exchanged(SHAPES)),
    "sizes": (1.0, exchanged(SIZES)),
    "numbers": (1.0, one_more),
    "echo": (1.0, lambda i, _, questions: questions[i]),
    "echo in a sentence": (1.0, lambda i, _, questions: f"You ask: {questions[i]}"),
    "echo, half": (0.5, lambda i, _, questions: questions[i]),
    "another sample's": (1.0, another),
    "another sample's, half": (0.5, another),
    "another sample's, a fifth": (0.2, another),
    "sentence appended": (1.0, lambda i, answers, _: f"{answers[i]} {DINOSAUR}"),
    "words appended": (1.0, lambda i, answers, _: f"{answers[i].rstrip('.')} and a large red dinosaur"),
    "own sentence appended": (1.0, lambda i, answers, _: f"{answers[i]} There is also a {COLOURS[i % 4][0]} house."),
    "garbage": (1.0, lambda i, *_: hashlib.sha256(str(i).encode()).hexdigest()[:12]),
    "facts dropped": (1.0, facts_dropped),
    "three words": (1.0, lambda i, answers, _: " ".join(answers[i].split()[:3])),
    "no full stop": (1.0, lambda i, answers, _: answers[i].rstrip(".")),
    "bold": (1.0, lambda i, answers, _: f"**{answers[i]}**"),
}

GATES: dict[str, Callable[..., Any]] = {
    "retained": lambda result: assert_information_retained(result, 0.9, undecided="warn"),
    "EMID 10 %": lambda result: assert_emid_below(result, "10 %", undecided="warn"),
    "EMID 0.4": lambda result: assert_emid_below(result, 0.4, undecided="warn"),
    "EMI -0.4": lambda result: assert_emi_above(result, -0.4, undecided="warn"),
    "robust": lambda result: assert_robust(result, 0.1, measures="retained, emid", undecided="warn"),
}


class Said:
    """A model that says what was prepared, for each picture and question."""

    fingerprint, ephemeral = "spoiled", True

    def __init__(self, name: str, answers: dict[tuple[str, bytes], str]):
        self.name, self.answers = name, answers

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        for i, sample in enumerate(samples):
            yield i, Response(self.answers[asked(sample)])


def asked(sample: Sample) -> tuple[str, bytes]:
    return sample.question, sample.open_image().tobytes()


def spoiled(name: str, answers: Sequence[str], questions: Sequence[str]) -> list[str]:
    share, spoil = SPOILS[name]
    hit = np.random.default_rng(SEED).random(len(answers)) < share
    return [spoil(i, answers, questions) if hit[i] else answer for i, answer in enumerate(answers)]


def verdict(gate: Callable[..., Any], result: EmidResult) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(gate(result).verdict)
        except AssertionError as error:
            return str(error).split(":")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shift", default="defocus_blur:2")
    parser.add_argument("--n", type=int, nargs="+", default=[90, 150])
    parser.add_argument("--sides", choices=("shifted", "both"), default="shifted")
    parser.add_argument("--only", choices=tuple(SPOILS), nargs="+", default=list(SPOILS))
    parser.add_argument("--quick", action="store_true", help="two of them, n = 60")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    if options.quick:
        options.n, options.only = [60], ["as it is", "left/right"]
    model, pair = models.load("tiny-llava"), encoders.load("tiny")
    pairs = scenes_dataset(300 if options.quick else 1000, stream="calibration")
    rows: list[dict[str, Any]] = []
    for n in options.n:
        clean = data.load("scenes", n)
        sets = {"clean": clean, "shifted": shifts.parse(options.shift).apply(clean, 0)}
        answers = {side: [response.text for _, response in sorted(model.respond(list(s)))] for side, s in sets.items()}
        for name in options.only:
            said = {}
            for side in ("shifted", "clean"):  # what the shift leaves as it was is answered as a clean question
                texts, questions = answers[side], [sample.question for sample in sets[side]]
                if side == "shifted" or options.sides == "both":
                    texts = spoiled(name, texts, questions)
                said |= zip(map(asked, sets[side]), texts, strict=True)
            measurer = Measurer(Said(name, said), clean, pair, calibration=pairs, permutations=0)
            result = measurer.measure(options.shift)
            found = {gate: verdict(ask, result) for gate, ask in GATES.items()}
            exact = float(result.clean.exact.value), float(result.shifted.exact.value)
            lost = exact[1] < 0.9 * exact[0]
            wrong = [gate for gate, what in found.items() if what == "PASS"] if lost else []
            rows.append({"spoiled": name, "sides": options.sides, "n": n, "exact": exact, **found, "wrong PASS": wrong})
            told_exact = f"exact {exact[0]:.2f} > {exact[1]:.2f}"
            shown = "  ".join(f"{gate} {what:9s}" for gate, what in found.items())
            print(f"{name:26s} n={n:<4d} {told_exact}  {shown}{'  WRONG' if wrong else ''}", flush=True)
    print(f"{sum(bool(row['wrong PASS']) for row in rows)} of {len(rows)} pass what is wrong")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"shift": options.shift, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
