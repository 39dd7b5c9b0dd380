"""How many pictures per second each visual shift makes, on one thread, beside imagecorruptions where it is installed.

    python benchmarks/speed/shifts.py --json shifts.json

imagecorruptions is optional: without it only this package is measured. Its release 1.1.2 fails on current numpy for
three corruptions, so install its repository's head, with numba and a setuptools that still has pkg_resources:

    pip install "setuptools<82" numba scikit-image opencv-python-headless
    pip install git+https://github.com/bethgelab/imagecorruptions

Both are called the way a user calls them, whole pictures in and out, turn by turn in one process, so that what else
the machine does falls on both. Time is CPU time of the process; of several rounds the fastest counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_threads] = "1"  # before numpy is imported

import numpy as np  # noqa: E402
import PIL  # noqa: E402
import scipy  # noqa: E402
from PIL import Image, features  # noqa: E402

from pytest_emid import shifts  # noqa: E402
from pytest_emid.data.scenes.scene import draw, generator, scene  # noqa: E402
from pytest_emid.shifts.builtin import BUILTIN  # noqa: E402
from pytest_emid.shifts.pictures import apply_in_mode  # noqa: E402
from pytest_emid.version import __version__  # noqa: E402


def picture(side: int) -> Image.Image:
    """A scene over fractal clouds: edges, flat places and detail of every size, as in a photograph."""
    rng = np.random.default_rng(0)
    total = np.zeros((side, side, 3), np.float32)
    for octave in range(7):
        cells = 2 ** (octave + 1)
        coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float32) * 0.6**octave
    clouds = Image.fromarray((total / total.max() * 255).astype(np.uint8))
    shapes = draw(scene(generator(0, "benchmark"), count=3)).resize((side, side), Image.Resampling.BICUBIC)
    return Image.blend(clouds, shapes, 0.5)


def peer() -> tuple[Callable[[Any, str, int], Any], str] | None:
    """imagecorruptions as `(picture, name, severity) -> picture`, and its version; None when it is not installed."""
    try:
        import cv2
        import imagecorruptions
    except ImportError:
        return None
    cv2.setNumThreads(1)
    version = getattr(imagecorruptions, "__version__", "") or "1.1.2"

    def call(array: Any, name: str, severity: int) -> Any:
        return imagecorruptions.corrupt(array, corruption_name=name, severity=severity)

    return call, f"imagecorruptions {version} (numpy {np.__version__}, opencv {cv2.__version__})"


def rate(call: Callable[[], Any], seconds: float) -> float:
    """Calls per CPU second."""
    calls, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        call()
        calls += 1
    return calls / spent


def measure(side: int, seconds: float, rounds: int) -> dict[str, Any]:
    image = picture(side)
    array = np.asarray(image)
    other = peer()
    table: dict[str, dict[str, list[float]]] = {}
    for name in shifts.names("visual"):
        rows: dict[str, list[float]] = {"ours": []}
        definition, known = shifts.get(name), ".corruptions." in BUILTIN[name].module
        text = "The square is blue." if definition.writes else None
        if name == "avif" and not features.check("avif"):
            continue
        for shift in shifts.visual(name):
            best: dict[str, float] = {}
            (part,) = shift.components

            def ours(part: Any = part, definition: Any = definition, text: str | None = text) -> Any:
                return apply_in_mode(part, definition, image, 0, "", text)

            ours()  # frost grows its textures and scipy is imported once per process
            for _ in range(rounds):
                best["ours"] = max(best.get("ours", 0.0), rate(ours, seconds))
                if other is not None and known:
                    severity = shift.severity
                    theirs = rate(lambda n=name, s=severity: other[0](array, n, s), seconds)
                    best["peer"] = max(best.get("peer", 0.0), theirs)
            for who, value in best.items():
                rows.setdefault(who, []).append(round(value, 1))
        table[name] = rows
        print(f"{name:18}", *(f"{who} {min(v):8.0f}..{max(v):<8.0f}" for who, v in rows.items()), flush=True)
    return {
        "side": side,
        "images_per_cpu_second_by_severity": table,
        "ours": f"pytest-emid {__version__}",
        "peer": other[1] if other is not None else None,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "pillow": PIL.__version__,
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=224, help="height and width of the picture")
    parser.add_argument("--seconds", type=float, default=0.1, help="CPU time per shift, severity and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-least", type=float, default=60.0, help="exit with 1 when one of ours is slower than this")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    result = measure(options.side, options.seconds, options.rounds)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    table = result["images_per_cpu_second_by_severity"]
    slow = [name for name, rows in table.items() if min(rows["ours"]) < options.at_least]
    behind = [
        f"{name}:{level}"
        for name, rows in table.items()
        for level, (ours, theirs) in enumerate(zip(rows["ours"], rows.get("peer", []), strict=False), start=1)
        if ours < theirs
    ]
    print(f"below {options.at_least:g} images per second: {', '.join(slow) or 'none'}")
    if result["peer"]:
        print(f"slower than {result['peer']}: {', '.join(behind) or 'none'}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
