"""Figures of the documentation from real runs: performance against severity, and EMID against its bounds.

    python benchmarks/figures/run.py --out docs/figures/numbers.json
    python benchmarks/figures/run.py --out docs/figures/numbers.json --redraw     # from the numbers alone

Needs matplotlib (`pip install 'pytest-emid[plots]'`). Numbers go to `--out`, figures beside it, tables to the terminal.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import against_bound
import severity
import tables
from measured import correlations, measure

MODELS = ("tiny-llava", "tiny-llava-robust")
FAMILIES = ("defocus_blur", "frost", "fog", "keyboard", "synonym", "word_delete")
SUITES = ("scenes-synthetic", "scenes-natural")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="JSON of the numbers; figures are written beside it")
    parser.add_argument("--redraw", action="store_true", help="measure nothing: take the numbers that --out holds")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--families", nargs="*", default=FAMILIES, help="shifts that are measured by severity")
    parser.add_argument("--severities", nargs="+", type=int, default=(1, 2, 3, 4, 5), help="those severities")
    parser.add_argument("--suites", nargs="*", default=SUITES, help="suites of scenarios")
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="keep answers here between runs")
    parser.add_argument("--format", default="svg", choices=("svg", "png"))
    options = parser.parse_args()
    if options.redraw:
        numbers = json.loads(options.out.read_text())
    else:
        numbers = measure(options)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        rows = ",\n".join(json.dumps(row) for row in numbers["rows"])
        head = json.dumps({key: value for key, value in numbers.items() if key != "rows"})
        options.out.write_text(f'{head[:-1]}, "rows": [\n{rows}\n]}}\n')  # one scenario a line
    numbers["correlations"] = correlations(numbers["rows"])
    folder = options.out.parent
    for kind, name in (("V", "visual"), ("T", "textual")):
        _tell(severity.draw(numbers, kind, path := folder / f"severity_{name}.{options.format}"), path)
    for suite in SUITES:
        name = suite.removeprefix("scenes-")
        _tell(against_bound.draw(numbers, suite, path := folder / f"bound_{name}.{options.format}"), path)
    print(tables.accuracy(numbers), tables.correlations(numbers), sep="\n\n")


def _tell(drawn: bool, path: Path) -> None:
    if drawn:
        print(f"drawn: {path}")


if __name__ == "__main__":
    main()
