"""Exact answers of a built-in model in every language and every domain of scenes.

python benchmarks/validity/accuracy.py --model tiny-llava --n 300 --out accuracy.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pytest_emid import models
from pytest_emid.data import scenes_dataset

LANGUAGES = ("en", "de", "zh", "ko", "el", "ar", "hi")
DOMAINS = ("training", "easy", "normal", "hard")
SETS = [*((language, "training") for language in LANGUAGES), *(("en", domain) for domain in DOMAINS[1:])]
"""Every language in the training domain, and every domain in English."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny-llava")
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    model = models.load(options.model)
    rows = []
    for language, domain in SETS:
        dataset = scenes_dataset(options.n, language=language, domain=domain)
        answers = dict(model.respond(list(dataset)))
        exact = sum(answers[i].text == sample.reference for i, sample in enumerate(dataset)) / len(dataset)
        rows.append({"language": language, "domain": domain, "n": len(dataset), "exact": exact})
        print(f"{language} {domain:8} {exact:.3f}", flush=True)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"model": model.name, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
