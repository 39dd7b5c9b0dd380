"""False blocks on what a text reader answered, clean and shifted (see `guards.py`): exact match tells the truth there.

`ocr.json` holds `samples` (id, cluster, question, reference) and `sets` (shift to `answers`, `exact`, `characters`),
`ocr.npz` the embeddings of calibration questions and references: `<encoder>/calibration/question` and `.../reference`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from guards import SEED, Encoder, Fitted, Gate, Told, summary

from pytest_emid.information.answers import answer_key, one_wording

KEPT = 0.95


def spaceless(text: str) -> str:
    """Texts that differ by white space only are one."""
    return answer_key("".join(text.split()))


def read_texts(encoder: Encoder, folder: Path | None, draws: int) -> list[dict[str, Any]]:
    """Every shift read once, in the wording of the answers and in one wording for what is equal without spaces.

    Where at least `KEPT` of the exact answers are kept, pictures are drawn with replacement, too: there every verdict
    that a guard withholds is a false block.
    """
    if folder is None or not (folder / "ocr.json").is_file():
        sys.exit(f"--ocr: {folder} holds no ocr.json; without it there are no texts to check")
    found = json.loads((folder / "ocr.json").read_text("utf-8"))
    with np.load(folder / "ocr.npz") as kept:
        known = [kept[f"{encoder.name}/calibration/{part}"].astype(np.float64) for part in ("reference", "question")]
    fitted = Fitted.on(*known)
    samples = found["samples"]
    clusters = np.array([sample["cluster"] for sample in samples])
    questions = encoder([sample["question"] for sample in samples])
    given = [sample["reference"] for sample in samples]
    first = found["sets"]["clean"]
    rows = []
    for name, key in (("as read", answer_key), ("without spaces", spaceless)):
        references = one_wording(given, given, key=key)
        clean = one_wording([text or "-" for text in first["answers"]], references, key=key)
        y, told = encoder(references), Told.of(clean, references, encoder)
        gate = Gate(fitted, y, questions, told, clusters)
        members = [np.flatnonzero(clusters == cluster) for cluster in dict.fromkeys(clusters)]
        for shift, answered in found["sets"].items():
            if shift == "clean":
                continue
            started = time.time()
            texts = one_wording([text or "-" for text in answered["answers"]], references, clean, key=key)
            shifted = Told.of(texts, references, encoder, clean)
            read = gate.read(shifted)
            kept_share = {
                part: float(np.mean(answered[part]) / np.mean(first[part])) for part in ("exact", "characters")
            }
            label = f"OCR {name}: {shift} ({kept_share['exact']:.2f} exact, {kept_share['characters']:.2f} characters)"
            rows.append(summary(label, encoder.name, len(samples), [read], started) | kept_share)
            if kept_share["exact"] >= KEPT and draws > 1:
                started, reads = time.time(), []
                for k in range(draws):
                    chosen = np.random.default_rng([SEED, k]).integers(len(members), size=len(members))
                    at = np.concatenate([members[i] for i in chosen])
                    copies = np.repeat(np.arange(len(chosen)), [len(members[i]) for i in chosen])
                    again = Gate(fitted, y[at], questions[at], told.at(at), copies)
                    reads.append(again.read(shifted.at(at)))
                rows.append(
                    summary(f"  drawn, {name}: {shift}", encoder.name, len(samples), reads, started) | kept_share
                )
    passed = [row for row in rows if row["draws"] == 1 and row["direct PASS"] == 1.0]
    print(f"  withheld: {sum(row['PASS'] < 1.0 for row in passed)} of {len(passed)} that the direct form passes")
    return rows
