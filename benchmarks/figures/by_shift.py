"""Exact answers of the built-in models under every family beyond ImageNet-C: where they break, with pictures.

    python benchmarks/figures/by_shift.py --out docs/figures/by_shift.json
    python benchmarks/figures/by_shift.py --out docs/figures/by_shift.json --redraw     # from the numbers alone

Needs matplotlib (`pip install 'pytest-emid[plots]'`). Numbers go to `--out`, the picture sheet beside it, the table to
the terminal. Intervals are 95 %, clustered by picture.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pytest_emid import metrics, models, shifts
from pytest_emid.data import scenes_dataset
from pytest_emid.data.dataset import Dataset
from pytest_emid.information.intervals.means import mean_interval
from pytest_emid.shifts.builtin import BUILTIN

ORDERS = ("option_rotation", "option_shuffle", "picture_last")
"""Scenes have no options, and the template of the built-in models puts the picture first, whatever is asked."""
NAMES = [
    name
    for name, entry in BUILTIN.items()
    if ".corruptions." not in entry.module
    and (entry.modality == "visual" or entry.kind in ("wording", "order"))
    and name not in ORDERS
]
SHOWN = 12
"""Shifts in the sheet of pictures: those that cost most at the middle one of the severities."""


def accuracy(model: Any, dataset: Dataset) -> list[float]:
    samples = list(dataset)
    answers = {position: response.text for position, response in model.respond(samples)}
    right = [metrics.exact(answers[i], sample.accepted, sample) for i, sample in enumerate(samples)]
    found = mean_interval(right, [s.cluster_id for s in samples], 0.95, support=(0.0, 1.0), unit="fraction")
    return [round(float(value), 4) for value in (found.value, found.low, found.high)]


def measure(names: list[str], severities: list[int], who: list[str], n: int, seed: int) -> dict[str, Any]:
    dataset = scenes_dataset(n, seed)
    asked = {name: models.load(name) for name in who}
    clean = {name: accuracy(model, dataset) for name, model in asked.items()}
    rows = []
    for family in names:
        listed = shifts.visual if BUILTIN[family].modality == "visual" else shifts.textual
        for shift in (one for one in listed(family) if one.severity in (None, *severities)):
            shifted = shift.apply(dataset, seed)
            about = {"family": family, "kind": BUILTIN[family].kind, "severity": shift.severity}
            rows += [{"model": name, **about, "accuracy": accuracy(model, shifted)} for name, model in asked.items()]
            print(shift, [row["accuracy"][0] for row in rows[-len(asked) :]], flush=True)
    return {"n": n, "seed": seed, "severities": severities, "clean": clean, "rows": rows}


def table(found: dict[str, Any]) -> str:
    """A row a family: exact answers of every model at the severities, or once."""
    who = list(found["clean"])
    lines = [f"| kind | shift | {' | '.join(f'`{name}`' for name in who)} |", "| --- " * (2 + len(who)) + "|"]
    clean = " | ".join(f"{value:.2f}" for value, _, _ in found["clean"].values())
    lines.append(f"| | clean | {clean} |")
    for family in dict.fromkeys(row["family"] for row in found["rows"]):
        own = [row for row in found["rows"] if row["family"] == family]
        cells = [" ".join(f"{row['accuracy'][0]:.2f}" for row in own if row["model"] == name) for name in who]
        lines.append(f"| {own[0]['kind']} | `{family}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(found: dict[str, Any], path: Path) -> None:
    """One picture under the shifts that cost most at the middle level, with what is left of the answers."""
    import style
    from matplotlib import pyplot as plt

    level = found["severities"][len(found["severities"]) // 2]
    visual = [row for row in found["rows"] if BUILTIN[row["family"]].modality == "visual" and row["severity"] == level]
    by_family: dict[str, dict[str, float]] = {}
    for row in visual:
        by_family.setdefault(row["family"], {})[row["model"]] = row["accuracy"][0]
    worst = sorted(by_family, key=lambda family: sum(by_family[family].values()))[:SHOWN]
    dataset = scenes_dataset(found["n"], found["seed"])
    figure, grid = plt.subplots(3, 4, figsize=(style.WIDTH, 7.2))
    for axes, family in zip(grid.flat, worst, strict=False):
        shifted = shifts.parse(f"{family}:{level}").apply(dataset, found["seed"])
        axes.imshow(shifted[0].open_image(), interpolation="nearest")
        left = ", ".join(f"{value:.2f}" for value in by_family[family].values())
        axes.set_title(f"{family}:{level}\n{left}", fontsize=8)
        axes.axis("off")
    figure.savefig(path, dpi=90)
    plt.close(figure)
    print(f"drawn: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="JSON of the numbers; the picture is written beside it")
    parser.add_argument("--redraw", action="store_true", help="measure nothing: take the numbers that --out holds")
    parser.add_argument("--models", nargs="+", default=["tiny-llava", "tiny-llava-robust"])
    parser.add_argument("--families", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--severities", nargs="+", type=int, default=[1, 3, 5])
    parser.add_argument("--n", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.redraw:
        found = json.loads(options.out.read_text())
    else:
        found = measure(options.families, options.severities, options.models, options.n, options.seed)
        rows = ",\n".join(json.dumps(row) for row in found["rows"])
        head = json.dumps({key: value for key, value in found.items() if key != "rows"})
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(f'{head[:-1]}, "rows": [\n{rows}\n]}}\n')
    print(table(found))
    draw(found, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
