"""Robustness against clean accuracy, by arm, from the numbers of `experiment.py`.

    python benchmarks/training/figure.py --numbers docs/figures/training.json --out docs/figures/training.svg

Needs matplotlib (`pip install 'pytest-emid[plots]'`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "figures"))

from matplotlib import pyplot as plt
from style import LOOKS, WIDTH

PANELS = {"visual": "unseen shifts of pictures", "textual": "unseen shifts of questions", "seen": "seen shifts"}
MARKERS = "osD^vPX*"


def draw(numbers: dict[str, Any], path: Path) -> None:
    figure, panels = plt.subplots(1, len(PANELS), figsize=(WIDTH, 3.4))
    for axes, (group, title) in zip(panels, PANELS.items(), strict=True):
        for i, (arm, found) in enumerate(numbers["arms"].items()):
            colour = "#444444" if arm == "start" else LOOKS[i % len(LOOKS)][0]
            x, y = found["clean"], found[group]
            axes.errorbar(
                100 * x["mean"],
                100 * y["mean"],
                xerr=_reach(x),
                yerr=_reach(y),
                color=colour,
                marker=MARKERS[i],
                mfc="white" if i >= len(LOOKS) else colour,
                linestyle="",
                linewidth=0.9,
                label=arm,
            )
        axes.set_title(title, loc="left")
        axes.set_xlabel("exact answers, clean (%)")
    panels[0].set_ylabel("exact answers, shifted (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, columnspacing=1.2)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _reach(found: dict[str, float]) -> float | None:
    return 100 * found["error"] if "error" in found else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    draw(json.loads(options.numbers.read_text()), options.out)
    print(f"drawn: {options.out}")


if __name__ == "__main__":
    main()
