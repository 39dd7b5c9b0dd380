"""The authors' pipeline against what their own code computed, number by number.

    EMID_REFERENCE=... python benchmarks/validity/goldens.py --out goldens.json

Needs the reference data: the authors' critic (`club_global.pt`) and goldens (`goldens/*.npz`, `*.json`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from pytest_emid.information.paper import pipeline as paper

FIELDS = {
    "mi_response_clean": "p_mi_model",
    "mi_reference_clean": "p_mi_ref",
    "emi_clean": "p_emi",
    "mi_response_shifted": "q_mi_model",
    "mi_reference_shifted": "q_mi_ref",
    "emi_shifted": "q_emi",
    "emid": "emid",
    "jsd_image": "jsd_v",
    "jsd_text": "jsd_t",
    "jsd_output_clean": "jsd_py",
    "jsd_output_shifted": "jsd_qy",
    "score": "ub",
}
INFORMATION, DIVERGENCE, SCORE = 1e-5, 1e-4, 1e-3


def tolerance(ours: str) -> float:
    """Theirs is float32: mutual information to 1e-5, divergences to 1e-4, and a sum of their roots to 1e-3."""
    return SCORE if ours.startswith("score") else DIVERGENCE if ours.startswith("jsd") else INFORMATION


def sets(arrays: dict[str, np.ndarray], side: str) -> SimpleNamespace:
    names = {"image": "xv", "text": "xt", "response": "yh", "reference": "y"}
    return SimpleNamespace(**{ours: arrays[f"{side}_{theirs}"] for ours, theirs in names.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the comparison as JSON")
    options = parser.parse_args()
    if "EMID_REFERENCE" not in os.environ:
        sys.exit("EMID_REFERENCE does not name the reference data, which this comparison needs.")
    root = Path(os.environ["EMID_REFERENCE"])
    critic = paper.load_critic(root / "club_global.pt")
    rows = []
    for file in sorted((root / "goldens").glob("*.npz")):
        arrays = dict(np.load(file))
        golden = json.loads(file.with_suffix(".json").read_text())
        clean, shifted = sets(arrays, "p"), sets(arrays, "q")
        found = paper.measure(clean, shifted, critic)
        pairs = [(ours, float(getattr(found, ours)), golden[theirs]) for ours, theirs in FIELDS.items()]
        scaled = float(paper.measure(clean, shifted, critic, entropy_scale=3.0).score)
        pairs.append(("score, entropy scale 3", scaled, golden["ub_entropy_3.0"]))
        for name, ours, theirs in pairs:
            difference = abs(ours - theirs)
            within = difference <= tolerance(name)
            rows.append({"golden": file.stem, "field": name, "ours": ours, "theirs": theirs, "within": within})
            print(f"{file.stem:16s} {name:24s} {ours:14.8f} {theirs:14.8f}  {difference:.1e} {'' if within else 'OUT'}")
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")
    if not all(row["within"] for row in rows):
        sys.exit("some numbers differ by more than they may")


if __name__ == "__main__":
    main()
