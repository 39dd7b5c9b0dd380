"""How much of a picture each visual shift damages, by severity: the table in docs/appendix/shifts_severity.md.

    python benchmarks/validity/severity.py --out severity.json          # photographs where scikit-image is installed
    python benchmarks/validity/severity.py --out severity.json --write  # table to docs/appendix/shifts_severity.md
    python benchmarks/validity/severity.py --out severity.json --encoder paper   # with the distance in CLIP

Per shift and severity, the mean over the photographs inside scikit-image's wheel, reduced to 224 x 224, and over
built-in scenes of 64 x 64: 1 - structural similarity to clean (Wang et al., 2004; 7 x 7 windows on grey values), and
1 - cosine in an image encoder where one is named. A level that does not damage more than the one below is marked `!`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, features

from pytest_emid import shifts
from pytest_emid.data.scenes.scene import draw, generator, scene
from pytest_emid.shifts.pictures import apply_in_mode

PAGE = Path(__file__).resolve().parents[2] / "docs/appendix/shifts_severity.md"
BEGIN, END = "<!-- severity: benchmarks/validity/severity.py -->\n", "<!-- severity end -->\n"
WRITTEN = "The square is blue."
"""What shifts that write on pictures write here."""


def photographs() -> list[Image.Image]:
    """None where scikit-image is not installed."""
    import io
    from importlib.resources import files

    try:
        folder = files("skimage") / "data"
    except ImportError:
        return []
    names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "motorcycle_left.png")
    opened = (Image.open(io.BytesIO((folder / name).read_bytes())).convert("RGB") for name in names)
    return [image.resize((224, 224), Image.Resampling.LANCZOS) for image in opened]


def scenes(n: int) -> list[Image.Image]:
    return [draw(scene(generator(0, "severity", index))) for index in range(n)]


def dissimilarity(before: Image.Image, after: Image.Image, window: int = 7) -> float:
    """1 - mean structural similarity of grey values."""
    from scipy.ndimage import uniform_filter

    a, b = (np.asarray(picture.convert("L"), np.float64) for picture in (before, after))
    mean_a, mean_b, aa, bb, ab = (uniform_filter(x, window) for x in (a, b, a * a, b * b, a * b))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * (ab - mean_a * mean_b) + c2)
    similarity = top / ((mean_a**2 + mean_b**2 + c1) * (aa - mean_a**2 + bb - mean_b**2 + c2))
    inside = slice(window // 2, -(window // 2))
    return float(1 - similarity[inside, inside].mean())


def measure(sets: dict[str, list[Image.Image]], encoder: Any) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name in shifts.names("visual"):
        if name == "avif" and not features.check("avif"):
            continue
        writes = shifts.get(name).writes is not None
        rows: dict[str, list[float]] = {}
        for shift in shifts.visual(name):
            (part,) = shift.components
            for which, pictures in sets.items():
                made = [
                    apply_in_mode(part, shifts.get(name), picture, 0, str(i), WRITTEN if writes else None)
                    for i, picture in enumerate(pictures)
                ]
                found = [dissimilarity(a, b) for a, b in zip(pictures, made, strict=True)]
                rows.setdefault(which, []).append(round(float(np.mean(found)), 4))
                if encoder is not None:
                    before, after = (encoder.encode(images) for images in (pictures, made))
                    away = 1 - (np.asarray(before) * np.asarray(after)).sum(1).mean()
                    rows.setdefault(f"{which}, {encoder.name}", []).append(round(float(away), 4))
        table[name] = rows
        print(line(name, rows), flush=True)
    return table


def line(name: str, rows: dict[str, list[float]]) -> str:
    return f"| `{name}` | {' | '.join(cell(values) for values in rows.values())} |"


def cell(values: list[float]) -> str:
    """Two digits each, `!` behind a level that damages no more than the one below."""
    below = [float("-inf"), *values]
    return " ".join(f"{value:.2f}{'' if value > low else '!'}" for low, value in zip(below, values, strict=False))


def markdown(table: dict[str, Any]) -> str:
    """Without what the built-in encoder sees in photographs: it knows scenes alone."""
    columns = [column for column in next(iter(table.values())) if not column.startswith("photographs, tiny")]
    head = [f"| shift | {' | '.join(columns)} |", "| --- " * (1 + len(columns)) + "|"]
    rows = [line(name, {column: rows[column] for column in columns}) for name, rows in table.items()]
    return "\n".join([*head, *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="JSON of the numbers")
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--encoder", help="encoders, as --emid-encoders takes them: paper, tiny, ...")
    parser.add_argument("--write", action="store_true", help="put the table into docs/appendix/shifts_severity.md")
    parser.add_argument("--rewrite", action="store_true", help="the same from the numbers in --out; measure nothing")
    options = parser.parse_args()
    encoder = None
    if options.encoder is not None:
        from pytest_emid import encoders

        encoder = encoders.load(options.encoder).image
    sets = {"photographs": photographs(), "scenes": scenes(options.scenes)}
    if options.rewrite:
        table = json.loads(options.out.read_text(encoding="utf-8"))
    else:
        table = measure({which: pictures for which, pictures in sets.items() if pictures}, encoder)
        options.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    if options.write or options.rewrite:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{markdown(table)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
