"""The gate with its guards on recorded answers of LLaVA-13B v1.6, as they are and damaged by hand (see `guards.py`)."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from guard_worlds import OBJECTS, words
from guards import Encoder, Fitted, Gate, Told, mixed, summary

from pytest_emid.information.facts import negated
from pytest_emid.information.facts.polarity import sentences
from pytest_emid.information.guards.contradictions import blind_spots, contrast_kept, falsified_contrast, reach_of

MODEL = "llava-v1.6-vicuna-13b"
MILD = ("defocus_blur_1", "frost_1", "defocus_blur_3", "frost_3", "sr_4", "KeyboardAug_1")
SEVERE = ("defocus_blur_5", "frost_5", "sr_7", "KeyboardAug_3")
# Not the rules of the guard: what it must see is not made by itself.
NEGATIONS = (
    (r"\bis\b", "is not"),
    (r"\bare\b", "are not"),
    (r"\bhas\b", "does not have"),
    (r"\bhave\b", "do not have"),
    (r"\bcan\b", "cannot"),
    (r"\bcould\b", "could not"),
    (r"\bmay\b", "may not"),
    (r"\bshows\b", "does not show"),
    (r"\bappears\b", "does not appear"),
    (r"\bsuggests\b", "does not suggest"),
    (r"\bwas\b", "was not"),
    (r"\bwould\b", "would not"),
)
COLOURS = words("red blue green yellow black white brown gray grey orange pink purple silver")
NUMBERS = words("one two three four five six seven eight nine ten")
NOUNS = words(
    "man woman men women people person boy girl dog cat train bus car truck motorcycle bicycle table chair plate "
    "sandwich pizza horse bird tree street kitchen room suitcase bed surfboard kite giraffe elephant umbrella"
)
FALSE = " There is also a large red dinosaur in the foreground of the image."


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def not_so(text: str) -> str:
    for pattern, replacement in NEGATIONS:
        text = re.sub(pattern, replacement, text)
    return text


def swapped(text: str, among: Sequence[str], rng: np.random.Generator, others: Sequence[str] | None = None) -> str:
    def other(m: re.Match[str]) -> str:
        options = [word for word in others or among if word != m.group().lower()]
        word = options[int(rng.integers(len(options)))]
        return word.capitalize() if m.group()[0].isupper() else word

    return re.sub(r"\b(" + "|".join(among) + r")\b", other, text, flags=re.IGNORECASE)


def one_negated(text: str, rng: np.random.Generator) -> str:
    parts = sentences(text)
    for i in rng.permutation(len(parts)):
        turned = negated(parts[i], "en")
        if turned:
            return "".join([*parts[:i], turned, *parts[i + 1 :]])
    return text


def real_answers(encoder: Encoder, draws: int, score: str = "all") -> list[dict[str, Any]]:
    """Every cell on the 90 questions; shares of damage are drawn, real shifts are read once."""
    if "EMID_REFERENCE" not in os.environ:
        sys.exit("set EMID_REFERENCE to the folder with the reference data; without it there are no recorded answers")
    root = Path(os.environ["EMID_REFERENCE"]) / "llavabench"
    questions = lines(root / "questions" / "coco_questions.jsonl")
    by_id = {row["question_id"]: row["text"] for row in lines(root / "questions" / "coco_answers_gpt4.jsonl")}
    ids = [row["question_id"] for row in questions]
    pictures = np.array([row["image"] for row in questions])
    categories = [row["category"] for row in questions]
    references = [by_id[i] for i in ids]

    def answers(scenario: str) -> list[str]:
        name = f"llava_bench_coco{scenario and '_'}{scenario}_{MODEL}.jsonl"
        given = {row["question_id"]: row["text"] for row in lines(root / "responses" / name)}
        return [given[i] for i in ids]

    clean = answers("")
    n = len(clean)
    y, t = encoder(references), encoder([row["text"] for row in questions])
    gate = Gate(Fitted.on(y, t, pictures), y, t, Told.of(clean, references, encoder), pictures)
    encoder.save()
    reach = reach_of(clean, references, encoder)
    print("  sees: " + ", ".join(f"{r.kind} {r.flagged:.0%} of {r.falsified} ({r.present:.0%} of refs)" for r in reach))
    print(f"  blind spots: {', '.join(blind_spots(reach)) or 'none'}")
    false = falsified_contrast(clean, references, encoder)
    found = gate.clean.found
    rates = {kind: round(float(flags.mean()), 3) for kind, flags in found.by_kind.items()}
    print(f"  clean answers that contradict: {rates}, any {found.any.mean():.3f}", flush=True)
    rows = []

    def cell(name: str, make: Callable[[np.random.Generator], Told], times: int) -> None:
        started, told = time.time(), [make(np.random.default_rng([7, k])) for k in range(times)]
        row = summary(f"LLaVA: {name}", encoder.name, n, [gate.read(one, score) for one in told], started)
        kinds = {k: float(np.mean([x.found.by_kind[k].mean() for x in told])) - rates[k] for k in rates}
        kept = float(np.mean([contrast_kept(found, one.found, false) for one in told]))
        row |= {"rise": kinds, "contrast kept": kept}
        print(
            "      " + ", ".join(f"{k} {v:+.3f}" for k, v in kinds.items()) + f"; contrast kept {kept:.2f}", flush=True
        )
        rows.append(row)

    def damaged(name: str, texts: Sequence[str], shares: Sequence[float] = (1.0,)) -> None:
        """Shares of the answers that the damage changes."""
        told = Told.of(texts, references, encoder, clean)
        encoder.save()
        hit = np.flatnonzero([a != b for a, b in zip(texts, clean, strict=True)])

        for share in shares:

            def drawn(rng: np.random.Generator, share: float = share) -> Told:
                first = np.zeros(n, dtype=np.bool_)
                first[rng.permutation(hit)[: round(share * len(hit))]] = True
                return mixed(told, gate.clean, first)

            cell(f"{name}, {share * len(hit) / n:.0%} of answers", drawn, draws if share < 1.0 else 1)

    rng = np.random.default_rng(0)
    damaged("negated", [not_so(text) for text in clean], (0.1, 0.2, 0.5, 1.0))
    damaged("number words wrong", [swapped(text, NUMBERS, rng) for text in clean], (0.35, 0.5, 1.0))
    damaged("colours wrong", [swapped(text, COLOURS, rng) for text in clean], (0.35, 0.5, 1.0))
    for scenario in (*MILD, *SEVERE):
        damaged(f"real {scenario}", answers(scenario))
    damaged("one sentence of each negated", [one_negated(text, rng) for text in clean])
    damaged("nouns wrong", [swapped(text, NOUNS, rng, OBJECTS) for text in clean], (0.2, 0.5, 1.0))
    damaged("first sentence only", [sentences(text)[0].strip() for text in clean])
    damaged("the same false sentence appended", [text + FALSE for text in clean])
    damaged("said twice", [f"{text} {text}" for text in clean])
    same = [np.flatnonzero((pictures == pictures[i]) & (np.arange(n) != i)) for i in range(n)]
    apart = [np.flatnonzero((pictures != pictures[i]) & (np.array(categories) == categories[i])) for i in range(n)]
    for name, others in (("answer to another question", same), ("answer about another picture", apart)):
        damaged(name, [clean[int(rng.choice(others[i]))] for i in range(n)], (0.1, 0.2, 0.5))
    encoder.save()
    return rows
