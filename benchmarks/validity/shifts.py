"""How far each visual shift takes photographs from clean, beside imagecorruptions, and how far ours is from theirs.

    python benchmarks/validity/shifts.py --json shifts.json

Needs scikit-image (for the photographs inside its wheel) and imagecorruptions; benchmarks/speed/shifts.py says how to
install the latter. Photographs are reduced to 224 x 224. Per corruption and severity, over all photographs and seeds:
the mean absolute difference from clean (0..255), 1 - structural similarity to clean, and, for corruptions without
randomness, the mean absolute difference between the two implementations.
"""

from __future__ import annotations

import argparse
import io
import json
import warnings
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytest_emid import shifts
from pytest_emid.shifts.builtin import BUILTIN

PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "motorcycle_left.png")
FIXED = (
    *("brightness", "defocus_blur", "zoom_blur", "gaussian_blur"),
    *("contrast", "saturate", "pixelate", "jpeg_compression"),
)
"""The corruptions without randomness."""


def photographs() -> list[Image.Image]:
    folder = resources.files("skimage") / "data"
    opened = (Image.open(io.BytesIO((folder / name).read_bytes())).convert("RGB") for name in PHOTOGRAPHS)
    return [image.resize((224, 224), Image.Resampling.LANCZOS) for image in opened]


def dissimilarity(a: np.ndarray, b: np.ndarray) -> float:
    from skimage.metrics import structural_similarity

    return 1 - float(structural_similarity(a, b, channel_axis=2))


def measure(seeds: int) -> dict[str, Any]:
    import imagecorruptions

    pictures = [(str(index), image, np.asarray(image)) for index, image in enumerate(photographs())]
    table: dict[str, Any] = {}
    for name in (n for n in shifts.names("visual") if ".corruptions." in BUILTIN[n].module):
        rows: dict[str, list[float]] = {}
        for shift in shifts.visual(name):
            found: dict[str, list[float]] = {}
            for key, image, clean in pictures:
                for seed in range(1 if name in FIXED else seeds):
                    np.random.seed(seed)  # the only seed that the other package has
                    theirs = imagecorruptions.corrupt(clean, corruption_name=name, severity=shift.severity)
                    made = {"ours": np.asarray(shift.apply_image(image, seed, key)), "theirs": theirs.astype(np.uint8)}
                    for who, picture in made.items():
                        error = np.abs(picture.astype(float) - clean).mean()
                        found.setdefault(f"{who}_mean_absolute_difference", []).append(float(error))
                        found.setdefault(f"{who}_dissimilarity", []).append(dissimilarity(picture, clean))
                    if name in FIXED:
                        between = np.abs(made["ours"].astype(float) - made["theirs"]).mean()
                        found.setdefault("between", []).append(float(between))
            for key, values in found.items():
                rows.setdefault(key, []).append(round(float(np.mean(values)), 4))
        table[name] = rows
        print(markdown(name, rows), flush=True)
    return {"photographs": list(PHOTOGRAPHS), "seeds": seeds, "by_severity": table}


def markdown(name: str, rows: dict[str, list[float]]) -> str:
    def cell(key: str, digits: int) -> str:
        return " ".join(f"{value:.{digits}f}" for value in rows[key]) if key in rows else "random"

    columns = [
        *(cell(f"{who}_mean_absolute_difference", 1) for who in ("ours", "theirs")),
        *(cell(f"{who}_dissimilarity", 2) for who in ("ours", "theirs")),
        cell("between", 2),
    ]
    return f"| `{name}` | {' | '.join(columns)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="draws per photograph of what is random")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the other package's
    result = measure(options.seeds)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
