"""Which library metric sees which damage: formats of short answers, sentences that differ by a word, real answers.

    EMID_REFERENCE=... python benchmarks/validity/metric_worlds.py [--draws 100] [--n 300]

Gate: `assert_metric_retained(result, metric, 0.9)`, clusters of three. Short answers and sentences are those of
`guard_worlds.py` with a clean accuracy of .95; right answers are 1, .8 and .5 of the clean ones, and the change of
format is on the shifted side only. Real answers are LLaVA-13B v1.6's with GPT-4's as references (n = 90), damaged as in
`guard_llava.py`; without EMID_REFERENCE they are left out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from guard_worlds import FORMATS, OBJECTS, SENTENCES, SHORT, Draw, pool, short_count, short_option, words
from numpy.typing import NDArray

from pytest_emid import metrics
from pytest_emid.data import Sample
from pytest_emid.information.intervals.rates import rate_contrast, rate_retained

AT_LEAST, CLEAN, POOL = 0.9, 0.95, 3000
ASKED: dict[str, tuple[tuple[Draw, ...], tuple[str, ...]]] = {
    "mixed": (SHORT, ("exact", "contains")),
    "option": ((short_option,), ("exact", "multiple_choice")),
    "count": ((short_count,), ("exact", "numeric")),
}
OVERLAP = ("contains", "token_f1", "chrf", "bleu", "character_accuracy")
Float = NDArray[np.float64]


@cache
def value(metric: str, answer: str, reference: str, question: str = "") -> float:
    from PIL import Image

    sample = Sample("s", Image.new("RGB", (1, 1)), question or "?", reference)
    return float(metrics.library_metric(metric)(answer, [reference], sample))


def verdict(clean: Float, shifted: Float, clusters: NDArray[np.intp]) -> str:
    found = rate_contrast(clean, shifted, AT_LEAST, clusters)
    return "PASS" if found.low > 0 else "FAIL" if found.high < 0 else "UNDECIDED"


def cell(
    name: str, draws: Sequence[Draw], asked: Sequence[str], dress: Callable[[str, int], str], n: int, k: int
) -> None:
    items, clusters = pool(draws, POOL, 1), np.arange(n) // 3
    for metric in asked:
        shown = []
        for ratio in (1.0, 0.8, 0.5):
            rng, counts = np.random.default_rng([n, int(10 * ratio)]), {"PASS": 0, "FAIL": 0, "UNDECIDED": 0}
            for _ in range(k):
                chosen = [items[i] for i in rng.integers(POOL, size=n)]
                right = rng.random(n) < CLEAN
                still = right & (rng.random(n) < ratio)
                a, b = (
                    np.array(
                        [
                            value(metric, dressed(x.right if ok else x.wrong, i), x.reference, x.question)
                            for i, (x, ok) in enumerate(zip(chosen, side, strict=True))
                        ]
                    )
                    for side, dressed in ((right, lambda text, _: text), (still, dress))
                )
                counts[verdict(a, b, clusters)] += 1
            shown.append("/".join(f"{count / k:.2f}" for count in counts.values()))
        print(f"{name:32}{metric:20}{shown[0]:>18}{shown[1]:>18}{shown[2]:>18}", flush=True)


def real(root: Path) -> None:
    from guard_llava import COLOURS, FALSE, MODEL, NOUNS, NUMBERS, lines, not_so, swapped

    from pytest_emid.information.facts.polarity import sentences

    questions = lines(root / "questions" / "coco_questions.jsonl")
    truth = {row["question_id"]: row["text"] for row in lines(root / "questions" / "coco_answers_gpt4.jsonl")}
    ids = [row["question_id"] for row in questions]
    _, pictures = np.unique([row["image"] for row in questions], return_inverse=True)

    def answers(scenario: str) -> list[str]:
        name = f"llava_bench_coco{scenario and '_'}{scenario}_{MODEL}.jsonl"
        given = {row["question_id"]: row["text"] for row in lines(root / "responses" / name)}
        return [given[i] for i in ids]

    clean, rng = answers(""), np.random.default_rng(0)

    def part(texts: Sequence[str], share: float) -> list[str]:
        hit = rng.random(len(clean)) < share
        return [new if h else old for new, old, h in zip(texts, clean, hit, strict=True)]

    def others(same: bool) -> list[str]:
        options = [
            [j for j in range(len(clean)) if j != i and (pictures[j] == pictures[i]) is np.bool_(same)]
            for i in range(len(clean))
        ]
        return [clean[int(rng.choice(option))] for option in options]

    negated = [not_so(text) for text in clean]
    damaged = {
        "negated, 20 %": part(negated, 0.2),
        "negated, 50 %": part(negated, 0.5),
        "negated, all": negated,
        "number words wrong": [swapped(text, NUMBERS, rng) for text in clean],
        "colours wrong": [swapped(text, COLOURS, rng) for text in clean],
        "nouns wrong": [swapped(text, NOUNS, rng, OBJECTS) for text in clean],
        "first sentence only": [sentences(text)[0].strip() for text in clean],
        "a false sentence appended to all": [text + FALSE for text in clean],
        "another question's answer, 50 %": part(others(True), 0.5),
        "another picture's answer, 20 %": part(others(False), 0.2),
        "another picture's answer, 50 %": part(others(False), 0.5),
        "refusal, 20 %": part(["I'm sorry, I cannot help with that."] * len(clean), 0.2),
        "real: defocus_blur_5": answers("defocus_blur_5"),
        "real: KeyboardAug_3": answers("KeyboardAug_3"),
    }
    references = [truth[i] for i in ids]
    asked = OVERLAP[1:]
    print(f"{'real answers, n = 90':34}" + "".join(f"{metric:>26}" for metric in asked))
    scores = {
        metric: np.array([value(metric, *pair) for pair in zip(clean, references, strict=True)]) for metric in asked
    }
    print(f"{'clean, mean':34}" + "".join(f"{scores[metric].mean():>26.2f}" for metric in asked), flush=True)
    for name, texts in damaged.items():
        shown = []
        for metric in asked:
            told = np.array([value(metric, *pair) for pair in zip(texts, references, strict=True)])
            kept = rate_retained(scores[metric], told, pictures)
            shown.append(f"{kept.value:.2f} {verdict(scores[metric], told, pictures)}")
        print(f"{name:34}" + "".join(f"{text:>26}" for text in shown), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--n", type=int, default=300)
    options = parser.parse_args()
    if "EMID_REFERENCE" in os.environ:
        real(Path(os.environ["EMID_REFERENCE"]) / "llavabench")
    titles = words("1 .8 .5")
    print(f"{'PASS/FAIL/UNDECIDED at a ratio of':52}" + "".join(f"{title:>18}" for title in titles))
    plain = {"as it was": lambda text, _: text}
    for kind, (draws, asked) in ASKED.items():
        for name, dress in {**plain, **FORMATS}.items():
            cell(f"{kind}: {name}", draws, asked, dress, options.n, options.draws)
    for kind, draws in SENTENCES.items():
        cell(f"sentences: {kind}", draws, OVERLAP[1:], plain["as it was"], options.n, options.draws)


if __name__ == "__main__":
    main()
