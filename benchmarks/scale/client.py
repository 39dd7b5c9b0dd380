"""CPU time of the asking side, for each request: drawing a shift, PNG, and the client; and what is sent.

    python benchmarks/scale/client.py --out client.json

Pictures of 640 x 480 (smooth random fields with fine grain, which compress about as photographs do). The server is a
process of its own; times are CPU seconds of this process, so that they hold on a busy machine, too.
"""

from __future__ import annotations

import argparse
import json
import platform
import runpy
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytest_emid import Dataset, Sample, models, shifts
from pytest_emid.models.server.content import png

CLUSTER = runpy.run_path(str(Path(__file__).parent / "cluster.py"))
SHIFTS = ("defocus_blur:3", "frost:3", "gaussian_noise:3", "jpeg_compression:3")


def picture(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    field = Image.fromarray(rng.integers(0, 256, (15, 20, 3), dtype=np.uint8)).resize(
        (640, 480), Image.Resampling.BICUBIC
    )
    grain = rng.normal(0.0, 2.0, (480, 640, 3))
    return Image.fromarray(np.clip(np.asarray(field) + grain, 0, 255).astype(np.uint8))


def cpu(work: Callable[[Sample], Any], samples: Sequence[Sample]) -> float:
    """CPU milliseconds of one call, each with another sample."""
    work(samples[0])
    began = time.process_time()
    for sample in samples[1:]:
        work(sample)
    return round(1000 * (time.process_time() - began) / (len(samples) - 1), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    data = Dataset("photos", [Sample(f"p{i}", picture(i), f"What is number {i}?", "A field.") for i in range(30)])
    shifted = {name: shifts.parse(name).apply(data, 0) for name in SHIFTS}
    found: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    found["png_ms"] = cpu(lambda sample: png(sample.open_image()), data)
    found["png_bytes"] = {"clean": len(png(data[0].open_image()))}
    found["shift_ms"] = {}
    for name, other in shifted.items():
        found["shift_ms"][name] = cpu(lambda sample: sample.open_image(), other)
        found["png_bytes"][name] = len(png(other[1].open_image()))
    small = [Sample(f"s{i}", Image.new("RGB", (8, 8), (i % 256, 0, 0)), f"{i}?", "x") for i in range(options.requests)]
    with tempfile.TemporaryDirectory() as folder, CLUSTER["serving"](Path(folder), "server") as url:
        model = models.load("openai:recollection", base_url=[url], revision="1", concurrency=16)
        list(model.respond(small[:20]))
        began = time.process_time()
        list(model.respond(small))
        found["request_ms"] = round(1000 * (time.process_time() - began) / len(small), 2)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
