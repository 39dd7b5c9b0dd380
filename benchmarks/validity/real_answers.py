"""Reference information on recorded answers of LLaVA-13B models to LLaVA-Bench (COCO), where data is at hand.

    EMID_REFERENCE=<folder> python benchmarks/validity/real_answers.py --out real_answers.json

90 questions on 30 pictures with references by GPT-4, and the paper's 34 synthetic shifts. No truth is known, only an
order: a shift that is at least as severe in pictures and in questions should lose more, and style alone should cost
little. No disjoint references exist, so the whitening is fitted on the tested ones (each picture left out of its own
regression). Intervals are clustered by picture.

Without `--encoders` texts are embedded as bags of words: a random 384-dimensional vector a word, weighted by its
rarity in the references. It needs no weights, and it is the hardest case for style. `--encoders` takes any text
encoder that the package loads.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import styles
from numpy.typing import NDArray

from pytest_emid.information.answers import one_wording
from pytest_emid.information.companions import cosine_to_reference
from pytest_emid.information.intervals.means import paired_interval, retained_interval
from pytest_emid.information.reference.direct import direct, reliability_of
from pytest_emid.information.reference.whitening import Whitening

Float = NDArray[np.float64]
VISUAL = ("defocus_blur", "frost")
TEXTUAL = ("sr", "KeyboardAug")
LEVELS = {"defocus_blur": (1, 3, 5), "frost": (1, 3, 5), "sr": (4, 7), "KeyboardAug": (1, 3)}
STYLES = {**styles.STYLES, "synonyms": styles.synonyms}


@dataclass(frozen=True)
class Synthetic:
    """One of the 34 synthetic scenarios of the paper; level 0 leaves a modality clean."""

    visual: str
    sees: int
    textual: str
    reads: int

    @property
    def name(self) -> str:
        seen = f"{self.visual}_{self.sees}" if self.sees else ""
        read = f"{self.textual}_{self.reads}" if self.reads else ""
        return f"{seen}{'_' if seen and read else ''}{read}"


SCENARIOS = [
    Synthetic(visual, sees, textual, reads)
    for visual in VISUAL
    for sees in (0, *LEVELS[visual])
    for textual in TEXTUAL
    for reads in (0, *LEVELS[textual])
]
SHIFTS = list(dict.fromkeys(scenario.name for scenario in SCENARIOS if scenario.name))


def in_order(losses: Mapping[str, float]) -> tuple[int, int]:
    """How many pairs of scenarios lose more where the shift is stronger, and how many such pairs there are.

    A pair counts where one scenario is at least as severe as the other in both modalities, of the same kinds, and
    more severe in one; clean data loses nothing.
    """
    pairs = {
        (a.name, b.name)
        for a in SCENARIOS
        for b in SCENARIOS
        if (a.visual, a.textual) == (b.visual, b.textual) and a != b and a.sees <= b.sees and a.reads <= b.reads
    }
    known = {"": 0.0, **losses}
    return sum(known[a] < known[b] for a, b in pairs), len(pairs)


class Words:
    """Bags of words, weighted by rarity."""

    def __init__(self, texts: Sequence[str], d: int = 384):
        self.d, self.n = d, len(texts)
        self.seen = Counter(word for text in texts for word in set(self.split(text)))
        self.vectors: dict[str, Float] = {}

    @staticmethod
    def split(text: str) -> list[str]:
        return re.findall(r"[a-z]+|\d+", text.lower())

    def encode(self, texts: Sequence[str]) -> Float:
        rows = np.zeros((len(texts), self.d))
        for row, text in zip(rows, texts, strict=True):
            for word in self.split(text):
                if word not in self.vectors:
                    rng = np.random.default_rng(zlib.crc32(word.encode()))
                    self.vectors[word] = rng.normal(size=self.d) / math.sqrt(self.d)
                row += self.vectors[word] * math.log((self.n + 1) / (1 + self.seen.get(word, 0)))
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=["llava-v1.5-13b", "llava-v1.6-vicuna-13b"])
    parser.add_argument("--encoders", help="a text encoder, as `pytest_emid.encoders.load` takes it")
    parser.add_argument("--out", type=Path, help="write all rows as JSON")
    options = parser.parse_args()
    if "EMID_REFERENCE" not in os.environ:
        sys.exit("set EMID_REFERENCE to the folder with the reference data; without it there is nothing to check")
    root = Path(os.environ["EMID_REFERENCE"]) / "llavabench"
    questions = lines(root / "questions" / "coco_questions.jsonl")
    by_id = {row["question_id"]: str(row["text"]) for row in lines(root / "questions" / "coco_answers_gpt4.jsonl")}
    ids = [row["question_id"] for row in questions]
    pictures = [str(row["image"]) for row in questions]
    references = [by_id[i] for i in ids]
    if options.encoders:
        from pytest_emid import encoders

        encode = encoders.load(options.encoders).text.encode
    else:
        encode = Words(references).encode
    reference, text = encode(references), encode([str(row["text"]) for row in questions])
    whitening = Whitening.fit(reference, text, clusters=pictures)
    rows: list[dict[str, object]] = []
    orders: list[dict[str, object]] = []
    for model in options.models:

        def answers(scenario: str, model: str = model) -> list[str]:
            name = f"llava_bench_coco{scenario and '_'}{scenario}_{model}.jsonl"
            given = {row["question_id"]: str(row["text"]) for row in lines(root / "responses" / name)}
            return [given[i] for i in ids]

        texts = answers("")
        clean = encode(texts)
        arguments = (reference, text)
        reliability = reliability_of(whitening, clean, *arguments, clusters=pictures)
        first = direct(whitening, clean, *arguments, reliability=reliability, clusters=pictures)
        first_cosine = cosine_to_reference(clean, reference)
        print(f"\n{model}: clean reference information {first.mean():.3f}")
        sets = {name: answers(name) for name in SHIFTS}
        sets |= {f"style: {name}": [change(answer) for answer in texts] for name, change in STYLES.items()}
        losses: dict[str, dict[str, float]] = {"direct": {}, "cosine": {}}
        for name, shifted in sets.items():
            response = encode(one_wording(shifted, references, texts))  # as a measurement does
            second = direct(whitening, response, *arguments, reliability=reliability, clusters=pictures)
            kept = retained_interval(first, second, pictures)
            lost = paired_interval(first, second, pictures)
            cosine = paired_interval(first_cosine, cosine_to_reference(response, reference), pictures)
            print(
                f"  {name:30s} retained {kept.value:.2f} [{kept.low:.2f}, {kept.high:.2f}]"
                f"   t: information {_t(lost.value, lost.se)}, cosine {_t(cosine.value, cosine.se)}",
                flush=True,
            )
            losses["direct"][name], losses["cosine"][name] = lost.value, cosine.value
            rows.append(
                {
                    "model": model,
                    "scenario": name,
                    "retained": kept.to_dict(),
                    "lost": lost.to_dict(),
                    "cosine_drop": cosine.to_dict(),
                }
            )
        published = json.loads((root / "published_results" / f"SYNTHETIC-ALL-{model}.json").read_text("utf-8"))
        losses["published EMID (the authors')"] = {
            name.removeprefix("llava_bench_coco_"): value for name, value in published["EMID"].items()
        }
        for name, found in losses.items():
            right, pairs = in_order({shift: found[shift] for shift in SHIFTS})
            print(f"  {name}: {right} of {pairs} ordered pairs of scenarios in order ({right / pairs:.2f})", flush=True)
            orders.append({"model": model, "statistic": name, "in_order": right, "pairs": pairs})
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(
            json.dumps({"encoders": options.encoders or "bag of words", "rows": rows, "orders": orders}, indent=1)
        )


def _t(value: float, se: float) -> str:
    return f"{value / se:5.1f}" if se > 0 else "    -"


if __name__ == "__main__":
    main()
