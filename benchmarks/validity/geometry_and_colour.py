"""Shifts of geometry, colour and light beside albumentations, on the same photographs: how far apart the results are.

    pip install albumentations opencv-python-headless scikit-image
    python benchmarks/validity/geometry_and_colour.py --out peers.json

Photographs are those inside scikit-image's wheel, reduced to 224 x 224. Per shift and severity: the mean absolute
difference (0..255) between the two implementations at equal parameters, over all photographs; 0.5 is rounding.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytest_emid import shifts
from pytest_emid.shifts.geometry import frame, resolution
from pytest_emid.shifts.light import colours

PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "motorcycle_left.png")
Peer = Callable[[Any, int], list[Any]]
"""A picture and a severity to what the other library makes: one result, or one for each way that ours may draw."""


def photographs() -> list[Image.Image]:
    from importlib.resources import files

    folder = files("skimage") / "data"
    opened = (Image.open(str(folder / name)).convert("RGB") for name in PHOTOGRAPHS)
    return [image.resize((224, 224), Image.Resampling.LANCZOS) for image in opened]


def peers() -> dict[str, Peer]:
    import albumentations as a
    import cv2

    def once(transform: Any) -> Callable[[Any], list[Any]]:
        return lambda image: [transform(image=image)["image"]]

    def rotated(image: Any, level: int) -> list[Any]:
        angle = frame.ROTATION[level - 1]
        return [
            a.Rotate(limit=(sign * angle, sign * angle), interpolation=cv2.INTER_LINEAR, p=1)(image=image)["image"]
            for sign in (1, -1)
        ]

    def shrunk(image: Any, level: int) -> list[Any]:
        side = round(224 / resolution.DOWNSAMPLE[level - 1])
        few = cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST)
        return [cv2.resize(few, (224, 224), interpolation=cv2.INTER_NEAREST)]

    def padded(image: Any, level: int) -> list[Any]:
        side = round(224 * frame.PAD[level - 1])
        small = a.Resize(side, side, interpolation=cv2.INTER_AREA)(image=image)["image"]
        made = a.PadIfNeeded(224, 224, border_mode=cv2.BORDER_CONSTANT, fill=0, p=1)(image=small)["image"]
        return [made]

    grey = a.ToGray(method="weighted_average", p=1)
    flat = a.Equalize(mode="pil", by_channels=True, p=1)

    def blended(transform: Any) -> Peer:
        def peer(image: Any, level: int) -> list[Any]:
            share = colours.SHARES[level - 1]
            return [(1 - share) * image + share * transform(image=image)["image"].astype(float)]

        return peer

    return {
        "rotation": rotated,
        "pad": padded,
        "flip": lambda image, level: once(a.HorizontalFlip(p=1))(image),
        "downsample": shrunk,
        "greyscale": blended(grey),
        "equalise": blended(flat),
        "invert": lambda image, level: once(a.Solarize(threshold_range=(colours.INVERT[level - 1] / 255,) * 2, p=1))(
            image
        ),
        "posterise": lambda image, level: once(a.Posterize(num_bits=colours.POSTERISE[level - 1], p=1))(image),
        "autocontrast": lambda image, level: once(a.AutoContrast(method="pil", cutoff=0, p=1))(image),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures here")
    options = parser.parse_args()
    table = {}
    for name, peer in peers().items():
        levels = []
        for shift in shifts.visual(name):
            apart = []
            for index, image in enumerate(photographs()):
                ours = np.asarray(shift.apply_image(image, 0, str(index)), float)
                theirs = peer(np.array(image), shift.severity or 1)
                apart.append(min(float(np.abs(ours - np.asarray(one, float)).mean()) for one in theirs))
            levels.append(round(float(np.mean(apart)), 2))
        table[name] = levels
        print(f"| `{name}` | {' '.join(f'{value:.2f}' for value in levels)} |", flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
